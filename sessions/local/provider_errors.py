"""The providers' own error messages and closes, for clients that want to see how they cope with them.

Codes, keys and close codes are the providers' (documentation and SDKs of 2026); the sentences are ours.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class ProviderError:
    """What goes to the client; without `close` the session goes on."""

    frames: tuple[str | bytes, ...] = ()
    close: tuple[int | None, str] | None = None


def _openai(code: str, kind: str, message: str, close: int | None = None, reason: str = "") -> ProviderError:
    error = {"type": kind, "code": code, "message": message, "param": None, "event_id": None}
    frame = json.dumps({"type": "error", "event_id": "event_fault", "error": error})
    return ProviderError((frame,), None if close is None else (close, reason or f"{kind}.{code}"))


def _cartesia(code: str, status: int, title: str) -> ProviderError:
    error = {"error_code": code, "title": title, "message": f"{title}.", "request_id": "fault"}
    return ProviderError((json.dumps({"type": "error", "done": True, "status_code": status, **error}),))


def _agent(kind: str, code: int) -> ProviderError:
    event = {"code": code, "error_type": kind, "message": kind.replace("_", " ")}
    return ProviderError((json.dumps({"type": "error", "error_event": event}),), (code, kind))


def _speech(error: str, message: str) -> ProviderError:
    frame = json.dumps({"message": message, "error": error, "code": 1008})
    return ProviderError((frame,), (1008, message))


def _fal(error: str, reason: str) -> ProviderError:
    frame = json.dumps({"type": "x-fal-error", "error": error, "reason": reason})
    return ProviderError((frame,), (1000, ""))


_INVALID = "invalid_request_error"
_DEEPGRAM = {
    "NET-0000": ProviderError(close=(1011, "NET-0000: the service produced nothing in its time")),
    "NET-0001": ProviderError(close=(1011, "NET-0001: neither audio nor text was received in time")),
    "DATA-0000": ProviderError(close=(1008, "DATA-0000: the data could not be decoded")),
    "MESSAGE-0000": ProviderError(close=(1003, "MESSAGE-0000: this kind of message is not taken")),
    "BIG-0000": ProviderError(close=(1009, "BIG-0000: the message is too large")),
    "SchemaError": ProviderError(
        (
            json.dumps(
                {
                    "type": "Error",
                    "variant": "SchemaError",
                    "description": "the message could not be read",
                    "message": "",
                }
            ),
        )
    ),
}

ERRORS: dict[str, dict[str, ProviderError]] = {
    "openai": {
        "invalid_api_key": _openai("invalid_api_key", _INVALID, "The API key is not valid.", 3000),
        "model_not_found": _openai("model_not_found", _INVALID, "There is no such model.", 4004),
        "insufficient_quota": _openai("insufficient_quota", "insufficient_quota", "The quota is used up."),
        "rate_limit_exceeded": _openai("rate_limit_exceeded", "tokens", "Too many tokens a minute."),
        "session_expired": _openai(
            "session_expired",
            _INVALID,
            "The session reached its maximum duration.",
            1001,
            "The session reached its maximum duration.",
        ),
        "server_error": _openai("server_error", "server_error", "The service had a fault."),
    },
    "google": {
        "invalid_api_key": ProviderError(close=(1007, "API key not valid.")),
        "model_not_found": ProviderError(
            close=(1008, "The model is not found or not supported for bidiGenerateContent.")
        ),
        "RESOURCE_EXHAUSTED": ProviderError(close=(1011, "RESOURCE_EXHAUSTED: the quota is exceeded.")),
        "deadline_expired": ProviderError(close=(1011, "Deadline expired.")),
        "internal_error": ProviderError(close=(1011, "Internal error.")),
        "goAway": ProviderError((b'{"goAway": {"timeLeft": "10s"}}',)),
    },
    "deepgram": _DEEPGRAM,
    "workers-ai": _DEEPGRAM,
    "cartesia": {
        "concurrency_limited": _cartesia("concurrency_limited", 429, "Too many contexts at once"),
        "model_not_found": _cartesia("model_not_found", 400, "Invalid model"),
    },
    "elevenlabs speech": {
        "input_timeout_exceeded": _speech("input_timeout_exceeded", "No text was received in time."),
        "detected_unusual_activity": _speech("detected_unusual_activity", "Unusual activity was detected."),
        "quota_exceeded": _speech("quota_exceeded", "The quota is used up."),
    },
    "elevenlabs": {
        "max_duration_exceeded": _agent("max_duration_exceeded", 1000),
        "llm_timeout": _agent("llm_timeout", 1002),
        "llm_error": _agent("llm_error", 1002),
        "safety_violation": _agent("safety_violation", 1002),
        "transport_receive_timeout": _agent("transport_receive_timeout", 1002),
        "override_error": _agent("override_error", 1008),
        "missing_dynamic_variable": _agent("missing_dynamic_variable", 1008),
        "unknown_websocket_crash": _agent("unknown_websocket_crash", 1011),
    },
    "fal": {
        "TIMEOUT": _fal("TIMEOUT", "no input was received in time"),
        "INTERNAL_ERROR": _fal("INTERNAL_ERROR", "the run failed"),
        "BAD_REQUEST": _fal("BAD_REQUEST", "the input could not be read"),
    },
}
"""By provider, then by name; the same name is another message elsewhere."""

NAMES = sorted({name for errors in ERRORS.values() for name in errors})


def provider_error(path: str, name: str) -> ProviderError | None:
    """Return what the provider behind a path (after account and gateway) sends, if it has that error."""
    provider = path.partition("/")[0]
    if provider == "elevenlabs" and path.endswith("stream-input"):
        provider = "elevenlabs speech"
    return ERRORS.get(provider, {}).get(name)
