"""What a client of Cartesia's text-to-speech socket says, and how it is told that it is wrong."""

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from sessions.local.wire_audio import AudioFormat, Encoding

NEWEST_VERSION = "2026-08-14"
"""What the Python SDK 4.2.0 sends; a client that names no version gets it."""
SAMPLE_RATES = (8000, 16000, 22050, 24000, 44100, 48000)
LONGEST_DELAY = 5000
"""Milliseconds of `max_buffer_delay_ms`."""

_ENCODINGS: dict[str, Encoding] = {
    "pcm_s16le": "linear16",
    "pcm_f32le": "float32",
    "pcm_mulaw": "mulaw",
    "pcm_alaw": "alaw",
}
_SPEEDS = {"slow": 0.8, "normal": 1.0, "fast": 1.2}
_VARYING = {"context_id", "transcript", "continue", "flush", "duration"}

# What changed, from Cartesia's change log.
_WITHOUT_EMBEDDINGS = "2025-04-16"
_CONTEXT_REQUIRED = "2025-11-04"
_STRUCTURED_ERRORS = "2026-03-01"


class BadRequest(Exception):
    """Ends the context it is about, if any; the socket stays up."""

    def __init__(self, message: str, context_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.context_id = context_id

    def wire(self, version: str) -> dict[str, Any]:
        about = {} if self.context_id is None else {"context_id": self.context_id}
        base = {"type": "error", "done": True, "status_code": 400}
        if version < _STRUCTURED_ERRORS:
            return {**base, "error": f"Invalid request: {self.message}", **about}
        structured = {
            "error_code": None,
            "title": "Invalid request",
            "message": self.message,
            "request_id": str(uuid.uuid4()),
        }
        return {**base, **structured, **about}


@dataclass(frozen=True)
class Cancel:
    context_id: str


@dataclass(frozen=True)
class Generation:
    """One input of a context; `fixed` is what all its inputs have to repeat. `delay` in seconds."""

    context_id: str
    transcript: str
    continues: bool
    flush: bool
    fixed: dict[str, Any]
    audio_format: AudioFormat
    delay: float
    speed: float
    volume: float
    timestamps: bool


def is_version(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None


def parse(frame: str | bytes, version: str) -> Generation | Cancel:
    """Return what a message asks for; raises `BadRequest`.

    Model, voice and language are names that the one voice there is answers to, so any will do. Without
    effect are `add_phoneme_timestamps`, `use_normalized_timestamps`, `duration` and
    `pronunciation_dict_id`.
    """
    if isinstance(frame, bytes):
        raise BadRequest("a text message was expected")
    try:
        message = json.loads(frame)
    except ValueError:
        raise BadRequest("the message is not JSON") from None
    if not isinstance(message, dict):
        raise BadRequest("a message is a JSON object")
    context_id = message.get("context_id")
    if context_id is None and version < _CONTEXT_REQUIRED and not message.get("cancel"):
        context_id = str(uuid.uuid4())
    if not isinstance(context_id, str) or not context_id:
        raise BadRequest("context_id: is required and must be a text")
    try:
        if message.get("cancel"):
            return Cancel(context_id)
        return _generation(context_id, message, version)
    except BadRequest as bad:
        bad.context_id = context_id
        raise


def _generation(context_id: str, message: dict[str, Any], version: str) -> Generation:
    for name in ("model_id", "transcript"):
        if not isinstance(message.get(name), str):
            raise BadRequest(f"{name}: is required and must be a text")
    if not message["model_id"]:
        raise BadRequest("model_id: must not be empty")
    _check_voice(message.get("voice"), version)
    config = _optional(message, "generation_config", dict) or {}
    newer = version >= _CONTEXT_REQUIRED
    delay = _number(message, "max_buffer_delay_ms", 0, LONGEST_DELAY)
    return Generation(
        context_id=context_id,
        transcript=message["transcript"],
        continues=bool(_optional(message, "continue", bool)),
        flush=bool(_optional(message, "flush", bool)),
        fixed={name: value for name, value in message.items() if name not in _VARYING},
        audio_format=_audio_format(message.get("output_format")),
        delay=(3000 if newer else 0) / 1000 if delay is None else delay / 1000,
        speed=_number(config, "speed", 0.6, 1.5) or _SPEEDS.get(str(message.get("speed")), 1.0),
        volume=_number(config, "volume", 0.5, 2.0) or 1.0,
        timestamps=bool(_optional(message, "add_timestamps", bool)),
    )


def _check_voice(voice: Any, version: str) -> None:
    if not isinstance(voice, dict):
        raise BadRequest("voice: is required and must be an object")
    by_id = voice.get("mode", "id") == "id" and isinstance(voice.get("id"), str) and voice["id"]
    by_embedding = version < _WITHOUT_EMBEDDINGS and isinstance(voice.get("embedding"), list)
    if not (by_id or by_embedding):
        raise BadRequest("voice: must have the mode id and the id of a voice")


def _audio_format(wire: Any) -> AudioFormat:
    if not isinstance(wire, dict):
        raise BadRequest("output_format: is required and must be an object")
    if wire.get("container") != "raw":
        raise BadRequest("output_format.container: must be raw")
    encoding = _ENCODINGS.get(str(wire.get("encoding")))
    if encoding is None:
        raise BadRequest(f"output_format.encoding: must be one of {', '.join(_ENCODINGS)}")
    if wire.get("sample_rate") not in SAMPLE_RATES:
        raise BadRequest(f"output_format.sample_rate: must be one of {', '.join(map(str, SAMPLE_RATES))}")
    return AudioFormat(encoding, wire["sample_rate"])


def _optional(message: dict[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if not (value is None or isinstance(value, kind)):
        raise BadRequest(f"{name}: must be a {kind.__name__}")
    return value


def _number(message: dict[str, Any], name: str, lowest: float, highest: float) -> float | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise BadRequest(f"{name}: must be a number from {lowest} to {highest}")
    return value
