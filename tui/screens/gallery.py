"""The gallery: all pictures of a session in a grid, and one of them at full size."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, Vertical, VerticalScroll
from textual.events import Click
from textual.geometry import Region
from textual.message import Message

from sessions.state.snapshot import DeckView, Picture
from sessions.text import one_line
from tui.screens.live import LiveScreen
from tui.widgets.captioned import Captioned, note_of
from tui.widgets.line import Line
from tui.widgets.picture import PictureView

if TYPE_CHECKING:
    from tui.panes.image import ImagePane

NARROWEST = 24
"""Columns of a small picture."""


class Thumbnail(Vertical):
    """A small picture with its prompt."""

    class Chosen(Message):
        def __init__(self, name: str, *, twice: bool) -> None:
            super().__init__()
            self.name, self.twice = name, twice

    def __init__(self, picture: Picture) -> None:
        self._view = PictureView()
        self._caption = Line()
        super().__init__(self._view, self._caption)
        self.shown = picture

    def show(self, picture: Picture, *, chosen: bool) -> None:
        self.shown = picture
        self._view.show(picture.content, note_of(picture))
        self._caption.set_class(chosen, "chosen")
        self._caption.show((f"{'▸' if chosen else ' '} {one_line(picture.prompt, 60)}", ""))

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Chosen(self.shown.name, twice=event.chain > 1))


class GalleryScreen(LiveScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,pageup", "step(-1)", show=False),
        Binding("right,pagedown", "step(1)", show=False),
        Binding("up", "row(-1)", show=False),
        Binding("down", "row(1)", show=False),
        Binding("home", "step(-1_000_000)", show=False),
        Binding("end", "step(1_000_000)", show=False),
        Binding("enter", "whole", show=False),
        Binding("s", "save", show=False),
        Binding("o", "open", show=False),
        Binding("escape", "back", show=False),
    ]

    def __init__(self, pane: "ImagePane", view: DeckView) -> None:
        super().__init__()
        self._pane, self._view = pane, view
        self._chosen = pane.shown.name if pane.shown else ""
        self._pictures: tuple[Picture, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(id="gallery") as box:
            box.border_title = "Pictures"
            with VerticalScroll(id="thumbnails", can_focus=False):
                yield ItemGrid(min_column_width=NARROWEST)
            yield Captioned(id="whole")

    def on_mount(self) -> None:
        self._tell_keys()
        self.show(self._view)

    def show(self, view: DeckView) -> None:
        session = next((one for one in view.sessions if one.name == self._pane.session), None)
        if session is None or not session.pictures:
            self.dismiss()
            return
        self._pictures = session.pictures
        if self._at is None:
            self._chosen = self._pictures[-1].name
        self._draw()

    @property
    def _at(self) -> int | None:
        """The place of the picture that is chosen."""
        return next((at for at, picture in enumerate(self._pictures) if picture.name == self._chosen), None)

    @property
    def picture(self) -> Picture:
        """The one that is chosen."""
        return self._pictures[self._at or 0]

    def _draw(self) -> None:
        if self.has_class("whole"):
            captioned = self.query_one("#whole", Captioned)
            captioned.show(self.picture, (self._at or 0) + 1, len(self._pictures))
        else:
            self._draw_all()

    def _tell_keys(self) -> None:
        keys = "←→ choose · Enter all" if self.has_class("whole") else "←→↑↓ choose · Enter full size"
        self.query_one("#gallery").border_subtitle = f"{keys} · s save · o open · Esc back"

    def _draw_all(self) -> None:
        there = {thumbnail.shown.name: thumbnail for thumbnail in self.query(Thumbnail)}
        new = {picture.name: Thumbnail(picture) for picture in self._pictures if picture.name not in there}
        if new:
            self.query_one(ItemGrid).mount_all(new.values())
        for picture in self._pictures:
            thumbnail = there.pop(picture.name, None) or new[picture.name]
            thumbnail.show(picture, chosen=picture.name == self._chosen)
        for forgotten in there.values():
            forgotten.remove()

    def _choose(self, name: str) -> None:
        self._chosen = name
        self._draw()
        for thumbnail in self.query(Thumbnail):
            if thumbnail.shown.name == name:
                thumbnail.scroll_visible(animate=False)

    def on_thumbnail_chosen(self, event: Thumbnail.Chosen) -> None:
        self._choose(event.name)
        if event.twice:
            self.action_whole()

    def action_step(self, step: int) -> None:
        at = (self._at or 0) + step
        self._choose(self._pictures[max(0, min(len(self._pictures) - 1, at))].name)

    def action_row(self, step: int) -> None:
        """Go a line up or down; where there is none, stay."""
        thumbnails = {thumbnail.shown.name: thumbnail.virtual_region for thumbnail in self.query(Thumbnail)}
        if self.has_class("whole") or self._chosen not in thumbnails:
            return
        here = thumbnails[self._chosen]
        beyond = {name: place for name, place in thumbnails.items() if (place.y - here.y) * step > 0}
        if beyond:
            self._choose(min(beyond, key=lambda name: _distance(here, beyond[name])))

    def action_whole(self) -> None:
        """Show the one chosen at full size, or all again."""
        self.toggle_class("whole")
        self._tell_keys()
        self._draw()

    async def action_save(self) -> None:
        await self._pane.save_picture(self.picture)

    async def action_open(self) -> None:
        await self._pane.open_picture(self.picture)

    def action_back(self) -> None:
        if self.has_class("whole"):
            self.action_whole()
        else:
            self._pane.choose(self._chosen)
            self.dismiss()


def _distance(one: Region, other: Region) -> tuple[int, int]:
    return abs(one.y - other.y), abs(one.x - other.x)
