"""A server for misbehaviour over real sockets: it shakes hands by hand, then a test scripts the bytes."""

import base64
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream

from sessions.gateway import Address

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0

GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
"""How the other side's end shows in a script."""


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A frame as a server sends it: not masked."""
    return header(opcode, len(payload), fin=fin, rsv=rsv) + payload


def header(opcode: int, length: int, *, fin: bool = True, rsv: int = 0) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if length < 126:
        return struct.pack("!BB", first, length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


def text(content: str) -> bytes:
    return frame(TEXT, content.encode())


def closing(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


def response(status: str, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP response; an underscore in a header's name stands for a hyphen."""
    named = {"content_length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Peer:
    """The server's side of one connection."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream = stream
        self.sent = 0
        """Bytes that the kernel took."""
        self.head = ""
        self._unread = bytearray()

    async def accept(self, at_once: bytes = b"") -> None:
        """Answer the upgrade with 101, and with frames behind it in the same write."""
        if not self.head:
            await self.read_head()
        key = self.header("sec-websocket-key")
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        head = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
        )
        await self.send(head.encode() + at_once)

    async def read_head(self) -> str:
        """Read the request's line and headers."""
        while b"\r\n\r\n" not in self._unread:
            self._unread += await self.stream.receive()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        return self.head

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None

    async def send(self, *frames: bytes) -> None:
        for data in frames:
            await self.stream.send(data)
            self.sent += len(data)

    async def frame(self) -> tuple[int, bytes]:
        """The client's next frame: opcode and payload, unmasked."""
        first, second = await self._exactly(2)
        assert second & 0x80, "a client masks its frames"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self._exactly(8))
        mask = await self._exactly(4)
        payload = await self._exactly(length)
        repeated = (mask * (length // 4 + 1))[:length]
        plain = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
        return first & 0x0F, plain.to_bytes(length, "big")

    async def until_closed(self) -> None:
        """Read, and throw away, until the client closes; answer its close."""
        while (await self.frame())[0] != CLOSE:
            pass
        await self.send(closing(1000))

    async def until_gone(self) -> None:
        """Read, and throw away, until the connection is gone; answer nothing."""
        with suppress(*GONE):
            while True:
                await self.stream.receive()

    def reset(self) -> None:
        """End the connection with a RST."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._unread += await self.stream.receive()
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data


@dataclass
class Server:
    port: int
    peers: list[Peer] = field(default_factory=list)
    """Of all connections so far."""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/local/default"

    @property
    def address(self) -> Address:
        return Address(self.url, self.url)


Script = Callable[[Peer], Awaitable[None]]
"""What the server does with a connection; the connection is closed when it returns."""


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """Run a script for each connection. What it asserts fails the test."""

    async def handle(stream: SocketStream) -> None:
        peer = Peer(stream)
        server.peers.append(peer)
        async with stream:
            with suppress(*GONE):
                await script(peer)

    listeners = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = Server(listeners.extra(SocketAttribute.local_port))
    failed: Exception | None = None
    async with listeners, anyio.create_task_group() as tasks:
        tasks.start_soon(listeners.serve, handle)
        try:
            yield server
        except Exception as error:  # the group would wrap it
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed


def upgraded(*frames: bytes) -> Script:
    """A script that accepts, sends frames, and waits for the client to close."""

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(*frames)
        await peer.until_closed()

    return script


def answering(answer: bytes) -> Script:
    """A script that answers the upgrade with a response of its own."""

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer)

    return script
