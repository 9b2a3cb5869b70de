"""A session with all that stands around it: its state, its log, its share of microphone and speaker."""

import itertools
import logging
import time
from abc import ABC, abstractmethod
from pathlib import Path

import anyio
import anyio.to_thread

from sessions.audio.files import AudioFileError
from sessions.audio.manager import AudioManager
from sessions.audio.modes import (
    FASTEST,
    LONGEST_BLOCK,
    LOUDEST,
    SHORTEST_BLOCK,
    SLOWEST,
    MicrophoneMode,
)
from sessions.audio.sources import BadSource
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
from sessions.live.actions import (
    Action,
    Reopen,
    Save,
    Seek,
    SetBlock,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
    Skip,
    Stop,
    ToggleListening,
    TogglePause,
    ToggleRecording,
)
from sessions.live.ear import Ear
from sessions.live.recording import Recording
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


class LiveSession(ABC):
    """One session as its user sees it; it outlives its connection. Lives on the engine's loop."""

    def __init__(self, name: str, offer: Offer, model: str, audio: AudioManager) -> None:
        self.name, self.offer, self.model = name, offer, model
        self.audio = audio
        self.mixer = audio.mixer
        self.channel = audio.mixer.channel(name)
        self.log: list[Entry] = []
        self.phase: Phase = "connecting"
        self.notice = ""
        self.ear = Ear(name, audio)
        self.ear.talk_ended = self.talk_ended
        self._recording = Recording(name, audio, self.ear, self.note_fault)
        self._session: Session | None = None
        self._waiting: list[Command] = []
        self._connecting_since = 0.0
        self._ready_after: float | None = None
        self._reopen = anyio.Event()
        self._lost_audio = False
        self._listens_for_mode = False

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
            case TogglePause() | Skip() | SetVolume() | SetMuted() | SetSpeed():
                self._set_speech(action)
                return ""
            case ToggleListening():
                return self._toggle_listening()
            case SetMicrophone() | SetSource() | SetBlock() | Seek():
                return await self._set_ear(action)
            case ToggleRecording():
                return await self._toggle_recording(action)
            case Save(folder=folder):
                return await self._save(folder)
            case _:
                raise ImpossibleCommand(f"{self.offer.kind} cannot do that")

    def _set_speech(self, action: TogglePause | Skip | SetVolume | SetMuted | SetSpeed) -> None:
        match action:
            case TogglePause():
                self.mixer.pause(self.name, paused=not self.mixer.is_paused(self.name))
            case Skip():
                if not self.mixer.skip(self.name):
                    raise ImpossibleCommand("nothing is being spoken here")
            case SetVolume(volume=volume):
                self.channel.volume = _within(volume, 0.0, LOUDEST)
            case SetMuted(muted=muted):
                self.channel.muted = muted
            case SetSpeed(speed=speed):
                self.channel.speed = _within(speed, SLOWEST, FASTEST)

    def fail(self, message: str) -> None:
        """The session cannot even be tried."""
        self._on_event(time.monotonic(), Failed(message))

    @property
    def speaks(self) -> bool:
        return self.offer.kind in ("speak", "converse")

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
        self.ear.wanted = on
        codec = self._session.codec if self._session else None
        if not on:
            self.ear.close()
        elif codec and codec.input_rate and self._session and self._session.ready:
            self.ear.open(codec.input_rate, codec.input_block, self._hear)

    def talk_ended(self) -> None:  # noqa: B027 - most providers hear the silence that follows
        """A stretch of talk is over, and nothing more is sent until the next."""

    def missed(self, seconds: float) -> None:
        """The microphone was away: what was said then is not in what was heard."""
        self.log.append(Entry("note", f"{seconds:.1f} s of the microphone are missing"))

    def base_view(self) -> SessionView:
        return SessionView(
            name=self.name,
            kind=self.offer.kind,
            provider=self.offer.provider,
            model=self.model,
            phase=self.phase,
            notice=self.notice,
            listening=self.ear.is_open,
            paused=self.channel.paused,
            log=LogView(self.log),
            ready_after=self._ready_after,
            microphone=self.ear.mode,
            hearing=self.ear.hearing,
            source=self.ear.source,
            volume=self.channel.volume,
            muted=self.channel.muted,
            speed=self.channel.speed,
            underruns=self.channel.underruns,
            recording=str(self._recording.path or ""),
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
                if self.ear.wanted:
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
        self.ear.close()

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
        self._check_that_it_listens()
        if self.ear.mode == "push-to-talk" and self.ear.is_open:
            self.ear.toggle_talk()
        else:
            self._listens_for_mode = False
            self.listen(on=not self.ear.wanted)
        return ""

    def _check_that_it_listens(self) -> None:
        listens = self.offer.kind in ("transcribe", "converse")
        if not listens or (self._session is not None and self._session.codec.input_rate is None):
            raise ImpossibleCommand("this session does not listen")

    async def _set_ear(self, action: SetMicrophone | SetSource | SetBlock | Seek) -> str:
        self._check_that_it_listens()
        match action:
            case SetMicrophone(mode=mode):
                self._set_mode(mode)
                return ""
            case SetSource(source=source):
                if source == f"pane:{self.name}":
                    raise ImpossibleCommand("a pane cannot hear itself")
                try:
                    await self.audio.prepare(source)
                except (BadSource, AudioFileError) as error:
                    raise ImpossibleCommand(str(error)) from None
                self.listen(on=False)
                self.ear.source = source
                self.listen(on=True)
                return f"hears {one_line(source, 80)}"
            case SetBlock(block=block):
                self.ear.block = _within(block, SHORTEST_BLOCK, LONGEST_BLOCK)
                self.listen(on=self.ear.wanted)
                return f"sends {block * 1000:.0f} ms at a time"
            case Seek(seconds=seconds):
                playback = self.audio.playback(self.ear.source)
                if playback is None:
                    raise ImpossibleCommand("only a file can be wound: this pane hears none")
                playback.seek(seconds)
                return f"at {playback.position:.0f} of {playback.length:.0f} s"

    def _set_mode(self, mode: MicrophoneMode) -> None:
        """Push-to-talk and voice listen, for what is said just before is sent; after them it is as before."""
        self.ear.mode = mode
        ahead = mode in ("push-to-talk", "voice")
        if ahead and not self.ear.wanted:
            self._listens_for_mode = True
            self.listen(on=True)
        elif not ahead and self._listens_for_mode:
            self._listens_for_mode = False
            self.listen(on=False)

    async def _toggle_recording(self, action: ToggleRecording) -> str:
        if recorder := self._recording.stop():
            return f"recorded to {recorder.path}"
        path = self._new_file(action.folder, action.ending)
        try:
            await self._recording.start(path, action.sides)
        except AudioFileError as error:
            raise ImpossibleCommand(str(error)) from None
        return f"records to {path}"

    def _new_file(self, folder: Path, ending: str) -> Path:
        """Name a file that is not there yet."""
        stem = f"voxdeck-{self.offer.kind}-{time.strftime('%Y%m%d-%H%M%S')}"
        names = (f"{stem}{f'-{number}' if number > 1 else ''}.{ending}" for number in itertools.count(1))
        return next(path for name in names if not (path := folder / name).exists())

    def note_fault(self, line: str) -> None:
        """Tell the user of something that went wrong beside the session."""
        self.log.append(Entry("fault", line))

    async def _save(self, folder: Path) -> str:
        ending, content, remark = self.to_save()

        def write() -> Path:
            path = self._new_file(folder, ending)
            with path.open("xb") as out:
                out.write(content)
            return path

        try:
            path = await anyio.to_thread.run_sync(write)
        except OSError as error:
            raise ImpossibleCommand(
                f"cannot save into {folder}: {(error.strerror or 'no').lower()}"
            ) from None
        return f"saved {remark}to {path}"


def _within(value: float, lowest: float, highest: float) -> float:
    if not lowest <= value <= highest:
        raise ImpossibleCommand(f"{value:g} is not from {lowest:g} to {highest:g}")
    return value


def log_as_text(entries: list[Entry]) -> bytes:
    """A log as lines of text; those of a conversation begin with who spoke."""
    names = {"user": "You: ", "answer": "Answer: ", "fault": "! ", "note": "- "}
    lines = [names.get(entry.role, "") + f"{entry.text} {entry.tail}".strip() for entry in entries]
    if not lines:
        raise ImpossibleCommand("there is nothing to save yet")
    return ("\n".join(lines) + "\n").encode()
