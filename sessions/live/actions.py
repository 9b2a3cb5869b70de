"""What a user can do with a session, whatever drives it: a key, a mouse, a test."""

from pathlib import Path

import msgspec

from sessions.audio.modes import Arbitration, EchoMode, MicrophoneMode, Sides


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


class Skip(Action, frozen=True):
    """Leave the utterance that sounds, and go on with the next."""


class ToggleListening(Action, frozen=True):
    """Give the session the microphone, or take it away; in push-to-talk, begin or end to talk."""


class SetMicrophone(Action, frozen=True):
    """How the session listens."""

    mode: MicrophoneMode


class SetSource(Action, frozen=True):
    """Where the session's sound comes from: `microphone`, `file:PATH`, `input`, `tone:HZ`, `pane:NAME`."""

    source: str


class SetBlock(Action, frozen=True):
    """How much of the microphone is sent at a time: 0.02 to 0.1 seconds."""

    block: float


class Seek(Action, frozen=True):
    """Go on `seconds` later in the file that the session hears, or earlier."""

    seconds: float


class SetVolume(Action, frozen=True):
    """0 to 2; 1 is as it came."""

    volume: float


class SetMuted(Action, frozen=True):
    """Let the pane's speech run unheard, or be heard again."""

    muted: bool


class SetSpeed(Action, frozen=True):
    """0.5 to 2; the pitch stays."""

    speed: float


class ToggleRecording(Action, frozen=True):
    """Write what the session hears, says or both into a new file in `folder`, until told so again."""

    folder: Path
    sides: Sides = "both"
    ending: str = "wav"
    """wav or flac."""


class Save(Action, frozen=True):
    """Write what the session holds into a new file in `folder`: speech as WAV, anything else as text."""

    folder: Path


class Reopen(Action, frozen=True):
    """Connect anew. What was said and heard stays."""


class AudioAction(Action, frozen=True):
    """Base of what concerns the sound of all sessions."""


class ChooseInput(AudioAction, frozen=True):
    """Use this microphone from now on, and remember it; by its id, its number or its name."""

    device: str


class ChooseOutput(AudioAction, frozen=True):
    """Use this speaker from now on, and remember it."""

    device: str


class LookForDevices(AudioAction, frozen=True):
    """Look anew which devices there are."""


class SetEcho(AudioAction, frozen=True):
    mode: EchoMode


class SetArbitration(AudioAction, frozen=True):
    policy: Arbitration


class Front(AudioAction, frozen=True):
    """This session is in front: the one that is heard in solo, and at full volume in duck."""

    session: str
