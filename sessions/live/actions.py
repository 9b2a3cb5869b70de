"""What a user can do with a session, whatever drives it: a key, a mouse, a test."""

from pathlib import Path

import msgspec


class Action(msgspec.Struct, frozen=True):
    """Base of all. Carrying one out gives a short line to show, which may be empty."""


class Say(Action, frozen=True):
    """Speak the text (text-to-speech), or send it as the user's turn (conversation)."""

    text: str


class Stop(Action, frozen=True):
    """Silence what sounds and drop what was still to come."""


class TogglePause(Action, frozen=True):
    """Pause or resume what sounds."""


class Replay(Action, frozen=True):
    """Play the latest utterance again."""


class ToggleListening(Action, frozen=True):
    """Give the session the microphone, or take it away."""


class Save(Action, frozen=True):
    """Write what the session holds into a new file in `folder`: speech as WAV, anything else as text."""

    folder: Path


class Reopen(Action, frozen=True):
    """Connect anew. What was said and heard stays."""
