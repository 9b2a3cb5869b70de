"""What the server and the wire protocols have in common."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket

from sessions.local.refusals import bad_parameter


class Session(Protocol):
    """One accepted WebSocket, spoken to in one provider's protocol."""

    async def run(self, websocket: WebSocket) -> None:
        """Serve until the peer or the protocol ends the session; when cancelled, the caller closes."""


async def messages(websocket: WebSocket) -> AsyncIterator[str | bytes]:
    """Yield whole messages, text or binary, until the socket is closed."""
    while (message := await websocket.receive())["type"] == "websocket.receive":
        yield content(message)


def content(message: Mapping[str, Any]) -> str | bytes:
    text: str | None = message.get("text")
    return message["bytes"] if text is None else text


class Query:
    """Query parameters, read with their types; raises `Refusal` that names the parameter."""

    def __init__(self, parameters: QueryParams) -> None:
        self._parameters = parameters

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def all(self, name: str) -> list[str]:
        """Return the values of a parameter that may be repeated."""
        return self._parameters.getlist(name)

    def text(self, name: str, default: str) -> str:
        return self._parameters.get(name, default)

    def flag(self, name: str) -> bool:
        value = self._parameters.get(name, "false")
        if value not in {"true", "false"}:
            raise bad_parameter(name, f"must be true or false, not {value}")
        return value == "true"

    def number(self, name: str, default: int | None, lowest: int, highest: int) -> int | None:
        value = self._parameters.get(name)
        if value is None:
            return default
        whole = value.isascii() and value.isdigit() and len(value) <= len(str(highest))
        if not (whole and lowest <= int(value) <= highest):
            raise bad_parameter(name, f"must be a number from {lowest} to {highest}, not {value}")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self._parameters.get(name)
        if value is not None and value not in choices:
            raise bad_parameter(name, f"must be one of {', '.join(choices)}, not {value}")
        return value
