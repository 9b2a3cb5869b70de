"""What happens in a session, in one vocabulary for all providers.

Codecs make these from frames, the session adds those of the connection. Times called `start`, `end` and
`at` are seconds of audio since the connection's first sample; the time at which an event came is given
beside it by whoever hands it on, on one monotonic clock.
"""

import re

import msgspec


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=_snake_case):
    """Base of all; encodes with its name as the field `event`."""


# The connection


class Connecting(Event, frozen=True):
    address: str
    """Without credentials."""


class Opened(Event, frozen=True):
    """The upgrade was answered with 101, which does not yet mean that the session works."""


class Ready(Event, frozen=True):
    """The provider has said that the session works, or (where it says nothing) the socket is open."""

    id: str = ""
    """The provider's name for the session."""
    expires_at: float | None = None
    """Seconds since the epoch, where the provider limits a session's life."""


class GoingAway(Event, frozen=True):
    """The provider will end the connection in so many seconds, where it says."""

    time_left: float | None = None


class Resumable(Event, frozen=True):
    """A connection opened with this handle goes on where this one is."""

    handle: str


class Closed(Event, frozen=True):
    """The session's end as asked for, or by the provider with a normal code."""

    code: int
    reason: str = ""


class Failed(Event, frozen=True):
    """The session's end by a fault; `message` is one line for people: what happened, where, what to do."""

    message: str
    code: int | None = None
    """HTTP status of a refusal, or the close code; none when the network failed."""
    transient: bool = False
    """Whether connecting anew may help without anybody's doing, as after a network drop."""
    retry_after: float | None = None
    """Seconds to wait before that, where the other side said so."""


# Trouble that the session survives


class Problem(Event, frozen=True):
    """The provider refused something, and goes on."""

    code: str
    message: str


class Warned(Event, frozen=True):
    code: str
    message: str


class Malformed(Event, frozen=True):
    """A frame that its codec could not read; it changed nothing."""

    why: str
    size: int
    """Bytes or characters of the frame."""


class Raw(Event, frozen=True):
    """A message of a kind that the codec does not know, whole."""

    kind: str
    content: str


# Speech to text


class Word(msgspec.Struct, frozen=True):
    text: str
    start: float
    end: float
    confidence: float | None = None
    speaker: int | None = None


class SpeechStarted(Event, frozen=True):
    at: float


class SpeechStopped(Event, frozen=True):
    at: float


class Interim(Event, frozen=True):
    """What is heard so far since the last final; replaces the interim before it."""

    text: str
    start: float
    end: float
    channel: int = 0


class Final(Event, frozen=True):
    """A segment that will not be revised. An utterance may have several."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    channel: int = 0


class EagerTurn(Event, frozen=True):
    """The turn has probably ended with `text`: time to prepare an answer. `TurnResumed` may take it back."""

    text: str
    confidence: float | None = None


class TurnResumed(Event, frozen=True):
    """The speaker goes on after an `EagerTurn`."""


class Utterance(Event, frozen=True):
    """All finals from one pause to the next, joined."""

    text: str
    start: float
    end: float
    confirmed: bool = True
    """False when the connection broke before the provider had settled it."""
    channel: int = 0


# Text to speech, and the speech of an answer


class Audio(Event, frozen=True):
    """A piece of an utterance's speech: signed 16-bit little-endian mono, whole samples."""

    utterance: str
    pcm: bytes
    rate: int


class AudioSpan(Event, frozen=True):
    """From `start` seconds of the utterance's audio on, its text[begin:end] is spoken."""

    utterance: str
    begin: int
    end: int
    start: float


class AudioWords(Event, frozen=True):
    """When words of the utterance sound, in seconds of its audio. May come before or after the audio."""

    utterance: str
    words: tuple[Word, ...]


class AudioEnd(Event, frozen=True):
    """All audio of the utterance has come (not: has been played)."""

    utterance: str


class Cleared(Event, frozen=True):
    """The provider has dropped what it had still to speak."""


# Conversation


class TurnAdded(Event, frozen=True):
    """An item of the conversation, in its order."""

    item: str
    role: str


class UserText(Event, frozen=True):
    """What the user said by voice: a piece of the transcript, or (`final`) the whole."""

    item: str
    text: str
    final: bool


class AnswerStarted(Event, frozen=True):
    answer: str


class AnswerText(Event, frozen=True):
    """A piece of the answer's text, or of the transcript of its speech."""

    answer: str
    item: str
    delta: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens, by direction and modality; `cached` is a part of the input."""

    input_text: int = 0
    input_audio: int = 0
    cached: int = 0
    output_text: int = 0
    output_audio: int = 0
    cached_audio: int = 0
    """A part of `cached`."""


class AnswerDone(Event, frozen=True):
    answer: str
    status: str
    """completed, cancelled, failed or incomplete."""
    reason: str = ""
    usage: Usage | None = None


class Interrupted(Event, frozen=True):
    """The provider has heard the user barge in: what still sounds must be silenced."""


class AnswerCorrected(Event, frozen=True):
    """What of an item's text was really said before it was interrupted."""

    item: str
    text: str


class ToolCall(Event, frozen=True):
    """The model wants a function carried out; answered with the command `AnswerToolCall`."""

    call: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


class ToolCallsCancelled(Event, frozen=True):
    """The answers to these calls are no longer wanted."""

    calls: tuple[str, ...]


class Truncated(Event, frozen=True):
    """The provider has cut an item's audio to what was heard."""

    item: str
    heard: float
    """Seconds."""


# Images


class Image(Event, frozen=True):
    """One picture of a job: its encoded bytes, or (where the provider sends none) the address to fetch."""

    job: str
    media_type: str
    content: bytes = b""
    url: str = ""
    width: int | None = None
    height: int | None = None


class ImagesDone(Event, frozen=True):
    """The job is over, with so many pictures."""

    job: str
    count: int
    seed: int | None = None
    seconds: float | None = None
    """Of inference, as the provider measured it."""


class ImagesFailed(Event, frozen=True):
    """The provider refused or failed the job; the session goes on."""

    job: str
    message: str
