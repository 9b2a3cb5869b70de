"""The messages of OpenAI Realtime that the codecs read, field by field.

Source: the types of openai-python 3.54 (`openai/types/realtime`) and recorded sessions. Every other message
that the service is known to send is listed as ignored, so that what is really unknown stands out. Messages
of the beta, which older recordings and compatible servers have, are the same under other names.
"""

from typing import Any

import msgspec

from sessions.providers.wire import Message, decoder_of


class Session(msgspec.Struct, frozen=True):
    id: str = ""
    expires_at: float | None = None


class SessionCreated(Message, frozen=True, tag="session.created"):
    session: Session


class Item(msgspec.Struct, frozen=True):
    id: str = ""
    type: str = ""
    role: str | None = None
    name: str = ""
    call_id: str = ""
    arguments: str = ""


class ItemAdded(Message, frozen=True, tag="conversation.item.added"):
    item: Item


class ItemTruncated(Message, frozen=True, tag="conversation.item.truncated"):
    item_id: str
    audio_end_ms: float = 0


class AudioCommitted(Message, frozen=True, tag="input_audio_buffer.committed"):
    item_id: str


class SpeechStarted(Message, frozen=True, tag="input_audio_buffer.speech_started"):
    audio_start_ms: float = 0
    item_id: str = ""


class SpeechStopped(Message, frozen=True, tag="input_audio_buffer.speech_stopped"):
    audio_end_ms: float = 0
    item_id: str = ""


class TranscriptionDelta(Message, frozen=True, tag="conversation.item.input_audio_transcription.delta"):
    item_id: str
    delta: str = ""


class TranscriptionCompleted(
    Message, frozen=True, tag="conversation.item.input_audio_transcription.completed"
):
    item_id: str
    transcript: str = ""


class ErrorBody(msgspec.Struct, frozen=True):
    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class TranscriptionFailed(Message, frozen=True, tag="conversation.item.input_audio_transcription.failed"):
    item_id: str
    error: ErrorBody = ErrorBody()


class Error(Message, frozen=True, tag="error"):
    error: ErrorBody = ErrorBody()


class CachedTokens(msgspec.Struct, frozen=True):
    audio_tokens: int = 0


class TokenDetails(msgspec.Struct, frozen=True):
    text_tokens: int = 0
    audio_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedTokens | None = None


class Usage(msgspec.Struct, frozen=True):
    input_token_details: TokenDetails | None = None
    output_token_details: TokenDetails | None = None


class StatusDetails(msgspec.Struct, frozen=True):
    reason: str | None = None
    error: ErrorBody | None = None


class Response(msgspec.Struct, frozen=True):
    id: str = ""
    status: str = ""
    status_details: StatusDetails | None = None
    usage: Usage | None = None
    output: tuple[Item, ...] = ()


class ResponseCreated(Message, frozen=True, tag="response.created"):
    response: Response


class ResponseDone(Message, frozen=True, tag="response.done"):
    response: Response


class TextDelta(Message, frozen=True, tag="response.output_text.delta"):
    response_id: str
    item_id: str = ""
    delta: str = ""


class TranscriptDelta(Message, frozen=True, tag="response.output_audio_transcript.delta"):
    response_id: str
    item_id: str = ""
    delta: str = ""


class AudioDelta(Message, frozen=True, tag="response.output_audio.delta"):
    response_id: str
    item_id: str = ""
    content_index: int = 0
    delta: bytes = b""


class AudioDone(Message, frozen=True, tag="response.output_audio.done"):
    response_id: str
    item_id: str = ""


class OutputItemDone(Message, frozen=True, tag="response.output_item.done"):
    response_id: str
    item: Item


class ArgumentsDone(Message, frozen=True, tag="response.function_call_arguments.done"):
    """The same call comes in an `OutputItemDone`; the beta has the name only there."""

    response_id: str
    call_id: str
    name: str = ""
    arguments: str = ""


class Ignored(Message, frozen=True):
    """Known, and says nothing that another message does not say."""


_IGNORED = (
    "session.updated",
    "conversation.item.done",
    "conversation.item.retrieved",
    "conversation.item.deleted",
    "conversation.item.input_audio_transcription.segment",
    "input_audio_buffer.cleared",
    "input_audio_buffer.timeout_triggered",
    "response.output_item.added",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.done",
    "response.output_audio_transcript.done",
    "response.function_call_arguments.delta",
    "rate_limits.updated",
    # of the beta
    "conversation.created",
    "transcription_session.updated",
    "response.text.done",
    "response.audio_transcript.done",
)
_BETA = (
    (SessionCreated, "transcription_session.created"),
    (ItemAdded, "conversation.item.created"),
    (TextDelta, "response.text.delta"),
    (TranscriptDelta, "response.audio_transcript.delta"),
    (AudioDelta, "response.audio.delta"),
    (AudioDone, "response.audio.done"),
)


def _named(base: type[Message], tag: str) -> type[Message]:
    """Return `base` under another name."""
    kind: Any = msgspec.defstruct(base.__name__, [], bases=(base,), frozen=True, tag_field="type", tag=tag)
    return kind  # type: ignore[no-any-return]


decoder = decoder_of(
    SessionCreated,
    ItemAdded,
    ItemTruncated,
    AudioCommitted,
    SpeechStarted,
    SpeechStopped,
    TranscriptionDelta,
    TranscriptionCompleted,
    TranscriptionFailed,
    Error,
    ResponseCreated,
    ResponseDone,
    TextDelta,
    TranscriptDelta,
    AudioDelta,
    AudioDone,
    OutputItemDone,
    ArgumentsDone,
    *(_named(base, tag) for base, tag in _BETA),
    *(_named(Ignored, tag) for tag in _IGNORED),
)
