"""The messages of an ElevenLabs agent's conversation that the codec reads, field by field.

Source: ElevenLabs' AsyncAPI contract for agents (August 2026) and recorded sessions. Payloads sit under keys
that do not follow from the type. Every other message that the service is known to send is listed as ignored.
`event_id` counts turns: the user's words, the answer to them and its audio share one.
"""

from typing import Any, Literal

import msgspec

from sessions.providers.wire import Message, decoder_of, sendable


class InitiationMetadata(msgspec.Struct, frozen=True):
    conversation_id: str = ""
    agent_output_audio_format: str = "pcm_16000"
    user_input_audio_format: str = "pcm_16000"


class Initiation(Message, frozen=True, tag="conversation_initiation_metadata"):
    conversation_initiation_metadata_event: InitiationMetadata


class AudioEvent(msgspec.Struct, frozen=True):
    event_id: int
    audio_base_64: bytes = b""


class Audio(Message, frozen=True, tag="audio"):
    audio_event: AudioEvent


class UserTranscription(msgspec.Struct, frozen=True):
    user_transcript: str = ""


class UserTranscript(Message, frozen=True, tag="user_transcript"):
    user_transcription_event: UserTranscription


class TentativeUserTranscript(Message, frozen=True, tag="tentative_user_transcript"):
    tentative_user_transcription_event: UserTranscription


class AgentResponseEvent(msgspec.Struct, frozen=True):
    agent_response: str = ""
    event_id: int | None = None


class AgentResponse(Message, frozen=True, tag="agent_response"):
    agent_response_event: AgentResponseEvent


class AgentResponseCorrectionEvent(msgspec.Struct, frozen=True):
    corrected_agent_response: str = ""
    event_id: int | None = None


class AgentResponseCorrection(Message, frozen=True, tag="agent_response_correction"):
    agent_response_correction_event: AgentResponseCorrectionEvent


class TextResponsePart(msgspec.Struct, frozen=True):
    type: Literal["start", "delta", "stop"]
    text: str = ""
    event_id: int | None = None


class AgentChatResponsePart(Message, frozen=True, tag="agent_chat_response_part"):
    text_response_part: TextResponsePart


class InterruptionEvent(msgspec.Struct, frozen=True):
    event_id: int


class Interruption(Message, frozen=True, tag="interruption"):
    interruption_event: InterruptionEvent


class PingEvent(msgspec.Struct, frozen=True):
    event_id: int


class Ping(Message, frozen=True, tag="ping"):
    ping_event: PingEvent


class ClientToolCall(msgspec.Struct, frozen=True):
    tool_name: str
    tool_call_id: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class ToolCall(Message, frozen=True, tag="client_tool_call"):
    client_tool_call: ClientToolCall


class ErrorEvent(msgspec.Struct, frozen=True):
    code: int | None = None
    error_type: str | None = None
    message: str | None = None
    reason: str | None = None


class Error(Message, frozen=True, tag="error"):
    error_event: ErrorEvent = ErrorEvent()


class Ignored(Message, frozen=True):
    """Known, and of no concern to a conversation."""


_IGNORED = (
    "agent_reasoning_response_part",
    "agent_tool_request",
    "agent_tool_response",
    "agent_tool_response_full_payload",
    "agent_typing",
    "asr_initiation_metadata",
    "context_usage",
    "external_agent_connected",
    "external_agent_disconnected",
    "guardrail_triggered",
    "internal_tentative_agent_response",
    "internal_turn_probability",
    "mcp_connection_status",
    "mcp_tool_call",
    "rich_content",
    "vad_score",
)


def _ignored(tag: str) -> type[Message]:
    kind: Any = msgspec.defstruct("Ignored", [], bases=(Ignored,), frozen=True, tag_field="type", tag=tag)
    return kind  # type: ignore[no-any-return]


decoder = decoder_of(
    Initiation,
    Audio,
    UserTranscript,
    TentativeUserTranscript,
    AgentResponse,
    AgentResponseCorrection,
    AgentChatResponsePart,
    Interruption,
    Ping,
    ToolCall,
    Error,
    *(_ignored(tag) for tag in _IGNORED),
)


def override(*, text_only: bool, instructions: str, voice: str, language: str) -> dict[str, Any]:
    """Return `conversation_config_override`, with what is to be other than the agent has it."""
    agent: dict[str, Any] = {"language": language} if language else {}
    if instructions:
        agent["prompt"] = {"prompt": sendable(instructions)}
    parts = {
        "conversation": {"text_only": True} if text_only else {},
        "agent": agent,
        "tts": {"voice_id": voice} if voice else {},
    }
    return {name: part for name, part in parts.items() if part}
