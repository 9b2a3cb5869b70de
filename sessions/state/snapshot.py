"""What the screen reads: immutable pictures of the sessions, made on the sessions' own thread."""

from typing import Literal

import msgspec

from sessions.audio.modes import MicrophoneMode
from sessions.audio.view import AudioView, Wave
from sessions.config import SessionTable
from sessions.events import Usage
from sessions.providers.codec import Kind
from sessions.state.journal import JournalView
from sessions.state.log import Entry, LogView

Phase = Literal["connecting", "ready", "retrying", "closed", "failed"]

SpeechPhase = Literal["queued", "synthesising", "playing", "paused", "done", "cleared", "broken"]


class Speech(msgspec.Struct, frozen=True):
    """One text that is, was or will be spoken. Times in seconds."""

    name: str
    text: str
    phase: SpeechPhase
    first_byte: float | None = None
    """From the wish to the first audio."""
    played: float = 0.0
    """What the device has really put out."""
    length: float = 0.0
    complete: bool = False
    """Whether `length` is all of it; else it is what has come so far."""
    sentence: tuple[int, int] | None = None
    """The part of the text that sounds now."""
    word: tuple[int, int] | None = None
    """The word that sounds now, where the provider tells when each does."""
    after: int = 0
    """So many entries of the session's log were there before it."""


ToolState = Literal["waiting", "answered", "failed", "cancelled"]


class ToolRequest(msgspec.Struct, frozen=True):
    """A function that the model wants carried out."""

    call: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""
    state: ToolState = "waiting"
    output: str = ""


JobPhase = Literal["waiting", "done", "failed"]


class Picture(msgspec.Struct, frozen=True):
    """One picture, or what there is of it."""

    job: str
    prompt: str
    phase: JobPhase
    media_type: str = ""
    content: bytes = b""
    """The encoded file."""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """From the wish to the picture; while it is waiting, so far."""
    message: str = ""
    """Why there is none, or not any more."""
    name: str = ""


class SessionView(msgspec.Struct, frozen=True):
    name: str
    kind: Kind
    provider: str
    model: str
    phase: Phase
    notice: str
    """Why the session ended, or what else its user should know; one line."""
    listening: bool
    paused: bool
    log: LogView
    live: tuple[Entry, ...] = ()
    """Entries that are still being written."""
    speech: tuple[Speech, ...] = ()
    answering: bool = False
    """An answer is being written or spoken."""
    ready_after: float | None = None
    """Seconds from connecting to ready."""
    microphone: MicrophoneMode = "on"
    hearing: bool = False
    """Whether what is heard is being sent: the gate is open."""
    source: str = "microphone"
    """See `SetSource`."""
    volume: float = 1.0
    muted: bool = False
    speed: float = 1.0
    underruns: int = 0
    """Times that its speech came too late to go on sounding."""
    recording: str = ""
    """The file that is being recorded."""
    title: str = ""
    """What its user calls it; empty for the usual name of its kind."""
    table: SessionTable | None = None
    """What was asked for when it was opened."""
    retry_at: float | None = None
    """When it connects anew by itself, by `time.monotonic`."""
    expires_at: float | None = None
    """When the provider ends it, by `time.monotonic`, where that is known."""
    latencies: tuple[float, ...] = ()
    """The latest of its kind's latency, in seconds, oldest first: of a transcription from the end of speech
    to its final, of speech to the first audio, of an answer to its first sign, of a picture to the whole."""
    usage: Usage = Usage()
    """Tokens so far."""
    cost: float | None = None
    """US dollars so far at list price; none where a price is not known."""
    frames: JournalView = JournalView()
    """The latest frames of the wire, both ways."""
    heard: Wave = Wave()
    """The sound that it listens to; empty while it does not."""
    said: Wave = Wave()
    """Its own speech."""
    calls: tuple[ToolRequest, ...] = ()
    pictures: tuple[Picture, ...] = ()


class DeckView(msgspec.Struct, frozen=True):
    gateway: str
    starting: bool
    audio: AudioView = AudioView()
    sessions: tuple[SessionView, ...] = ()
