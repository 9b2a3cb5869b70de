"""A picture with a line that tells its prompt, its size and what it took."""

from textual.containers import Vertical

from sessions.state.snapshot import Picture
from sessions.text import one_line
from tui.widgets.line import Line
from tui.widgets.picture import PictureView
from tui.words import milliseconds

_SHORTEST = 8
"""Characters of a prompt."""


class Captioned(Vertical):
    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        self._view = PictureView()
        self._caption = Line()
        super().__init__(self._view, self._caption, id=id)
        self._shown: tuple[Picture, str] | None = None

    def show(self, picture: Picture, number: int, total: int) -> None:
        """Show the picture, or why it is not there. It has this number of so many."""
        self._shown = picture, f"{number}/{total} "
        self._view.show(picture.content, note_of(picture))
        self._tell()

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell)

    def on_picture_view_painted(self) -> None:
        self._tell()

    def _tell(self) -> None:
        if self._shown is None:
            return
        picture, place = self._shown
        known = f" {_facts(picture, self._view.pixels)}"
        room = self._caption.size.width - len(place) - len(known)
        prompt = one_line(picture.prompt, max(_SHORTEST, room))
        self._caption.show((place, "aside"), (prompt, "strong"), (known, "aside"))


def note_of(picture: Picture) -> str:
    """What to tell in the place of a picture that is not there."""
    if picture.phase == "waiting":
        return f"waiting {picture.seconds or 0.0:.0f} s"
    return f"! {one_line(picture.message, 200)}"


def _facts(picture: Picture, pixels: tuple[int, int] | None) -> str:
    """`1024x1024 · 61 kB · 1.2 s`, as far as it is known. `pixels`: as they were found in the picture."""
    if not picture.content:
        return ""
    sides = pixels or (picture.width, picture.height)
    size = [f"{sides[0]}x{sides[1]}"] if all(sides) else []
    weight = [f"{len(picture.content) / 1000:.0f} kB"]
    seconds = [] if picture.seconds is None else [milliseconds(picture.seconds)]
    return " · ".join([*size, *weight, *seconds])
