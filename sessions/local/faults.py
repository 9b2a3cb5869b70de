"""Faults on demand, so that one can see how a client copes: each is a layer around the application.

What the wire suffers is done to the connection's transport, for ASGI knows messages only.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sessions.local.provider_errors import NAMES, ProviderError, provider_error
from sessions.local.refusals import with_status

LONGEST = 3600.0
"""Seconds that a fault can take."""
LONGEST_REASON = 123
"""Bytes that a close frame has for its reason."""

_DELAYED_MESSAGES = 1000
_HALF_CLOSED_LIMIT = 1.0
_CLOSE_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
_RESET = struct.pack("ii", 1, 0)


class Fault(Protocol):
    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket with `app`, and with the fault."""


class Connection(WebSocketsSansIOProtocol):
    """Tells the application what it runs on."""

    async def run_asgi(self) -> None:
        self.scope["state"]["connection"] = self
        await super().run_asgi()


def faulty(app: ASGIApp, faults: Sequence[Fault]) -> ASGIApp:
    """Return the application with faults in its WebSockets; it has to run on a `Connection`."""
    for fault in reversed(faults):
        app = _layer(fault, app)
    return app


def _layer(fault: Fault, app: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await fault(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return serve


def parse(spec: str) -> Fault:
    """Return the fault that is written as NAME=VALUE; raises ValueError, in one line for its author."""
    name, _, value = spec.partition("=")
    if name not in _KINDS:
        raise ValueError(f"{spec}: a fault is one of {', '.join(form for form, _ in _KINDS.values())}")
    form, read = _KINDS[name]
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{spec}: {error} ({form})") from None


@dataclass(frozen=True)
class Delay:
    """Every message arrives so many seconds late; their distances stay."""

    seconds: float

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        into, out = anyio.create_memory_object_stream[tuple[float, Message]](_DELAYED_MESSAGES)

        async def pass_on() -> None:
            with out, suppress(OSError):
                async for due, message in out:
                    await anyio.sleep_until(due)
                    await send(message)

        async def late(message: Message) -> None:
            if message["type"] not in {"websocket.send", "websocket.close"}:
                await send(message)
                return
            try:
                await into.send((anyio.current_time() + self.seconds, message))
            except anyio.BrokenResourceError:
                raise OSError("the peer is gone") from None

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pass_on)
            with into:
                await app(scope, receive, late)


@dataclass(frozen=True)
class SlowHandshake:
    seconds: float

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(self.seconds)
        await app(scope, receive, send)


@dataclass(frozen=True)
class Refuse:
    status: int

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).send_denial_response(with_status(self.status).response)


@dataclass(frozen=True)
class Outburst:
    """So many seconds after the handshake the client is told of an error, or the session is closed."""

    find: Callable[[str], ProviderError | None]
    """What is sent, by the path after account and gateway; None is nothing."""
    seconds: float

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        error = self.find(scope["path"].split("/", 4)[-1])
        if error is None:
            await app(scope, receive, send)
            return
        accepted = anyio.Event()
        closed = False

        async def watched(message: Message) -> None:
            nonlocal closed
            if closed:
                raise OSError("closed by a fault")
            closed = message["type"] == "websocket.close"
            await send(message)
            if message["type"] == "websocket.accept":
                accepted.set()

        async def burst() -> None:
            await accepted.wait()
            await anyio.sleep(self.seconds)
            for message in _messages(error):
                if not closed:
                    with suppress(OSError):
                        await watched(message)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(burst)
            await app(scope, receive, watched)
            tasks.cancel_scope.cancel()


