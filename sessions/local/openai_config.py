"""The session object of OpenAI Realtime (GA): defaults, and updates that change only what they name."""

import copy
from collections.abc import Callable
from typing import Any

from sessions.local.recogniser import MODEL_NAME
from sessions.local.wire_audio import AudioFormat, Encoding

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
"""Accepted, and all of them spoken by the one voice there is."""

MODALITIES = (["audio"], ["text"])

_FORMATS: dict[str, tuple[Encoding, int]] = {
    "audio/pcm": ("linear16", 24000),
    "audio/pcmu": ("mulaw", 8000),
    "audio/pcma": ("alaw", 8000),
}
_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}

Check = Callable[[Any, str], Any]
"""Takes a value and its path, returns what is stored, raises `BadEvent`."""


class BadEvent(Exception):
    """A client event that cannot be obeyed; becomes an `error` event, the session goes on."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def default_session(model: str) -> dict[str, Any]:
    return {
        "type": "realtime",
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
        "include": None,
        "prompt": None,
    }


def default_transcription(model: str) -> dict[str, Any]:
    """The session that only transcribes; `model` may be empty."""
    session = default_session("")
    heard = {**session["audio"]["input"], "transcription": {"model": model or MODEL_NAME}}
    return {"type": "transcription", "audio": {"input": heard}, "include": None}


def updated_session(session: dict[str, Any], changes: Any) -> dict[str, Any]:
    """Return the session with `changes` merged in; raises `BadEvent` and then changes nothing."""
    if isinstance(changes, dict) and "type" not in changes:
        raise BadEvent(
            "missing_required_parameter", "Missing required parameter: 'session.type'.", "session.type"
        )
    merged = copy.deepcopy(session)
    _merge(merged, changes, _SESSIONS[session["type"]], "session")
    if merged.get("model") != session.get("model"):
        raise BadEvent("invalid_value", "The model of a session cannot be changed.", "session.model")
    return merged


def response_settings(session: dict[str, Any], wanted: Any) -> dict[str, Any]:
    """Return the settings of one response: the session's, with those of `response.create` merged in."""
    settings = {name: copy.deepcopy(session[name]) for name in _INHERITED}
    settings |= {"conversation": "auto", "input": None, "metadata": None}
    _merge(settings, wanted, _RESPONSE, "response")
    choice = settings["tool_choice"]
    if isinstance(choice, dict) and all(tool.get("name") != choice["name"] for tool in settings["tools"]):
        raise _invalid("response.tool_choice.name", "the name of one of the tools")
    return settings


def audio_format(wire: dict[str, Any]) -> AudioFormat:
    encoding, rate = _FORMATS[wire["type"]]
    return AudioFormat(encoding, rate)


def _merge(target: dict[str, Any], changes: Any, schema: dict[str, Any], path: str) -> None:
    if not isinstance(changes, dict):
        raise _invalid(path, "an object")
    for name, value in changes.items():
        where = f"{path}.{name}"
        check = schema.get(name)
        if check is None:
            raise BadEvent("unknown_parameter", f"Unknown parameter: '{where}'.", where)
        if isinstance(check, dict):
            _merge(target[name], value, check, where)
        else:
            target[name] = check(value, where)


def _invalid(path: str, wanted: str) -> BadEvent:
    return BadEvent("invalid_value", f"Invalid value for '{path}': expected {wanted}.", path)


def _one_of(*choices: Any) -> Check:
    def check(value: Any, path: str) -> Any:
        if value not in choices:
            raise _invalid(path, "one of " + ", ".join(map(repr, choices)))
        return value

    return check


def _of_type(wanted: type, *, null: bool = False) -> Check:
    def check(value: Any, path: str) -> Any:
        if not (isinstance(value, wanted) or (null and value is None)):
            raise _invalid(path, f"{wanted.__name__}{' or null' if null else ''}")
        return value

    return check


def _number(lowest: float, highest: float, *others: Any) -> Check:
    def check(value: Any, path: str) -> Any:
        if value in others:
            return value
        if not isinstance(value, int | float) or isinstance(value, bool) or not lowest <= value <= highest:
            raise _invalid(path, f"a number from {lowest} to {highest}")
        return value

    return check


def _anything(value: Any, path: str) -> Any:
    return value


def _check_format(value: Any, path: str) -> Any:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _FORMATS:
        raise _invalid(f"{path}.type", "one of " + ", ".join(map(repr, _FORMATS)))
    rate = _FORMATS[kind][1]
    if value.get("rate", rate) != rate:
        raise _invalid(f"{path}.rate", str(rate))
    return {"type": kind, "rate": rate} if kind == "audio/pcm" else {"type": kind}


