"""What relay and deck say to each other: msgpack messages behind their length, both checked.

Sound is 16-bit little-endian mono at WIRE_RATE, silence a number. Frames are counted at WIRE_RATE from the
beginning of a connection. Times are microseconds of the relay's monotonic clock, except in `Ping`.
"""

from typing import Annotated, TypeVar

import msgspec

VERSION = 1
WIRE_RATE = 24_000
BLOCK = 480
"""Frames of sound in a message: 20 ms."""
LIMIT = 1 << 20
"""Bytes of the longest message."""
FIRST_LIMIT = 4096
"""Bytes of the longest message from somebody who has not been let in."""
TEXT_LIMIT = 600
_LENGTH = 4

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Sound = Annotated[bytes, msgspec.Meta(max_length=2 * WIRE_RATE)]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The deck shows the token, and a key of its own by which alone it can come back."""

    version: Count
    token: Text
    key: Text


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """`name` is the laptop's; `input` and `output` name its devices, empty where there is none."""

    name: Text
    input: Text
    output: Text
    now: Count


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """The relay wants nothing to do with the deck, or nothing more."""

    reason: Text


class Use(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """Which of the devices the deck wants open."""

    input: bool
    output: bool


class Captured(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Sound from the microphone. `frame`: number of its first; a jump means that some was lost."""

    pcm: Sound
    frame: Count
    at: Count


class Play(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Sound for the speaker."""

    pcm: Sound


class Silence(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """So many frames of silence for the speaker."""

    frames: Annotated[int, msgspec.Meta(ge=0, le=WIRE_RATE)]


class Credit(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """The speaker has taken `consumed` frames, and the next is heard at `at`; send up to frame `upto`."""

    consumed: Count
    at: Count
    upto: Count
    underruns: Count
    """Times that the speaker found too little, since the connection began."""


class Trouble(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """What is wrong with the laptop's devices, in one line; empty when nothing is any more."""

    line: Text


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=10):
    """`sent` is of the deck's clock."""

    sent: Count


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=11):
    sent: Count
    now: Count


class Bye(msgspec.Struct, frozen=True, array_like=True, tag=12):
    """The deck ends and hands the token back."""


FromDeck = Hello | Use | Play | Silence | Ping | Bye
FromRelay = Welcome | Refused | Captured | Credit | Trouble | Pong
Message = FromDeck | FromRelay

M = TypeVar("M")

from_deck: "msgspec.msgpack.Decoder[FromDeck]" = msgspec.msgpack.Decoder(FromDeck)
from_relay: "msgspec.msgpack.Decoder[FromRelay]" = msgspec.msgpack.Decoder(FromRelay)


class Malformed(Exception):
    """What came is not of this protocol; the message is one line."""


def encode(*messages: Message) -> bytes:
    """Return messages as bytes, ready to be sent in one piece."""
    bodies = [msgspec.msgpack.encode(message) for message in messages]
    return b"".join(part for body in bodies for part in (len(body).to_bytes(_LENGTH), body))


def micros(seconds: float) -> int:
    return max(0, round(seconds * 1e6))


class Incoming:
    """Puts messages together from bytes as they come."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.limit = FIRST_LIMIT

    def feed(self, data: bytes) -> None:
        self._rest += data

    def next(self, decoder: "msgspec.msgpack.Decoder[M]") -> M | None:
        """Return the next message, or None when it is not there yet. Raises Malformed."""
        if len(self._rest) < _LENGTH:
            return None
        length = int.from_bytes(self._rest[:_LENGTH])
        if length > self.limit:
            raise Malformed(f"a message of {length} bytes was announced; {self.limit} are allowed")
        if len(self._rest) < _LENGTH + length:
            return None
        body = bytes(self._rest[_LENGTH : _LENGTH + length])
        del self._rest[: _LENGTH + length]
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Malformed("a message came that is not of the relay's protocol") from None
