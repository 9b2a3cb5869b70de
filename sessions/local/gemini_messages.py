"""Client messages of Gemini Live: their fields, checked the way Google's front end checks them.

Names are protobuf's JSON names: snake_case and camelCase are the same at every level, null is absence.
Field names as of google-genai 3.4.0 (`LiveClientSetup`, `LiveSendRealtimeInputParameters`).
"""

import base64
import binascii
import json
import re
from typing import Any, Literal

import msgspec

from sessions.local.ending import SessionEnded

_FREE_FORM = {
    "args",
    "labels",
    "parameters",
    "parameters_json_schema",
    "part_metadata",
    "response",
    "response_json_schema",
    "response_schema",
}
"""Fields whose own names belong to the client."""
_AUDIO_MIME_TYPE = re.compile(r"audio/pcm(?:\s*;\s*rate=(\d{4,6}))?", re.IGNORECASE)


def invalid(why: str) -> SessionEnded:
    return SessionEnded(1007, f"Request contains an invalid argument: {why}")


class Wire(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields of type Any are accepted and have no effect here."""


class Blob(Wire):
    mime_type: str = ""
    data: str = ""
    display_name: Any = None


class Part(Wire):
    text: str = ""
    thought: bool = False
    inline_data: Blob | None = None
    file_data: Any = None
    function_call: Any = None
    function_response: Any = None
    executable_code: Any = None
    code_execution_result: Any = None
    thought_signature: Any = None
    video_metadata: Any = None
    media_resolution: Any = None
    part_metadata: Any = None


class Content(Wire):
    role: str = "user"
    parts: list[Part] = []

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts if part.text and not part.thought)


class FunctionDeclaration(Wire):
    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    parameters_json_schema: dict[str, Any] = {}
    response: Any = None
    response_json_schema: Any = None
    behavior: Any = None

    @property
    def schema(self) -> dict[str, Any]:
        return self.parameters or self.parameters_json_schema


class Tool(Wire):
    function_declarations: list[FunctionDeclaration] = []
    google_search: Any = None
    google_search_retrieval: Any = None
    google_maps: Any = None
    code_execution: Any = None
    computer_use: Any = None
    file_search: Any = None
    url_context: Any = None
    mcp_servers: Any = None


class ActivityDetection(Wire):
    disabled: bool = False
    start_of_speech_sensitivity: Literal[
        "START_SENSITIVITY_UNSPECIFIED", "START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"
    ] = "START_SENSITIVITY_HIGH"
    end_of_speech_sensitivity: Literal[
        "END_SENSITIVITY_UNSPECIFIED", "END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"
    ] = "END_SENSITIVITY_HIGH"
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None


class RealtimeInputConfig(Wire):
    automatic_activity_detection: ActivityDetection = msgspec.field(default_factory=ActivityDetection)
    activity_handling: Literal[
        "ACTIVITY_HANDLING_UNSPECIFIED", "START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"
    ] = "START_OF_ACTIVITY_INTERRUPTS"
    turn_coverage: Any = None
    interim_transcript_timestamp_enabled: Any = None


class GenerationConfig(Wire):
    response_modalities: list[str] = []
    speech_config: Any = None
    temperature: Any = None
    top_p: Any = None
    top_k: Any = None
    max_output_tokens: Any = None
    seed: Any = None
    candidate_count: Any = None
    presence_penalty: Any = None
    frequency_penalty: Any = None
    media_resolution: Any = None
    thinking_config: Any = None
    translation_config: Any = None
    enable_affective_dialog: Any = None
    stop_sequences: Any = None


class SessionResumption(Wire):
    handle: str = ""
    transparent: bool = False


class HistoryConfig(Wire):
    initial_history_in_client_content: bool = False


class Setup(Wire):
    model: str = ""
    generation_config: GenerationConfig = msgspec.field(default_factory=GenerationConfig)
    system_instruction: Content = msgspec.field(default_factory=Content)
    tools: list[Tool] = []
    realtime_input_config: RealtimeInputConfig = msgspec.field(default_factory=RealtimeInputConfig)
    input_audio_transcription: dict[str, Any] | None = None
    output_audio_transcription: dict[str, Any] | None = None
    session_resumption: SessionResumption | None = None
    history_config: HistoryConfig = msgspec.field(default_factory=HistoryConfig)
    context_window_compression: Any = None
    proactivity: Any = None
    explicit_vad_signal: Any = None
    safety_settings: Any = None
    avatar_config: Any = None
    labels: Any = None


class ClientContent(Wire):
    turns: list[Content] = []
    turn_complete: bool = False


class RealtimeInput(Wire):
    audio: Blob | None = None
    video: Blob | None = None
    text: str | None = None
    activity_start: dict[str, Any] | None = None
    activity_end: dict[str, Any] | None = None
    audio_stream_end: bool = False
    media_chunks: Any = None


class FunctionResponse(Wire):
    id: str = ""
    name: str = ""
    response: dict[str, Any] = {}
    scheduling: Any = None
    will_continue: Any = None
    parts: Any = None


class ToolResponse(Wire):
    function_responses: list[FunctionResponse] = []


class ContextTools(Wire):
    tools: list[Tool] = []


class ContextUpdate(Wire):
    system_instruction: Content | None = None
    tools: ContextTools | None = None


class ClientMessage(Wire):
    """Exactly one field is set."""

    setup: Setup | None = None
    client_content: ClientContent | None = None
    realtime_input: RealtimeInput | None = None
    tool_response: ToolResponse | None = None
    context_update: ContextUpdate | None = None


def parse(frame: str | bytes) -> ClientMessage:
    """Raise `SessionEnded` that names the field at fault."""
    try:
        message = json.loads(frame)
    except ValueError:
        raise SessionEnded(1007, "Invalid JSON payload received: it could not be parsed.") from None
    as_sent: dict[str, str] = {}
    try:
        parsed = msgspec.convert(_snake_case(message, as_sent), ClientMessage)
    except msgspec.ValidationError as error:
        raise SessionEnded(1007, _reason(str(error), as_sent)) from None
    if sum(getattr(parsed, name) is not None for name in parsed.__struct_fields__) != 1:
        raise invalid("a message is one of setup, clientContent, realtimeInput, toolResponse, contextUpdate.")
    if parsed.realtime_input is not None and parsed.realtime_input.media_chunks is not None:
        raise SessionEnded(
            1007, "realtime_input.media_chunks is deprecated: send audio, video or text in its place."
        )
    return parsed


def audio_rate(blob: Blob) -> int:
    """Return the samples a second that the mime type names, 16000 where it names none."""
    match = _AUDIO_MIME_TYPE.fullmatch(blob.mime_type.strip())
    rate = int(match[1] or 16000) if match else 0
    if not 8000 <= rate <= 48000:
        raise invalid(f"the audio's mime type is audio/pcm;rate=8000 to 48000, not {blob.mime_type!r}.")
    return rate


def decoded(blob: Blob) -> bytes:
    """Return the bytes of base64 in either alphabet, padded or not."""
    data = blob.data.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise SessionEnded(
            1007, "Invalid value at 'realtime_input.audio.data': base64 decoding failed."
        ) from None


def _snake_case(value: Any, as_sent: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_snake_case(item, as_sent) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {}
    for sent, item in value.items():
        name = re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: "_" + letter[0].lower(), sent)
        as_sent[name] = sent
        if item is not None:
            fields[name] = item if name in _FREE_FORM else _snake_case(item, as_sent)
    return fields


def _reason(error: str, as_sent: dict[str, str]) -> str:
    """Put an error of msgspec ("... - at `$.setup.model`") into the words of Google's front end."""
    why, _, place = error.partition(" - at ")
    path = place.strip("`").removeprefix("$").removeprefix(".")
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", why, re.DOTALL)
    if unknown:
        where = f" at '{path}'" if path else ""
        return f'Invalid JSON payload received. Unknown name "{as_sent[unknown[1]]}"{where}: no such field.'
    return f"Invalid value at '{path}': {why}"
