"""Decoding of JSON messages that carry their kind in one field, with msgspec's tagged unions."""

import re
from typing import Any

import msgspec

from sessions.events import Event, Malformed, Raw
from sessions.providers.codec import Frame

_SURROGATE = re.compile("[\ud800-\udfff]")


class Message(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of a provider's messages. Unknown fields are skipped; missing ones take their defaults."""


class _Kind(msgspec.Struct):
    type: str = ""


class MessageDecoder:
    """Decodes messages of the given types; anything else becomes a `Raw` or `Malformed` event."""

    def __init__(self, union: Any, kinds: frozenset[str]) -> None:
        self._decoder = msgspec.json.Decoder(union)
        self._kind = msgspec.json.Decoder(_Kind)
        self._kinds = kinds

    def decode(self, frame: Frame) -> Message | Event:
        try:
            message: Message = self._decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return self._unread(frame, str(error))
        return message

    def _unread(self, frame: Frame, why: str) -> Event:
        try:
            kind = self._kind.decode(frame).type
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return Malformed(why=why, size=len(frame))
        if kind in self._kinds:
            return Malformed(why=f"{kind}: {why}", size=len(frame))
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        return Raw(kind=kind, content=text)


def decoder_of(*types: type[Message]) -> MessageDecoder:
    """Return a decoder for these message types, by the tags they carry."""
    union: Any = types[0]
    for each in types[1:]:
        union = union | each
    tags = frozenset(str(each.__struct_config__.tag) for each in types)
    return MessageDecoder(union, tags)


def sendable(text: str) -> str:
    """Return `text`, as long as before, with U+FFFD for what UTF-8 cannot hold.

    Bytes of the command line that are not UTF-8 come as lone surrogates.
    """
    return _SURROGATE.sub("\ufffd", text)
