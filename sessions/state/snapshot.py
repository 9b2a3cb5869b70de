"""What the screen reads: immutable pictures of the sessions, made on the sessions' own thread."""

from typing import Literal

import msgspec

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


class MicrophoneView(msgspec.Struct, frozen=True):
    source: str
    live: bool
    """Whether it is a device; else a recording."""
    level: float = 0.0


class DeckView(msgspec.Struct, frozen=True):
    gateway: str
    starting: bool
    microphone: MicrophoneView
    speaker: str
    null_output: bool
    sessions: tuple[SessionView, ...] = ()
