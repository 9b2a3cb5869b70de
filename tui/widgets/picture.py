"""A picture on the screen."""

import asyncio
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from sessions.text import plain
from tui.graphics import Graphics, graphics

if TYPE_CHECKING:
    from tui.widgets.pixels import Drawn

_WRAPPER = Console(width=80, color_system=None)


class _Wish(NamedTuple):
    content: bytes
    size: Size
    graphics: Graphics
    few_colours: bool

    @property
    def is_drawable(self) -> bool:
        return bool(self.content and self.size)


class PictureView(Widget):
    """Draws one picture as large as fits, in its proportions, or a note in its place.

    It is read and drawn on a thread, when the widget is first seen and when picture or size have changed.
    """

    class Painted(Message):
        """Another picture is to be seen, or none that could be drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"picture--note"}

    def __init__(self) -> None:
        super().__init__()
        self._content = b""
        self._note = ""
        self._wish: _Wish | None = None
        self._drawing = False
        self._drawn: Drawn | None = None
        self._fault = ""

    def show(self, content: bytes, note: str = "") -> None:
        """Show the picture of this content (an encoded file), or the note if there is none."""
        if content is not self._content or note != self._note:
            self._content, self._note = content, note
            if content and self._drawn:
                self._follow()  # the picture before stays until this one is drawn
            else:
                self.refresh()

    @property
    def pixels(self) -> tuple[int, int] | None:
        """Width and height of the picture itself, once it is drawn."""
        return self._drawn.pixels if self._drawn and self._content else None

    def on_unmount(self) -> None:
        self._put(None, "")

    def render_lines(self, crop: Region) -> list[Strip]:
        self._follow()
        lines = super().render_lines(crop)
        if sixels := self._sixels(crop):
            lines[-1] = Strip([*lines[-1], sixels], lines[-1].cell_length)
        return lines

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        style = self.rich_style
        lines = self._drawn.lines if self._drawn and self._content and not self._fault else self._note_lines()
        y -= max(0, height - len(lines)) // 2
        if not 0 <= y < len(lines):
            return Strip.blank(width, style)
        line = lines[y]
        left = max(0, width - line.cell_length) // 2
        return Strip.join([Strip.blank(left, style), line]).adjust_cell_length(width, style)

    def _follow(self) -> None:
        """Have drawn what is to be seen now, if that is not what has been drawn last."""
        few_colours = bool(getattr(self.app, "low_bandwidth", False))
        wish = _Wish(self._content, self.size, graphics(low_bandwidth=few_colours), few_colours)
        if wish == self._wish:
            return
        self._wish = wish
        if not self._drawing and wish.is_drawable:
            self._drawing = True
            self.run_worker(self._draw(wish))

    async def _draw(self, wish: _Wish) -> None:
        """Draw until nothing else is wanted: of sizes that change fast only the last matters."""
        while True:
            drawn = await asyncio.to_thread(_drawn, wish)
            self._put(*((None, drawn) if isinstance(drawn, str) else (drawn, "")))
            if self._wish is None or self._wish == wish or not self._wish.is_drawable:
                break
            wish = self._wish
        self._drawing = False

    def _put(self, drawn: "Drawn | None", fault: str) -> None:
        if self._drawn and self._drawn.kitty:
            from tui.widgets.pixels import release  # noqa: PLC0415 - it is there, for it has drawn

            release(self._drawn)
        self._drawn, self._fault = drawn, fault
        self.refresh()
        self.post_message(self.Painted())

    def _note_lines(self) -> list[Strip]:
        style = self.get_component_rich_style("picture--note")
        note = Text(plain(self._fault if self._content else self._note))
        lines = note.wrap(_WRAPPER, max(1, self.size.width))
        return [Strip([Segment(line.plain, style)]) for line in lines]

    def _sixels(self, crop: Region) -> Segment | None:
        """What paints the picture over its lines, where they are all in sight and nothing is in front."""
        drawn = self._drawn
        if not (drawn and drawn.sixels and self._content) or self.app.screen is not self.screen:
            return None
        if crop.size != self.outer_size:
            return None
        place = self.content_region
        left = place.x + max(0, place.width - drawn.width) // 2
        top = place.y + max(0, place.height - len(drawn.lines)) // 2
        begin, end = Control.move_to(left, top), Control.move_to(place.right, place.bottom - 1)
        return Segment(f"{begin}{drawn.sixels}{end}", Style.null(), [(ControlType.CURSOR_FORWARD, 0)])


def _drawn(wish: _Wish) -> "Drawn | str":
    """Return the picture drawn, or in a line why it cannot be."""
    from tui.widgets.pixels import Unreadable, draw  # noqa: PLC0415 - slow to import, and so on the thread

    try:
        return draw(wish.content, *wish.size, wish.graphics, few_colours=wish.few_colours)
    except Unreadable as error:
        return str(error)
