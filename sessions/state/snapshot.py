"""What the screen reads: immutable pictures of the sessions, made on the sessions' own thread."""

from typing import Literal

import msgspec

from sessions.audio.modes import MicrophoneMode
from sessions.audio.view import AudioView
from sessions.providers.codec import Kind
from sessions.state.log import Entry, LogView

Phase = Literal["connecting", "ready", "closed", "failed"]

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
    answer_after: float | None = None
    """Seconds from the user's turn to the first of the latest answer."""
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


class DeckView(msgspec.Struct, frozen=True):
    gateway: str
    starting: bool
    audio: AudioView = AudioView()
    sessions: tuple[SessionView, ...] = ()
