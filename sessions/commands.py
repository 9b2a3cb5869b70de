"""What can be asked of a session, in one vocabulary for all providers."""

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Base of all."""


class ImpossibleCommand(Exception):
    """This provider, or this state of the session, does not know the command. The message is one line."""


class SendAudio(Command, frozen=True):
    """Microphone audio: signed 16-bit little-endian mono at the codec's input rate; not empty."""

    pcm: bytes


class Finalize(Command, frozen=True):
    """Settle what was heard so far without waiting for a pause."""


class Speak(Command, frozen=True):
    """Speak `text`; its audio comes under the name `utterance`."""

    utterance: str
    text: str


class Clear(Command, frozen=True):
    """Stop speaking: drop all text and audio that has not been sent."""


class SendText(Command, frozen=True):
    """A turn of the user by text, to be answered. A running answer is cancelled first."""

    item: str
    """The name that the turn gets in the conversation; unique in the session."""
    text: str


class CancelAnswer(Command, frozen=True):
    """Stop the running answer; harmless when there is none."""


class Truncate(Command, frozen=True):
    """Tell the provider how much of an item's speech was heard."""

    item: str
    heard: float
    """Seconds; cut to what was received."""


class AnswerToolCall(Command, frozen=True):
    """The outcome of a `ToolCall`, as text (JSON where the tool gives data)."""

    call: str
    output: str
    failed: bool = False


class Forget(Command, frozen=True):
    """Take back an item of the conversation and all that followed it. A running answer is cancelled first."""

    item: str


class SetInstructions(Command, frozen=True):
    """Replace the system instructions, from the next answer on; empty for none."""

    text: str


class AddContext(Command, frozen=True):
    """Let the model know something in the background: no turn, and no answer to it."""

    text: str


class MakeImage(Command, frozen=True):
    """Make pictures from a prompt; they come under the name `job`."""

    job: str
    prompt: str


class Finish(Command, frozen=True):
    """End the session in good order: what is under way is finished, then the provider closes."""