def _check_turn_detection(value: Any, path: str) -> Any:
    if value is None:
        return None
    kind = value.get("type", "server_vad") if isinstance(value, dict) else None
    if kind not in {"server_vad", "semantic_vad"}:
        raise _invalid(f"{path}.type", "'server_vad' or 'semantic_vad'")
    defaults = _SERVER_VAD if kind == "server_vad" else _SEMANTIC_VAD
    detection = dict(defaults)
    _merge(detection, value, {name: _TURN_DETECTION[name] for name in defaults}, path)
    return detection


def _check_voice(value: Any, path: str) -> Any:
    if value in VOICES or (isinstance(value, dict) and isinstance(value.get("id"), str)):
        return value
    raise _invalid(path, "one of " + ", ".join(map(repr, VOICES)))


def _check_tools(value: Any, path: str) -> Any:
    if not (isinstance(value, list) and all(isinstance(tool, dict) for tool in value)):
        raise _invalid(path, "a list of objects")
    for number, tool in enumerate(value):
        if tool.get("type") not in {"function", "mcp"}:
            raise _invalid(f"{path}[{number}].type", "'function' or 'mcp'")
        if tool["type"] == "function" and not (isinstance(tool.get("name"), str) and tool["name"]):
            raise _invalid(f"{path}[{number}].name", "a text")
        if not isinstance(tool.get("parameters") or {}, dict):
            raise _invalid(f"{path}[{number}].parameters", "a JSON schema")
    return value


def _check_tool_choice(value: Any, path: str) -> Any:
    named = isinstance(value, dict) and value.get("type") == "function" and isinstance(value.get("name"), str)
    if not (named or value in ("auto", "none", "required")):
        raise _invalid(path, "'auto', 'none', 'required' or a function")
    return value


_TURN_DETECTION: dict[str, Check] = {
    "type": _anything,
    "threshold": _number(0, 1),
    "prefix_padding_ms": _number(0, 5000),
    "silence_duration_ms": _number(0, 10_000),
    "idle_timeout_ms": _one_of(None),
    "eagerness": _one_of("low", "medium", "high", "auto"),
    "create_response": _of_type(bool),
    "interrupt_response": _of_type(bool),
}
_AUDIO_OUTPUT = {"format": _check_format, "voice": _check_voice, "speed": _number(0.25, 1.5)}
_MAX_OUTPUT_TOKENS = _number(1, 4096, "inf")
_TOOLS: dict[str, Check] = {
    "tools": _check_tools,
    "tool_choice": _check_tool_choice,
    "parallel_tool_calls": _anything,
    "reasoning": _anything,
    "prompt": _of_type(dict, null=True),
}
"""Of tools, functions are called; the rest is accepted for the shape's sake."""

_AUDIO_INPUT = {
    "format": _check_format,
    "transcription": _of_type(dict, null=True),
    "noise_reduction": _of_type(dict, null=True),
    "turn_detection": _check_turn_detection,
}
_SESSION: dict[str, Any] = {
    "type": _one_of("realtime"),
    "model": _of_type(str),
    "output_modalities": _one_of(*MODALITIES),
    "instructions": _of_type(str),
    "audio": {
        "input": _AUDIO_INPUT,
        "output": _AUDIO_OUTPUT,
    },
    "max_output_tokens": _MAX_OUTPUT_TOKENS,
    "truncation": _anything,
    "tracing": _anything,
    "include": _of_type(list, null=True),
    **_TOOLS,
}
_TRANSCRIPTION: dict[str, Any] = {
    "type": _one_of("transcription"),
    "audio": {"input": _AUDIO_INPUT},
    "include": _of_type(list, null=True),
}
_SESSIONS = {"realtime": _SESSION, "transcription": _TRANSCRIPTION}
_INHERITED = ("output_modalities", "instructions", "audio", "max_output_tokens", "tools", "tool_choice")
_RESPONSE: dict[str, Any] = {
    "output_modalities": _one_of(*MODALITIES),
    "instructions": _of_type(str),
    "audio": {"output": _AUDIO_OUTPUT},
    "conversation": _one_of("auto", "none"),
    "input": _of_type(list, null=True),
    "metadata": _of_type(dict, null=True),
    "max_output_tokens": _MAX_OUTPUT_TOKENS,
    **_TOOLS,
}
