"""What a user can do with a session, whatever drives it: a key, a mouse, a test."""

from pathlib import Path

import msgspec

from sessions.audio.modes import Arbitration, EchoMode, MicrophoneMode, Sides
from sessions.config import SessionTable


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
    """Play an utterance again."""

    utterance: str = ""
    """Empty for the latest."""


class Drop(Action, frozen=True):
    """Take an utterance that is not yet heard to its end out of the queue."""

    utterance: str


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
    """Write what the session holds into a new file in `folder`.

    Speech as WAV, pictures as they came, anything else as text.
    """

    folder: Path
    utterance: str = ""
    """Of speech, the one to write; empty for the latest."""
    picture: str = ""
    """Of pictures, the one to write (`Picture.name`); empty for the latest."""


class Export(Action, frozen=True):
    """Write what the session holds into a new file in `folder`, in a form of `sessions.state.export`."""

    folder: Path
    ending: str
    """txt, srt, vtt or json."""


class Reopen(Action, frozen=True):
    """Connect anew. What was said and heard stays."""


class Rename(Action, frozen=True):
    """Call the session by this title; by its kind's usual name again if empty."""

    title: str


class Change(Action, frozen=True):
    """Open the session anew with these settings; its kind stays, and so does what was said and heard."""

    table: SessionTable


class AnswerCall(Action, frozen=True):
    """Tell the model the outcome of a function that it asked for."""

    call: str
    output: str
    failed: bool = False


class Resend(Action, frozen=True):
    """Take back the user's latest turn and all that followed, and say this in its place."""

    text: str


class Instruct(Action, frozen=True):
    """Replace the system instructions without connecting anew."""

    text: str


class Inform(Action, frozen=True):
    """Let the model know something in the background: no turn, and no answer to it."""

    text: str


class DeckWide(Action, frozen=True):
    """Base of what concerns the deck as a whole."""


class Open(DeckWide, frozen=True):
    """Open a session under a name that no other has. `listens`: it has the microphone from the start."""

    name: str
    table: SessionTable
    title: str = ""
    listens: bool = False


class Close(DeckWide, frozen=True):
    """End a session; `Restore` brings it back for as long as the deck runs."""

    name: str


class Restore(DeckWide, frozen=True):
    """Bring a closed session back, with all that it said and heard, and connect it anew."""

    name: str


class AudioAction(DeckWide, frozen=True):
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
