"""The inspector: the frames of one session, both ways, as they pass over the wire."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from sessions.state.frame_list import Sieve
from sessions.state.frame_text import as_record, as_text
from sessions.state.frames import Reader
from sessions.state.journal import Direction, WireFrame
from sessions.state.snapshot import DeckView, SessionView
from sessions.text import one_line
from tui.screens.live import LiveScreen
from tui.widgets.frame_list import WAYS, FrameList
from tui.widgets.frame_view import FrameView
from tui.widgets.line import Line
from tui.widgets.text_line import TextLine
from tui.words import times

_WAYS: dict[Direction | None, Direction | None] = {None: "sent", "sent": "received", "received": None}
"""Which frames are listed after those of this direction; none for both."""
_KEYS = (
    "[@click=screen.direction]d ways[/] · [@click=screen.sound]a audio[/] · [@click=screen.clock]t time[/] · "
    "[@click=screen.pause]p pause[/] · [@click=screen.copy]c copy[/] · [@click=screen.save]s save[/] · "
    "[@click=screen.dismiss]Esc closes[/]"
)
_FIRST = 10
"""Frames that are read before any is shown."""


class InspectorScreen(LiveScreen):
    """What is listed is read when it is drawn; nothing acts, and no secret is shown, copied or saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,f12", "dismiss", "Close"),
        Binding("slash", "fill('filter')", "Filter"),
        Binding("ctrl+f", "fill('find')", "Find"),
        Binding("n", "find(1)", "Next that is found"),
        Binding("N", "find(-1)", "The one before"),
        Binding("d", "direction", "Both ways, sent, received"),
        Binding("a", "sound", "Audio, too, or not"),
        Binding("t", "clock", "Seconds, or the time of day"),
        Binding("p", "pause", "Let the list stand still, or go on"),
        Binding("c,ctrl+y", "copy", "Copy the frame"),
        Binding("s,ctrl+s", "save", "Save all that are listed, without audio"),
        Binding("S", "save(True)", "Save all that are listed, with audio"),
    ]

    def __init__(self, session: SessionView, save_into: Path) -> None:
        super().__init__()
        self._session, self._save_into = session, save_into
        self._reader = Reader(session.provider, session.kind)
        # A provider tells its formats in the first frames, which need not come into sight.
        for frame in session.frames[:_FIRST]:
            self._reader.read(frame)
        self._sieve = Sieve()
        self._paused = False

    def compose(self) -> ComposeResult:
        with Vertical(id="inspector") as box:
            box.border_title = "Inspector"
            box.border_subtitle = Content.from_markup(_KEYS)
            yield Line(name="about")
            with Horizontal(id="fields"):
                yield TextLine(placeholder="/ filter", id="filter", compact=True)
                yield TextLine(placeholder="Ctrl+F find", id="find", compact=True)
            with Container(id="frames"):
                yield FrameList(self._reader)
                yield FrameView()

    def on_mount(self) -> None:
        self._list.focus()
        self._show_session(self._session)

    def show(self, view: DeckView) -> None:
        if session := next((each for each in view.sessions if each.name == self._session.name), None):
            self._show_session(session)

    def on_frame_list_chosen(self, event: FrameList.Chosen) -> None:
        frame = event.frame
        reading = self._reader.read(frame)
        size = f"{frame.size:,} {'characters' if isinstance(frame.content, str) else 'bytes'}"
        title = f"{reading.kind} · {WAYS[frame.direction]} · {self._list.time_of(frame).strip()} · {size}"
        self.query_one(FrameView).show(frame, reading, title)

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter":
            self._sift(text=event.value)
        else:
            self.query_one(FrameView).mark(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()
        if event.input.id == "find":
            await self.action_find(1)

    def action_fill(self, field: str) -> None:
        self.query_one(f"#{field}").focus()

    async def action_find(self, step: int) -> None:
        text = self.query_one("#find", Input).value
        listing, frame = self._list.listing, self._list.chosen
        if not text or frame is None:
            self.action_fill("find")
            return
        for found in listing.find(text, listing.row_of(frame.number), step):
            if found is not None:
                self._list.choose(found)
                return
            await asyncio.sleep(0)
        self.notify(f"no frame listed has {one_line(text, 40)!r}", severity="warning", markup=False)

    def action_direction(self) -> None:
        self._sift(direction=_WAYS[self._sieve.direction])

    def action_sound(self) -> None:
        self._sift(sound=not self._sieve.sound)

    def action_clock(self) -> None:
        self._list.show_clock(clock=not self._list.clock)

    def action_pause(self) -> None:
        self._paused = not self._paused
        self._show_title()

    def action_copy(self) -> None:
        if frame := self._list.chosen:
            self.app.copy_to_clipboard(as_text(frame, self._reader.read(frame)))
            self.notify("copied", title="Inspector")

    def action_save(self, media: bool = False) -> None:
        """Not as a worker of the screen's: closing it would leave half a file."""
        listing = self._list.listing
        frames = [listing[row] for row in range(len(listing))]
        self.app.run_worker(self._save(frames, listing.frames.began, media=media))

    async def _save(self, frames: Sequence[WireFrame], began: float, *, media: bool) -> None:
        def write() -> Path:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            number = 1
            while True:
                suffix = f"-{number}" if number > 1 else ""
                path = self._save_into / f"voxdeck-frames-{self._session.kind}-{stamp}{suffix}.jsonl"
                try:
                    with path.open("x", encoding="utf-8") as out:
                        for frame in frames:
                            out.write(as_record(frame, self._reader.read(frame), began, media=media) + "\n")
                    return path
                except FileExistsError:
                    number += 1

        try:
            path = await asyncio.to_thread(write)
        except OSError as error:
            why = f"cannot save into {self._save_into}: {(error.strerror or 'no').lower()}"
            self.app.notify(one_line(why), title="Inspector", severity="warning", markup=False)
        else:
            said = f"{times(len(frames), 'frame')} saved to {path}"
            self.app.notify(one_line(said), title="Inspector", markup=False)

    @property
    def _list(self) -> FrameList:
        return self.query_one(FrameList)

    def _show_session(self, session: SessionView) -> None:
        self._session = session
        if not self._paused:
            self._list.show(session.frames)
        self._show_title()

    def _sift(self, **wanted: object) -> None:
        self._sieve = msgspec.structs.replace(self._sieve, **wanted)
        self._list.sift(self._sieve)
        self._show_title()

    def _show_title(self) -> None:
        session, listed = self._session, len(self._list.listing)
        count = len(session.frames)
        parts = [
            one_line(session.title, 40) or session.kind,
            f"{one_line(session.provider, 30)} {one_line(session.model.rpartition('/')[2], 40)}",
            f"{listed:,} of {times(count, 'frame')}" if self._sieve != Sieve() else times(count, "frame"),
            f"only {self._sieve.direction}" if self._sieve.direction else "",
            "" if self._sieve.sound else "without audio",
            "paused" if self._paused else "",
        ]
        title = " · ".join(part for part in parts if part)
        self.query_one("#about", Line).show((title, "aside"))