def _messages(error: ProviderError) -> list[Message]:
    messages: list[Message] = [
        {"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame}
        for frame in error.frames
    ]
    if error.close is not None:
        code, reason = error.close
        messages.append({"type": "websocket.close", "code": code, "reason": reason})
    return messages


@dataclass(frozen=True)
class Cut:
    """After so many bytes on the wire, counted from behind the handshake, the connection ends as told."""

    end: Callable[[Connection], None]
    after: int

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"]["connection"]

        async def counted(message: Message) -> None:
            await send(message)
            if message["type"] == "websocket.accept":
                transport = _Limited(connection, self.end, self.after)
                connection.transport = cast(asyncio.Transport, transport)
                transport.write(b"")

        await app(scope, receive, counted)


class _Limited:
    """A transport that lets so many bytes through and is dead then."""

    def __init__(self, connection: Connection, end: Callable[[Connection], None], left: int) -> None:
        self._connection = connection
        self._transport = connection.transport
        self._end = end
        self._left = left
        self._dead = False

    def write(self, data: bytes) -> None:
        if self._dead:
            return
        if passing := data[: self._left]:
            self._transport.write(passing)
        self._left -= len(passing)
        if not self._left:
            self._dead = True
            self._end(self._connection)

    def resume_reading(self) -> None:
        if not self._dead:
            self._transport.resume_reading()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _drop(connection: Connection) -> None:
    """End without a close frame; half of the connection at first, for a close could become a reset."""
    connection.transport.write_eof()
    connection.loop.call_later(_HALF_CLOSED_LIMIT, connection.transport.abort)


def _reset(connection: Connection) -> None:
    # A socket that lingers for no time at all is closed with a RST.
    tcp: socket.socket = connection.transport.get_extra_info("socket")
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.transport.abort()


def _stall(connection: Connection) -> None:
    connection.transport.pause_reading()
    connection.writable.clear()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"SECONDS is a number from 0 to {LONGEST:.0f}")
    return seconds


def _whole(text: str, what: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and lowest <= int(text) <= highest):
        raise ValueError(f"{what} is a whole number from {lowest} to {highest}")
    return int(text)


def _timed(text: str) -> tuple[str, float]:
    """Split off the seconds behind the last @; without one it is at once."""
    before, at, seconds = text.rpartition("@")
    return (before, _seconds(seconds)) if at else (text, 0.0)


def _close(text: str) -> Fault:
    text, seconds = _timed(text)
    number, _, reason = text.partition(":")
    code = _whole(number, "CODE", 1000, 4999)
    if code not in _CLOSE_CODES and code != 1005:
        raise ValueError("CODE is not one that a close frame can have; drop-after=0 gives 1006")
    if len(reason.encode()) > LONGEST_REASON:
        raise ValueError(f"REASON has at most {LONGEST_REASON} bytes")
    # 1005 stands for a close frame without a code, which has no reason either.
    closing = ProviderError(close=(None, "") if code == 1005 else (code, reason))
    return Outburst(lambda path: closing, seconds)


def _error(text: str) -> Fault:
    name, seconds = _timed(text)
    if name not in NAMES:
        raise ValueError(f"NAME is one of {', '.join(NAMES)}")
    return Outburst(lambda path: provider_error(path, name), seconds)


def _after(end: Callable[[Connection], None]) -> Callable[[str], Fault]:
    return lambda text: Cut(end, _whole(text, "BYTES", 0, 10**12))


_KINDS: dict[str, tuple[str, Callable[[str], Fault]]] = {
    "delay": ("delay=SECONDS", lambda text: Delay(_seconds(text))),
    "drop-after": ("drop-after=BYTES", _after(_drop)),
    "reset-after": ("reset-after=BYTES", _after(_reset)),
    "stall-after": ("stall-after=BYTES", _after(_stall)),
    "close": ("close=CODE[:REASON][@SECONDS]", _close),
    "refuse": ("refuse=STATUS", lambda text: Refuse(_whole(text, "STATUS", 400, 599))),
    "slow-handshake": ("slow-handshake=SECONDS", lambda text: SlowHandshake(_seconds(text))),
    "error": ("error=NAME[@SECONDS]", _error),
}
