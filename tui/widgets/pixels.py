"""A provider's picture, read with care, as lines of the terminal. Slow to import, and meant for a thread."""

import io
import logging
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy
import PIL.Image
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.graphics import Graphics

if TYPE_CHECKING:
    from textual_image.renderable import SixelImage, TGPImage

logger = logging.getLogger(__name__)

MOST_PIXELS = 50_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
_FEW_COLOURS = 32
"""They take half of the bytes (measured)."""
_MOST_CELLS = 297
"""Cells of a side that Kitty's placeholders can number."""
_PLACEHOLDER = "\U0010eeee"
_CELL = (24, 48)
"""Pixels of the largest cell that is likely; more of them than it has would be work for nothing."""

_one_at_a_time = threading.Lock()
"""A picture may take 200 MB while it is read."""


class Unreadable(Exception):
    """The message is one line."""


@dataclass(frozen=True)
class Drawn:
    """A picture that fills whole cells. All lines are of one width."""

    lines: list[Strip]
    pixels: tuple[int, int]
    """Width and height of the original."""
    sixels: str = ""
    """To be written over the lines, from their upper left corner."""
    kitty: int = 0
    """The number under which the terminal keeps it until it is told to `release` it."""

    @property
    def width(self) -> int:
        return self.lines[0].cell_length


def draw(content: bytes, width: int, height: int, graphics: Graphics, *, few_colours: bool) -> Drawn:
    """Draw the picture as large as fits into so many cells. Raises Unreadable."""
    width, height = min(width, _MOST_CELLS), min(height, _MOST_CELLS)
    with _one_at_a_time:
        picture, pixels = _read(content, (width * _CELL[0], height * _CELL[1]))
        match graphics:
            case "kitty":
                return _for_kitty(picture, pixels, width, height)
            case "sixel":
                return _in_sixels(picture, pixels, width, height)
            case "half blocks":
                return Drawn(
                    _half_blocks(picture, *_fit(pixels, width, height), few_colours=few_colours), pixels
                )


def release(drawn: Drawn) -> None:
    """Have the terminal forget the picture.

    The library's own clean-up names it by a key that means something else, and takes all off the screen.
    """
    if drawn.kitty and sys.__stdout__:
        sys.__stdout__.write(f"\x1b_Ga=d,d=I,i={drawn.kitty},q=2\x1b\\")
        sys.__stdout__.flush()


def _read(content: bytes, enough: tuple[int, int]) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the picture, made smaller where it is larger than enough, and its own size."""
    try:
        opened = PIL.Image.open(io.BytesIO(content), formats=_FORMATS)
        pixels = opened.size
        if pixels[0] * pixels[1] > MOST_PIXELS:
            raise PIL.Image.DecompressionBombError
        opened.draft("RGB", enough)
        picture = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
        picture.thumbnail(enough)
        if picture.mode == "RGBA":
            black = PIL.Image.new("RGBA", picture.size, "black")
            picture = PIL.Image.alpha_composite(black, picture).convert("RGB")
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise Unreadable("the picture has too many pixels to be drawn here") from None
    except Exception as error:  # Pillow's readers raise whatever a broken file brings about
        logger.info("a picture cannot be read: %r", error)
        raise Unreadable("the picture cannot be read") from None
    return picture, pixels


def _fit(pixels: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return the most columns and lines with the picture's proportions; a cell is twice as high as wide."""
    ratio = pixels[0] / pixels[1]
    columns = max(1, min(width, round(height * 2 * ratio)))
    return columns, max(1, min(height, round(columns / ratio / 2)))


def _half_blocks(picture: PIL.Image.Image, columns: int, lines: int, *, few_colours: bool) -> list[Strip]:
    """Two pixels a cell, one above the other."""
    small = picture.resize((columns, lines * 2), PIL.Image.Resampling.LANCZOS)
    if few_colours:
        small = small.quantize(_FEW_COLOURS, dither=PIL.Image.Dither.NONE).convert("RGB")
    rows = numpy.asarray(small).tolist()
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [_line(zip(above, below, strict=True), columns) for above, below in pairs]


def _line(cells: Iterable[tuple[list[int], list[int]]], columns: int) -> Strip:
    segments = []
    for (above, below), run in groupby(cells):
        style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
        segments.append(Segment("▀" * len(list(run)), style))
    return Strip(segments, columns)


def _for_kitty(picture: PIL.Image.Image, pixels: tuple[int, int], width: int, height: int) -> Drawn:
    """Send the picture to the terminal, and return the placeholders in whose place it shows it."""
    from textual_image.renderable import TGPImage  # noqa: PLC0415 - only where the terminal has been asked

    image = TGPImage(picture, "auto", "auto")
    lines = [
        Strip([Segment(segment.text.rstrip("\n"), segment.style)], segment.text.count(_PLACEHOLDER))
        for segment in _rendered(image, width, height)
    ]
    return Drawn(lines, pixels, kitty=image.terminal_image_id or 0)


def _in_sixels(picture: PIL.Image.Image, pixels: tuple[int, int], width: int, height: int) -> Drawn:
    """Sixels, and under them half blocks, which show where something has wiped the sixels away."""
    from textual_image.renderable import SixelImage  # noqa: PLC0415 - as above

    segments = _rendered(SixelImage(picture, "auto", "auto"), width, height)
    blank = [segment.text for segment in segments if segment.control is None]
    (sixels,) = (segment.text for segment in segments if segment.text.startswith("\x1bP"))
    lines = _half_blocks(picture, len(blank[0].rstrip("\n")), len(blank), few_colours=False)
    return Drawn(lines, pixels, sixels)


def _rendered(image: "TGPImage | SixelImage", width: int, height: int) -> list[Segment]:
    console = Console(width=width, height=height, file=io.StringIO())
    return list(console.render(image, console.options.update_dimensions(width, height)))
