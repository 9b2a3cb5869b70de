"""The messages of Gemini Live that the codec reads, field by field, and the setup that it writes.

Source: google-genai 3.4 (`types.py`, `_live_converters.py`) and recorded sessions. Messages carry no type:
each is an object with one of the fields of `ServerMessage`, often with `usageMetadata` beside it, and `{}` is
one too. Frames are binary, text, and mostly pretty-printed.
"""

from typing import Any

import msgspec

from sessions.events import Event, Malformed, Raw
from sessions.providers.codec import Frame
from sessions.providers.wire import sendable


class _Struct(msgspec.Struct, frozen=True, rename="camel"):
    """Unknown fields are skipped; missing ones take their defaults."""


class Empty(_Struct, frozen=True):
    pass


class SetupComplete(_Struct, frozen=True):
    session_id: str = ""


class Blob(_Struct, frozen=True):
    mime_type: str = ""
    data: bytes = b""


class Part(_Struct, frozen=True):
    text: str = ""
    thought: bool = False
    inline_data: Blob | None = None


class Content(_Struct, frozen=True):
    parts: tuple[Part, ...] = ()


class Transcription(_Struct, frozen=True):
    text: str = ""


class ServerContent(_Struct, frozen=True):
    model_turn: Content = Content()
    generation_complete: bool = False
    turn_complete: bool = False
    turn_complete_reason: str = ""
    interrupted: bool = False
    input_transcription: Transcription = Transcription()
    output_transcription: Transcription = Transcription()


class FunctionCall(_Struct, frozen=True):
    id: str = ""
    name: str = ""
    args: msgspec.Raw = msgspec.Raw(b"{}")


class ToolCall(_Struct, frozen=True):
    function_calls: tuple[FunctionCall, ...] = ()


class ToolCallCancellation(_Struct, frozen=True):
    ids: tuple[str, ...] = ()


class ModalityCount(_Struct, frozen=True):
    modality: str = ""
    token_count: int = 0


class UsageMetadata(_Struct, frozen=True):
    """Sums need not add up; details may be missing."""

    prompt_token_count: int = 0
    response_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0
    cached_content_token_count: int = 0
    prompt_tokens_details: tuple[ModalityCount, ...] = ()
    response_tokens_details: tuple[ModalityCount, ...] = ()


class GoAway(_Struct, frozen=True):
    time_left: str = ""
    """A protobuf duration, such as "58.4s"."""


class SessionResumptionUpdate(_Struct, frozen=True):
    new_handle: str = ""
    resumable: bool = False


class VoiceActivity(_Struct, frozen=True):
    type: str = ""
    audio_offset: str = ""


class Status(_Struct, frozen=True):
    code: int | str | None = None
    message: str = ""
    status: str = ""


class ServerMessage(_Struct, frozen=True):
    setup_complete: SetupComplete | None = None
    server_content: ServerContent | None = None
    tool_call: ToolCall | None = None
    tool_call_cancellation: ToolCallCancellation | None = None
    usage_metadata: UsageMetadata | None = None
    go_away: GoAway | None = None
    session_resumption_update: SessionResumptionUpdate | None = None
    voice_activity: VoiceActivity | None = None
    voice_activity_detection_signal: Empty | None = None
    error: Status | str | None = None
    code: int | str | None = None
    message: str = ""
    status: str = ""


_NOTHING = ServerMessage()
_decoder = msgspec.json.Decoder(ServerMessage)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode(frame: Frame) -> ServerMessage:
    """Base64 comes in the standard alphabet, which msgspec reads at once; the other costs a second look."""
    try:
        return _decoder.decode(frame)
    except msgspec.ValidationError as error:
        if "base64" not in str(error):
            raise
        return msgspec.convert(_standard(msgspec.json.decode(frame)), ServerMessage)


def _standard(tree: Any) -> Any:
    """Return JSON data with what is under `data` in the standard alphabet of base64."""
    if isinstance(tree, list):
        return [_standard(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: value.replace("-", "+").replace("_", "/")
        if key == "data" and isinstance(value, str)
        else _standard(value)
        for key, value in tree.items()
    }


def decode(frame: Frame) -> ServerMessage | Event:
    """Read one message; what cannot be read, or has no known field, becomes an event."""
    try:
        message = _decode(frame)
        fields = _fields.decode(frame) if message == _NOTHING else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Malformed(why=str(error), size=len(frame))
    if fields:
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        return Raw(kind=next(iter(fields)), content=text)
    return message


def setup(
    model: str,
    *,
    voice: str,
    instructions: str,
    tools: tuple[dict[str, Any], ...],
    language: str,
    silence: int | None,
    eagerness: str,
    handle: str,
) -> dict[str, Any]:
    """Return the content of the first message.

    Without the compression of its context, a session would end after 15 minutes.
    """
    generation: dict[str, Any] = {"responseModalities": ["AUDIO"]}
    speech: dict[str, Any] = {}
    if voice:
        speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": voice}}
    if language:
        speech["languageCode"] = language
    if speech:
        generation["speechConfig"] = speech
    setup: dict[str, Any] = {
        "model": model if model.startswith("models/") else f"models/{model}",
        "generationConfig": generation,
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        "sessionResumption": {"handle": handle} if handle else {},
        "contextWindowCompression": {"slidingWindow": {}},
    }
    if instructions:
        setup["systemInstruction"] = {"parts": [{"text": sendable(instructions)}]}
    detection: dict[str, Any] = {}
    if silence is not None:
        detection["silenceDurationMs"] = silence
    if eagerness:
        detection["endOfSpeechSensitivity"] = f"END_SENSITIVITY_{eagerness.upper()}"
    if detection:
        setup["realtimeInputConfig"] = {"automaticActivityDetection": detection}
    if tools:
        setup["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in tools]}]
    return setup


def _declaration(tool: dict[str, Any]) -> dict[str, Any]:
    """Put a function definition of OpenAI's form into Gemini's."""
    names = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {names[field]: value for field, value in tool.items() if field in names}
