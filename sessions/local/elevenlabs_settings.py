"""What an ElevenLabs agent's client says of itself when it begins, and the messages that follow."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sessions.local.ending import SessionEnded

CLIENT_EVENTS = frozenset(
    {
        "agent_chat_response_part",
        "agent_response",
        "agent_response_correction",
        "audio",
        "client_tool_call",
        "interruption",
        "tentative_user_transcript",
        "user_transcript",
    }
)
"""Events that a client can do without; `conversation.client_events` names those that it wants."""

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "user_audio_chunk": {"user_audio_chunk": str},
    "conversation_initiation_client_data": {},
    "pong": {"event_id": int},
    "user_message": {"text": (str, type(None))},
    "multimodal_message": {},
    "contextual_update": {"text": str},
    "user_activity": {},
    "client_tool_result": {"tool_call_id": str, "is_error": bool},
    "mcp_tool_approval_result": {"tool_call_id": str, "is_approved": bool},
    "feedback": {"event_id": int},
}
"""Message types, and the fields that they need."""


class AgentError(SessionEnded):
    """Is told as an `error` event before the socket is closed."""

    def __init__(self, code: int, error_type: str, message: str) -> None:
        super().__init__(code, message)
        self.error_type = error_type


@dataclass(frozen=True)
class AgentSettings:
    """The agent's own settings are: no first message, no prompt; every override is allowed."""

    first_message: str = ""
    prompt: str = ""
    speed: float = 1.0
    text_only: bool = False
    client_events: frozenset[str] = field(default=CLIENT_EVENTS)

    @classmethod
    def parse(cls, message: dict[str, Any]) -> "AgentSettings":
        """Take a `conversation_initiation_client_data`; raises `AgentError`."""
        override = _object(message, "conversation_config_override")
        agent, conversation = _object(override, "agent"), _object(override, "conversation")
        language = agent.get("language") or "en"
        if language != "en":
            raise AgentError(1008, "override_error", f"the embedded gateway speaks English, not {language}")
        speed = _object(override, "tts").get("speed") or 1.0
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0.7 <= speed <= 5:
            raise AgentError(1008, "value_error", "tts.speed is a number from 0.7 to 5")
        events = conversation.get("client_events")
        if events is not None and not isinstance(events, list):
            raise AgentError(1008, "value_error", "conversation.client_events is a list")
        variables = _object(message, "dynamic_variables")
        return cls(
            first_message=_filled(agent.get("first_message"), variables),
            prompt=_filled(_object(agent, "prompt").get("prompt"), variables),
            speed=float(speed),
            text_only=conversation.get("text_only") is True,
            client_events=CLIENT_EVENTS if events is None else CLIENT_EVENTS.intersection(map(str, events)),
        )


def parse(frame: str | bytes) -> dict[str, Any]:
    """Return a message with its `type`, which audio goes without; raises `AgentError`."""
    try:
        message = json.loads(frame)
    except ValueError:
        raise AgentError(1008, "invalid_message", "the message is not JSON") from None
    if not isinstance(message, dict):
        raise AgentError(1008, "invalid_message", "a message is a JSON object")
    kind = "user_audio_chunk" if "user_audio_chunk" in message else message.get("type")
    required = _REQUIRED.get(kind) if isinstance(kind, str) else None
    if required is None:
        raise AgentError(1008, "invalid_message", f"there is no message type {kind!r}")
    for name, wanted in required.items():
        if not isinstance(message.get(name), wanted):
            raise AgentError(1008, "missing_fields", f"{kind} needs {name}")
    return {**message, "type": kind}


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AgentError(1008, "value_error", f"{name} is an object")
    return value


def _filled(text: Any, variables: dict[str, Any]) -> str:
    if text is not None and not isinstance(text, str):
        raise AgentError(1008, "value_error", "first_message and prompt are texts")

    def value(variable: re.Match[str]) -> str:
        if variable[1] not in variables:
            raise AgentError(1008, "missing_dynamic_variable", f"there is no value for {variable[1]}")
        return str(variables[variable[1]])

    return _VARIABLE.sub(value, text or "")
