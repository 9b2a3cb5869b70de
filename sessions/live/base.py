"""A session with all that stands around it: its state, its log, its share of microphone and speaker."""

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from sessions.audio.player import Player
from sessions.audio.taps import Taps
from sessions.commands import Command, ImpossibleCommand, SendAudio
from sessions.events import (
    Closed,
    Connecting,
    Event,
    Failed,
    GoingAway,
    Malformed,
    Problem,
    Raw,
    Ready,
    Warned,
)
from sessions.live.actions import Action, Reopen, Save, Stop, ToggleListening, TogglePause
from sessions.openings import Opening
from sessions.providers.catalogue import Offer
from sessions.secrets import redact
from sessions.session import Session
from sessions.state.log import Entry, LogView
from sessions.state.snapshot import Phase, SessionView
from sessions.text import one_line
from sessions.transport import Transport

logger = logging.getLogger(__name__)

READY_TIMEOUT = 15.0
"""Seconds for the provider's first message. The embedded gateway's engines load in the first few."""


@dataclass(frozen=True)
class Sound:
    """The audio that sessions share."""

    player: Player
    taps: Taps


class LiveSession(ABC):
    """One session as its user sees it; it outlives its connection. Lives on the engine's loop."""

    def __init__(self, name: str, offer: Offer, model: str, sound: Sound) -> None:
        self.name, self.offer, self.model = name, offer, model
        self.sound = sound
        self.log: list[Entry] = []
        self.phase: Phase = "connecting"
        self.notice = ""
        self.wants_microphone = False
        self._session: Session | None = None
        self._waiting: list[Command] = []
        self._connecting_since = 0.0
        self._ready_after: float | None = None
        self._reopen = anyio.Event()
        self._lost_audio = False

    async def run(self, transport: Transport, opening: Opening) -> None:
        """Keep the session: connect, and connect anew each time the user asks for it."""
        while True:
            self._reopen = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._live, transport, opening)
                await self._reopen.wait()
                tasks.cancel_scope.cancel()

    async def do(self, action: Action) -> str:
        """Carry out an action. Raises ImpossibleCommand with one line for the user."""
        match action:
            case Reopen():
                self._start_over()
                return ""
            case Stop():
                self.stop()
                return ""
            case TogglePause():
                player = self.sound.player
                player.pause(self.name, paused=not player.is_paused(self.name))
                return ""
            case ToggleListening():
                return self._toggle_listening()
            case Save(folder=folder):
                return await self._save(folder)
            case _:
                raise ImpossibleCommand(f"{self.offer.kind} cannot do that")

    def fail(self, message: str) -> None:
        """The session cannot even be tried."""
        self._on_event(time.monotonic(), Failed(message))

    @abstractmethod
    def apply(self, event: Event, t: float) -> None:
        """Fold an event into the state of this kind."""

    @abstractmethod
    def view(self) -> SessionView:
        """Return an immutable picture of the session."""

    @abstractmethod
    def stop(self) -> None:
        """Silence what sounds."""

    @abstractmethod
    def to_save(self) -> tuple[str, bytes, str]:
        """Return ending and content of the file to save, and a remark on it. Raises ImpossibleCommand."""

    def send(self, command: Command) -> None:
        """Send now, or when the session is open. Raises ImpossibleCommand when it has ended."""
        if self._session is not None and self._session.ready:
            self._session.send(command)
        elif self.phase == "connecting":
            self._waiting.append(command)
        else:
            raise ImpossibleCommand("the session is closed: F5 reconnects")

    def listen(self, *, on: bool) -> None:
        """Open or close the session's tap on the microphone."""
        self.wants_microphone = on
        codec = self._session.codec if self._session else None
        if not on:
            self.sound.taps.close(self.name)
        elif codec and codec.input_rate and self._session and self._session.ready:
            self.sound.taps.open(self.name, codec.input_rate, codec.input_block, self._hear)

    def base_view(self) -> SessionView:
        return SessionView(
            name=self.name,
            kind=self.offer.kind,
            provider=self.offer.provider,
            model=self.model,
            phase=self.phase,
            notice=self.notice,
            listening=self.name in self.sound.taps,
            paused=self.sound.player.is_paused(self.name),
            log=LogView(self.log),
            ready_after=self._ready_after,
        )

    def _start_over(self) -> None:
        """From here on the old connection is nobody's, and what is asked for waits for the new one."""
        if self.phase == "ready":
            self._on_event(time.monotonic(), Closed(1000, "to reconnect"))
        self._session, self.phase, self.notice = None, "connecting", ""
        self._reopen.set()

    async def _live(self, transport: Transport, opening: Opening) -> None:
        def on_event(t: float, event: Event) -> None:
            if session is self._session:
                self._on_event(t, event)

        session = self._session = Session(opening.codec(), on_event, READY_TIMEOUT)
        try:
            await session.run(transport, opening.address)
        except Exception:
            logger.exception("session %s", self.name)
            self.fail("an internal fault ended the session; the log file has the details. F5 reconnects")

    def _on_event(self, t: float, event: Event) -> None:
        self.apply(event, t)
        match event:
            case Connecting():
                self.phase, self.notice, self._connecting_since = "connecting", "", t
            case Ready():
                self.phase, self._ready_after = "ready", t - self._connecting_since
                waiting, self._waiting = self._waiting, []
                for command in waiting:
                    self.send(command)
                if self.wants_microphone:
                    self.listen(on=True)
            case Closed(code=code, reason=reason):
                self._ended("closed", f"closed ({code}{': ' + reason if reason else ''}); F5 reconnects")
            case Failed(message=message):
                logger.info("%s: %s", self.name, redact(message))
                self._ended("failed", message if "F5" in message else f"{message}; F5 reconnects")
            case Problem(code=code, message=message) | Warned(code=code, message=message):
                self.log.append(Entry("fault", one_line(redact(f"{message} ({code})" if message else code))))
            case GoingAway(time_left=left):
                when = "soon" if left is None else f"in {left:.0f} s"
                self.log.append(Entry("note", f"the provider ends this connection {when}; F5 reconnects"))
            case Malformed(why=why, size=size):
                logger.warning("%s: unreadable frame of %d bytes: %s", self.name, size, redact(why))
            case Raw(kind=kind):
                logger.info("%s: unknown message %r", self.name, redact(kind)[:80])
            case _:
                pass

    def _ended(self, phase: Phase, notice: str) -> None:
        self.phase, self.notice = phase, notice
        self.sound.taps.close(self.name)

    def _hear(self, pcm: bytes) -> None:
        if self._session is None or not self._session.ready:
            return
        try:
            self._session.send(SendAudio(pcm))
            self._lost_audio = False
        except ImpossibleCommand as error:
            if not self._lost_audio:
                self._lost_audio = True
                self.log.append(Entry("fault", f"microphone audio was lost: {error}"))

    def _toggle_listening(self) -> str:
        if self._session is None or self._session.codec.input_rate is None:
            raise ImpossibleCommand("this session does not listen")
        self.listen(on=not self.wants_microphone)
        return ""

    async def _save(self, folder: Path) -> str:
        ending, content, remark = self.to_save()
        stem = f"voxdeck-{self.offer.kind}-{time.strftime('%Y%m%d-%H%M%S')}"

        def write() -> Path:
            for number in range(1, 1000):
                path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.{ending}"
                try:
                    with path.open("xb") as out:
                        out.write(content)
                except FileExistsError:
                    continue
                return path
            raise FileExistsError(folder)

        try:
            path = await anyio.to_thread.run_sync(write)
        except OSError as error:
            raise ImpossibleCommand(
                f"cannot save into {folder}: {(error.strerror or 'no').lower()}"
            ) from None
        return f"saved {remark}to {path}"


def log_as_text(entries: list[Entry]) -> bytes:
    """A log as lines of text; those of a conversation begin with who spoke."""
    names = {"user": "You: ", "answer": "Answer: ", "fault": "! ", "note": "- "}
    lines = [names.get(entry.role, "") + f"{entry.text} {entry.tail}".strip() for entry in entries]
    if not lines:
        raise ImpossibleCommand("there is nothing to save yet")
    return ("\n".join(lines) + "\n").encode()
