"""WebSocket connections over httpx-ws, with the faults of its version 0.9.0 mended in one place.

What stock httpx-ws does, and what this does instead (each measured, or read from its source):

- an unread message blocks the reader, so pings go unanswered: the reader never waits for the consumer;
- the message size is not limited, and joining a long one is quadratic: limited, and joined once;
- an unsolicited pong, which is legal, ends the session: any pong is taken as a sign of life;
- a send to a peer that stops reading blocks without end, and so does closing: both have time limits, and
  the socket is shut down when they run out;
- `receive` after the end hangs: it raises again;
- the body of a refused upgrade cannot be read: it is read before httpx closes it.
"""

import os
import socket
import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpcore
import httpx
import wsproto.connection
import wsproto.events
from httpx_ws import AsyncWebSocketSession, WebSocketUpgradeError, aconnect_ws
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from sessions.gateway import Address
from sessions.providers.codec import Frame
from sessions.secrets import redact
from sessions.text import one_line

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes; OpenAI allows events of 15 MiB."""
MAX_UNREAD = 64 * 1024 * 1024
"""Bytes received and not yet consumed, over which the connection is given up."""
_PIECE = 32
"""Bytes that a message or fragment costs in memory beside its content: tiny ones come in millions."""
READ_CHUNK = 64 * 1024
_FAIR = 100
"""Messages or frames in a row after which other tasks get their turn: one read may hold 30,000 of them."""
CONNECT_TIMEOUT = 10.0
REFUSAL_TIMEOUT = 2.0
"""Seconds for the body of a refusal."""
SEND_TIMEOUT = 10.0
CLOSE_TIMEOUT = 0.3
"""Seconds for the closing handshake, and again for the socket: quitting must feel immediate."""
PING_INTERVAL = 20.0
SILENCE_LIMIT = 60.0
"""Seconds after a ping without a single byte. Pongs of Gemini were seen to take up to 30 s."""
_NOT_CLOSED_BY_PEER = (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MAX_REFUSAL = 16 * 1024
_REFUSAL_BODY = "voxdeck.refusal_body"


class BadAuthority(Exception):
    """A file of certificate authorities cannot be used; the message is one line."""


class TransportError(Exception):
    """A connection could not be made or has ended; the message is one line without secrets."""


class NotReached(TransportError):
    """No connection, or no answer to the upgrade. `transient`: it may be there later."""

    def __init__(self, message: str, *, transient: bool = False) -> None:
        self.transient = transient
        super().__init__(message)


class Refused(TransportError):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status: int, body: str, retry_after: str | None) -> None:
        self.status, self.body, self.retry_after = status, body, retry_after
        super().__init__(f"refused with HTTP {status}")


class Disconnected(TransportError):
    """The peer closed the connection with a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        said = f": {one_line(redact(reason))}" if reason else ""
        super().__init__(f"closed by the other side with {code}{said}")


class ConnectionLost(TransportError):
    """The connection ended without a close frame, or by a limit of ours."""


