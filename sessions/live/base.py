"""A session with all that stands around it: its state, its log, its share of microphone and speaker."""

import itertools
import time
from abc import abstractmethod
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
from sessions.commands import ImpossibleCommand
from sessions.config import SessionTable
from sessions.live.actions import (
    Action,
    Export,
    Rename,
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
from sessions.live.connection import ConnectedSession
from sessions.live.ear import Ear
from sessions.live.recording import Recording
from sessions.live.retry import Retry
from sessions.providers.catalogue import Offer
from sessions.state.export import export
from sessions.state.log import Entry, LogView
from sessions.state.snapshot import SessionView
from sessions.text import one_line


class LiveSession(ConnectedSession):
    """One session as its user sees it; it outlives its connection. Lives on the engine's loop."""

    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, table, offer, model)
        self.title = ""
        self.audio = audio
        self.mixer = audio.mixer
        self.channel = audio.mixer.channel(name)
        self.ear = Ear(name, audio)
        self.ear.talk_ended = self.talk_ended
        self._recording = Recording(name, audio, self.ear, self.note_fault)
        self._lost_audio = False
        self._listens_for_mode = False

    def leave(self) -> None:
        """Its pane is closed: silence it and let go of everything. It may `run` again later."""
        listened = self.ear.wanted
        self.stop()
        self.let_go("its pane was closed")
        self.retry = Retry()
        self._recording.stop()
        self.ear.wanted = listened

    async def do(self, action: Action) -> str:
        """Carry out an action. Raises ImpossibleCommand with one line for the user."""
        match action:
            case Reopen():
                self.start_over()
                return ""
            case Rename(title=title):
                self.title = one_line(title, 60)
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
                return await self.write(folder, *self.to_save(action))
            case Export(folder=folder, ending=ending):
                # In a thread: hours of speech take longer than what the network can wait.
                content = await anyio.to_thread.run_sync(export, self.entries(), ending)
                return await self.write(folder, ending, content, "")
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

    @property
    def speaks(self) -> bool:
        return self.offer.kind in ("speak", "converse")

    @abstractmethod
    def view(self) -> SessionView:
        """Return an immutable picture of the session."""

    @abstractmethod
    def stop(self) -> None:
        """Silence what sounds."""

    def entries(self) -> list[Entry]:
        """Return what was said and heard, with what is still being written."""
        return list(self.log)

    def to_save(self, wanted: Save) -> tuple[str, bytes, str]:
        """Return ending and content of the file to save, and a remark on it. Raises ImpossibleCommand."""
        return "txt", export(self.entries(), "txt"), ""

    def opened(self) -> None:
        if self.ear.wanted:
            self.listen(on=True)

    def ended(self) -> None:
        self.ear.close()

    def listen(self, *, on: bool) -> None:
        """Open or close the session's tap on the microphone."""
        self.ear.wanted = on
        codec = self._session.codec if self._session else None
        if not on:
            self.ear.close()
        elif codec and codec.input_rate and self._session and self._session.ready:
            self.ear.open(codec.input_rate, codec.input_block, self._hear)

    def talk_ended(self) -> None:
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
            ready_after=self.ready_after,
            microphone=self.ear.mode,
            hearing=self.ear.hearing,
            source=self.ear.source,
            volume=self.channel.volume,
            muted=self.channel.muted,
            speed=self.channel.speed,
            underruns=self.channel.underruns,
            recording=str(self._recording.path or ""),
            title=self.title,
            heard=self.audio.wave(self.name),
            said=self.channel.meter.wave,
            table=self.table,
            retry_at=self.retry.at,
            expires_at=self.retry.expires_at,
            latencies=self.timing.latencies,
            usage=self.meter.usage,
            cost=self.cost,
            frames=self.journal.view(),
        )

    def _hear(self, pcm: bytes) -> None:
        try:
            self.send_audio(pcm)
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
            if self.ear.wanted and self.phase == "closed":
                self.start_over()
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

    async def write(self, folder: Path, ending: str, content: bytes, remark: str) -> str:
        """Write a new file; return what to tell the user of it. Raises ImpossibleCommand."""

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
        return f"saved {remark}to {path.name if folder == Path.cwd() else path}"


def _within(value: float, lowest: float, highest: float) -> float:
    if not lowest <= value <= highest:
        raise ImpossibleCommand(f"{value:g} is not from {lowest:g} to {highest:g}")
    return value
