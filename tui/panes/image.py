"""The pane of a session that makes pictures."""

import asyncio
from typing import cast

from textual.containers import Vertical
from textual.events import Click
from textual.widget import Widget

from sessions.live.actions import Save
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, Picture, SessionView
from sessions.text import one_line
from tui.panes.pane import Deck, Pane
from tui.widgets.captioned import Captioned, note_of
from tui.widgets.line_log import LineLog
from tui.widgets.picture import PictureView
from tui.words import milliseconds


class ImagePane(Pane):
    TITLE = "Image"
    EMPTY = "What you type becomes a picture. {gallery} shows all of them, {save} saves the one in sight."
    PLACEHOLDER = "Describe a picture and press Enter"

    chosen = ""
    """The picture to show, by name; the latest if empty."""

    def make_log(self) -> Widget:
        return Vertical(Captioned(), LineLog(self.invitation), classes="pictures")

    def show(self, view: SessionView, deck: DeckView) -> None:
        super().show(view, deck)
        self.set_class(bool(view.pictures), "painted")
        if picture := self.shown:
            self.query_one(Captioned).show(picture, view.pictures.index(picture) + 1, len(view.pictures))

    def show_log(self, view: SessionView, fault: tuple[Entry, ...]) -> None:
        shown = self.shown
        at = None if shown is None or fault else view.pictures.index(shown)
        entries = tuple(_entry(picture, picture is shown) for picture in view.pictures)
        self.log_view.show(view.log, entries + fault, at)

    def state(self, view: SessionView) -> str:
        # Without the seconds, which the list tells: with its frame the whole pane is painted anew.
        return "painting" if any(picture.phase == "waiting" for picture in view.pictures) else view.phase

    def text(self) -> str:
        """The prompt of the picture that was chosen, or else all."""
        pictures = self.view.pictures if self.view else ()
        chosen = [picture.prompt for picture in pictures if picture.name == self.chosen]
        return "\n".join(chosen or [picture.prompt for picture in pictures])

    @property
    def shown(self) -> Picture | None:
        """The picture in sight: the one chosen, or the latest that has come, or whatever there is."""
        pictures = self.view.pictures if self.view else ()
        chosen = [picture for picture in pictures if picture.name == self.chosen]
        come = [picture for picture in pictures if picture.content]
        return next(iter((*chosen, *come[-1:], *pictures[-1:])), None)

    def choose(self, name: str) -> None:
        """Show this one from now on; if it is the latest, then what comes after it too."""
        self.chosen = ""
        if self.shown and self.shown.name != name:
            self.chosen = name
        if self.view and self.deck:
            self.show(self.view, self.deck)

    async def say(self, text: str) -> None:
        self.chosen = ""
        await super().say(text)

    async def save_picture(self, picture: Picture) -> None:
        await self.do(Save(cast(Deck, self.app).save_into, picture=picture.name))

    async def open_picture(self, picture: Picture) -> None:
        """Open it in the system's viewer, and tell the user where it is."""
        from tui.viewer import open_outside  # noqa: PLC0415 - when first wanted

        if not picture.content:
            self.say_to_user(note_of(picture), warning=True)
            return
        try:
            said = await asyncio.to_thread(open_outside, picture.content)
        except OSError as error:
            why = (error.strerror or "no").lower()
            self.say_to_user(f"the picture cannot be written into a file to open: {why}", warning=True)
        else:
            self.say_to_user(said)

    async def on_click(self, event: Click) -> None:
        if isinstance(event.widget, PictureView):
            self.action_gallery()

    async def action_save(self) -> None:
        if picture := self._picture():
            await self.save_picture(picture)

    async def action_open_picture(self) -> None:
        if picture := self._picture():
            await self.open_picture(picture)

    def action_edit_prompt(self) -> None:
        if self.prompt and (picture := self._picture()):
            self.prompt.take_up(picture.prompt)
            self.prompt.focus()

    def action_step_picture(self, step: int) -> None:
        if self.view and (picture := self._picture()):
            at = self.view.pictures.index(picture) + step
            self.choose(self.view.pictures[max(0, min(len(self.view.pictures) - 1, at))].name)

    def action_scroll_log(self, direction: int) -> None:
        self.action_step_picture(direction)

    def action_gallery(self) -> None:
        from tui.screens.gallery import GalleryScreen  # noqa: PLC0415 - when first opened

        if self.deck and self._picture():
            self.app.push_screen(GalleryScreen(self, self.deck))

    def _picture(self) -> Picture | None:
        """The picture in sight; if there is none, the user is told."""
        if self.shown is None:
            self.say_to_user("there is no picture yet", warning=True)
        return self.shown


def _entry(picture: Picture, is_shown: bool) -> Entry:
    prompt = one_line(picture.prompt, 200)
    done = milliseconds(picture.seconds) if picture.content and picture.seconds is not None else ""
    return Entry(
        "speech", prompt, remark=done or note_of(picture), mark=(0, len(prompt)) if is_shown else None
    )
