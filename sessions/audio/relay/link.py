"""One connection between deck and relay: messages in and out, and an end in good time when it is dead."""

import asyncio
from typing import TypeVar

import anyio
import msgspec

from sessions.audio.relay.wire import LIMIT, Incoming, Malformed, Message, encode

PATIENCE = 2.0
"""Seconds without a word, or in which nothing can be sent, after which the other side counts as gone."""
PING_EVERY = 1.0
_READ = 1 << 16

M = TypeVar("M")


class Lost(Exception):
    """The connection is over; the message says why, in one line."""


class Link:
    """On asyncio's streams: anyio's for Unix sockets report a fault when data meets a cancellation.

    A context manager that closes it at once.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._incoming = Incoming()
        writer.transport.set_write_buffer_limits(0)  # what waits here is late, and in nobody's account

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.transport.abort()

    def trust(self) -> None:
        """Take long messages, too: it is known who is there."""
        self._incoming.limit = LIMIT

    async def send(self, *messages: Message) -> None:
        """Send in one piece. Raises Lost."""
        try:
            with anyio.fail_after(PATIENCE):
                self._writer.write(encode(*messages))
                await self._writer.drain()
        except TimeoutError:
            raise Lost(f"nothing could be sent for {PATIENCE:.0f} s") from None
        except OSError:
            raise Lost("the connection ended") from None

    async def receive(self, decoder: "msgspec.msgpack.Decoder[M]", patience: float = PATIENCE) -> M:
        """Wait for the next message. Raises Lost."""
        try:
            with anyio.fail_after(patience):
                while (message := self._incoming.next(decoder)) is None:
                    if not (data := await self._reader.read(_READ)):
                        raise Lost("the connection ended")
                    self._incoming.feed(data)
                return message
        except TimeoutError:
            raise Lost(f"nothing was heard for {patience:.0f} s") from None
        except Malformed as error:
            raise Lost(str(error)) from None
        except OSError:
            raise Lost("the connection ended") from None