class Connection(AsyncWebSocketSession):
    """One open WebSocket. One task may receive; any may send. Leave the context to close."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, **options: object) -> None:
        super().__init__(stream, **options)  # type: ignore[arg-type]
        self._messages: deque[Frame] = deque()
        self._unread = 0
        self._parts: list[Any] = []
        """Of the message that is coming in."""
        self._size = 0
        self._in_a_row = 0
        self._arrived = anyio.Event()
        self._end: TransportError | None = None
        self._ended = anyio.Event()
        self._pong_due: bytes | None = None
        self._pong_wanted = anyio.Event()
        self._last_heard = anyio.current_time()

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator["Connection", None]:
        # Not the base's: its task group would send close frames without a limit.
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read)
            tasks.start_soon(self._answer_pings)
            tasks.start_soon(self._watch)
            try:
                yield self
            finally:
                with anyio.CancelScope(shield=True):
                    await self.close()
                tasks.cancel_scope.cancel()

    async def next_message(self) -> Frame:
        """Return the next message. Raises the error that ended the connection, each time it is asked."""
        self._in_a_row += 1
        if self._in_a_row >= _FAIR:
            self._in_a_row = 0
            await anyio.lowlevel.checkpoint()
        while not self._messages:
            if self._end:
                raise self._end
            self._arrived = anyio.Event()
            await self._arrived.wait()
            self._in_a_row = 0
        message = self._messages.popleft()
        self._unread -= len(message) + _PIECE
        return message

    async def send_message(self, message: Frame) -> None:
        """Send one message. Raises the error that ended the connection, or ends it when time runs out."""
        event = (
            wsproto.events.TextMessage(data=message)
            if isinstance(message, str)
            else wsproto.events.BytesMessage(data=message)
        )
        if self._end is None:
            await self._write(event)
        if self._end is not None:
            raise self._end

    async def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str | None = None) -> None:
        """Say goodbye and close, within about half a second whatever the peer does."""
        with anyio.move_on_after(CLOSE_TIMEOUT):
            if self._end is None or isinstance(self._end, Disconnected):
                await self._write(wsproto.events.CloseConnection(code, reason))
                await self._ended.wait()
        self._finish(ConnectionLost("closed"))
        self._shut_down()
        with anyio.move_on_after(CLOSE_TIMEOUT):
            await self.stream.aclose()

    async def _write(self, event: wsproto.events.Event) -> None:
        with anyio.move_on_after(SEND_TIMEOUT) as limit:
            async with self._write_lock:
                try:
                    # Framed under the lock, so that frames leave in the order they were made in.
                    await self.stream.write(self.connection.send(event))
                except (httpcore.WriteError, LocalProtocolError, OSError):
                    self._finish(ConnectionLost("the connection broke while sending"))
                except anyio.get_cancelled_exc_class():
                    # It may have left half a frame behind, which nothing sensible can follow.
                    slow = f"the other side took no data for {SEND_TIMEOUT:.0f} s"
                    self._finish(ConnectionLost(slow if limit.cancel_called else "sending was broken off"))
                    raise
        if limit.cancelled_caught:
            self._shut_down()

    async def _read(self) -> None:
        try:
            while self._end is None:
                data = await self.stream.read(READ_CHUNK)
                if not data:
                    self._finish(ConnectionLost("the connection was dropped without a close frame"))
                    return
                self.connection.receive_data(data)
                self._last_heard = anyio.current_time()
                for number, event in enumerate(self.connection.events(), 1):
                    if number % _FAIR == 0:
                        await anyio.lowlevel.checkpoint()
                    await self._take(event)
                    if self._ended.is_set():
                        return
        except (httpcore.ReadError, OSError):
            self._finish(ConnectionLost("the connection was lost"))

    async def _take(self, event: wsproto.events.Event) -> None:
        match event:
            case wsproto.events.Message():
                self._parts.append(event.data)
                self._size += len(event.data) + _PIECE
                if self._size > MAX_MESSAGE:
                    await self._give_up(f"a message is larger than {MAX_MESSAGE >> 20} MiB")
                elif event.message_finished:
                    self._deliver(self._parts)
                    self._parts, self._size = [], 0
                    if self._unread > MAX_UNREAD:
                        await self._give_up("more came than could be handled")
            case wsproto.events.Ping():
                # The newest stands for all before it, which RFC 6455 allows.
                self._pong_due = bytes(event.payload)
                self._pong_wanted.set()
            case wsproto.events.CloseConnection() if self.connection.state in _NOT_CLOSED_BY_PEER:
                # wsproto's way to say that it cannot read what came.
                what = one_line(event.reason or "")
                await self._give_up(f"the other side broke the WebSocket protocol: {what}", event.code)
            case wsproto.events.CloseConnection():
                self._finish(Disconnected(event.code, event.reason or ""))
            case _:
                pass

    def _deliver(self, parts: list[Any]) -> None:
        message: Frame = "".join(parts) if isinstance(parts[0], str) else b"".join(parts)
        self._messages.append(message)
        self._unread += len(message) + _PIECE
        self._arrived.set()

    async def _give_up(self, why: str, code: int = CloseReason.MESSAGE_TOO_BIG) -> None:
        with anyio.move_on_after(CLOSE_TIMEOUT):
            await self._write(wsproto.events.CloseConnection(code))
        self._finish(ConnectionLost(f"given up: {why}"))
        self._shut_down()

    async def _answer_pings(self) -> None:
        while self._end is None:
            await self._pong_wanted.wait()
            self._pong_wanted = anyio.Event()
            payload, self._pong_due = self._pong_due, None
            if payload is not None and self._end is None:
                await self._write(wsproto.events.Pong(payload))

    async def _watch(self) -> None:
        while self._end is None:
            await anyio.sleep(PING_INTERVAL)
            asked = anyio.current_time()
            await self._write(wsproto.events.Ping(b"voxdeck"))
            while self._end is None and self._last_heard < asked:
                if anyio.current_time() - asked > SILENCE_LIMIT:
                    self._finish(ConnectionLost(f"nothing was heard for {SILENCE_LIMIT:.0f} s"))
                    self._shut_down()
                await anyio.sleep(min(1.0, SILENCE_LIMIT / 4))

    def _finish(self, end: TransportError) -> None:
        """The first end is the one that counts."""
        if self._end is None:
            self._end = end
        self._ended.set()
        self._arrived.set()
        self._pong_wanted.set()

    def _shut_down(self) -> None:
        """Make every blocked read and write return at once."""
        raw = self.stream.get_extra_info("socket")
        if raw is not None:
            with suppress(OSError):  # already gone
                raw.shutdown(socket.SHUT_RDWR)


class Transport:
    """Opens connections over one shared client; a client of its own each would cost 20 ms (measured)."""

    def __init__(self, ca: str = "") -> None:
        """`ca`: a file of further certificate authorities. Raises BadAuthority where it cannot be used."""
        self._no_proxy = ""
        trust = _trust(ca)
        try:
            self._client = _client(trust, proxies=True)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # The embedded gateway, on this machine, works all the same.
            self._no_proxy = f"the proxy in ALL_PROXY cannot be used: {one_line(redact(str(error)))}"
            self._client = _client(trust, proxies=False)

    async def aclose(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def connect(self, address: Address) -> AsyncIterator[Connection]:
        """Open a WebSocket. Raises NotReached or Refused; what the body raises leaves as it is."""
        caught: Exception | None = None
        try:
            if self._no_proxy and httpx.URL(address.url).host not in _LOOPBACK:
                raise NotReached(f"cannot reach {address.shown}: {self._no_proxy}")
            async with aconnect_ws(
                address.url,
                self._client,
                headers=dict(address.headers),  # httpx-ws changes the dict it is given
                subprotocols=list(address.subprotocols) or None,
                session_class=Connection,
            ) as connection:
                # An error that left the inner context would arrive wrapped in an ExceptionGroup.
                try:
                    yield connection
                except Exception as error:
                    caught = error
        except WebSocketUpgradeError as error:
            body: str = error.response.extensions.get(_REFUSAL_BODY, "")
            retry_after = error.response.headers.get("retry-after")
            raise Refused(error.response.status_code, body, retry_after) from None
        except httpx.TimeoutException:
            why = f"no answer from {address.shown} within {CONNECT_TIMEOUT:.0f} s"
            raise NotReached(why, transient=True) from None
        except httpx.HTTPError as error:
            cause = _innermost(error)
            broken = isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError))
            transient = broken and not isinstance(cause, ssl.SSLError)
            raise NotReached(f"cannot reach {address.shown}: {_why(cause)}", transient=transient) from None
        except (httpx.InvalidURL, UnicodeError):
            raise NotReached(f"cannot reach {address.shown}: this is no address that can be used") from None
        if caught is not None:
            raise caught


def _client(trust: ssl.SSLContext, *, proxies: bool) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=trust,
        timeout=httpx.Timeout(CONNECT_TIMEOUT, pool=None),
        limits=httpx.Limits(max_connections=None),
        event_hooks={"response": [_keep_refusal]},
        trust_env=proxies,
        # No proxy reaches this machine, whatever ALL_PROXY says.
        mounts=dict.fromkeys(f"all://{host}" for host in ("127.0.0.1", "localhost", "[::1]")),
    )


def _trust(ca: str) -> ssl.SSLContext:
    """Certificates are always verified, by the usual authorities and those of `ca`."""
    context = httpx.create_ssl_context()
    if ca:
        try:
            context.load_verify_locations(Path(ca).expanduser())
        except ssl.SSLError:
            raise BadAuthority(f"{ca}: it holds no certificates (PEM)") from None
        except OSError as error:
            raise BadAuthority(f"{ca}: {(error.strerror or 'cannot be read').lower()}") from None
    return context


async def _keep_refusal(response: httpx.Response) -> None:
    """Read what a refusal says, within limits, before httpx-ws raises and httpx closes the response."""
    if response.status_code == 101:
        return
    body = bytearray()
    with anyio.move_on_after(REFUSAL_TIMEOUT):
        with suppress(httpx.HTTPError):  # what came before the fault is still worth showing
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _MAX_REFUSAL:
                    break
    response.extensions[_REFUSAL_BODY] = bytes(body[:_MAX_REFUSAL]).decode(errors="replace")


def _innermost(error: BaseException) -> BaseException:
    """The innermost cause says what httpx's own messages leave out (which host, which errno)."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _why(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLError):
        why = (cause.reason or "failed").replace("_", " ").lower()
        verdict = getattr(cause, "verify_message", "")
        return one_line(f"TLS {why}: {verdict}" if verdict else f"TLS {why}")
    if isinstance(cause, OSError) and cause.errno:
        # asyncio puts the address where the reason should be; a failed look-up has a number of its own.
        why = str(cause.strerror) if isinstance(cause, socket.gaierror) else os.strerror(cause.errno)
        return one_line(redact(why.lower()))
    return one_line(redact(str(cause) or type(cause).__name__))
