"""A frame of the wire, read: its kind, what its JSON says, and the sound in it."""

import json
import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from sessions.audio.pcm import BYTES_PER_SAMPLE, Samples, samples_of
from sessions.providers import g711
from sessions.providers.codec import Frame, Kind
from sessions.secrets import redact
from sessions.state.journal import Direction, WireFrame
from sessions.text import one_line

LONGEST_SECRET = 4096
"""Characters read beyond those that are shown, so that no secret is cut before it is found."""
_LONGEST_KIND = 80
_DEEPEST_SOUND = 6
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_RATE = re.compile(r"\brate=([1-9]\d{3,5})\b")
_FORMAT = re.compile(r"(pcm|ulaw)_([1-9]\d{3,5})")
_FORMAT_FIELDS: dict[Direction, str] = {
    "sent": "user_input_audio_format",
    "received": "agent_output_audio_format",
}
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


class Number(str):
    """A number as it was written."""

    __slots__ = ()


_JSON = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number, strict=False)


class Sound(msgspec.Struct, frozen=True):
    """Mono speech as a frame carries it."""

    encoded: Frame
    """Base64, or raw."""
    rate: int
    ulaw: bool = False

    @property
    def seconds(self) -> float:
        size = len(self.encoded)
        if isinstance(self.encoded, str):
            size = size * 3 // 4 - self.encoded[-2:].count("=")
        return size / ((1 if self.ulaw else BYTES_PER_SAMPLE) * self.rate)

    def samples(self) -> Samples:
        """Decode; there are none where it is no base64 after all."""
        data = self.encoded
        if isinstance(data, str):
            try:
                data = a2b_base64(data.translate(_URL_SAFE))
            except (NotBase64, ValueError):
                data = b""
        return samples_of(g711.decode(data) if self.ulaw else data)

    def peaks(self, count: int) -> tuple[float, ...]:
        """Return the peaks, 0..1, of `count` parts of equal length."""
        sizes = np.abs(self.samples().astype(np.int32))
        return tuple(float(part.max(initial=0)) / 32768.0 for part in np.array_split(sizes, max(1, count)))


class Reading(msgspec.Struct, frozen=True):
    kind: str
    """A word or two, safe to show."""
    value: Any = msgspec.UNSET
    """What JSON or MessagePack says, a number of JSON as `Number`; UNSET where the frame is neither."""
    sound: Sound | None = None


class Reader:
    """Reads the frames of one session, whatever is in them."""

    def __init__(self, provider: str, kind: Kind) -> None:
        self._pictures = kind == "image"
        # Where neither the message nor one before it tells.
        heard = 24_000 if provider == "openai" else 16_000
        said = 16_000 if (provider, kind) == ("elevenlabs", "converse") else 24_000
        self._formats: dict[Direction, tuple[str, int]] = {"sent": ("pcm", heard), "received": ("pcm", said)}

    def read(self, frame: WireFrame) -> Reading:
        value = _parsed(frame.content)
        if value is not msgspec.UNSET:
            self._learn(value)
            return Reading(_kind(value), value, self._sound_in(value, frame.direction))
        if isinstance(frame.content, str):
            return Reading("text")
        for magic, picture in _PICTURES.items():
            if frame.content.startswith(magic):
                return Reading(picture)
        if self._pictures or not frame.content:
            return Reading("binary")
        return Reading("audio", sound=self._sound(frame.content, frame.direction))

    def _learn(self, value: Any) -> None:
        """ElevenLabs' agents tell their formats once, in the beginning."""
        told = value.get("conversation_initiation_metadata_event") if isinstance(value, dict) else None
        if isinstance(told, dict):
            for direction, field in _FORMAT_FIELDS.items():
                if found := _FORMAT.fullmatch(str(told.get(field))):
                    self._formats[direction] = found[1], int(found[2])

    def _sound_in(self, value: Any, direction: Direction) -> Sound | None:
        for parent, key, text in _strings(value):
            kind, media = str(parent.get("type")), str(parent.get("mimeType") or parent.get("mime_type"))
            if (
                key in ("audio", "audio_base_64", "user_audio_chunk")
                or (key == "delta" and kind.endswith("audio.delta"))
                or (key == "data" and (kind == "chunk" or media.startswith("audio/")))
            ) and BASE64.fullmatch(text[:256]):
                told = _RATE.search(media)
                return self._sound(text, direction, int(told[1]) if told else None)
        return None

    def _sound(self, encoded: Frame, direction: Direction, rate: int | None = None) -> Sound:
        encoding, usual = self._formats[direction]
        return Sound(encoded, rate or usual, encoding == "ulaw")


def _parsed(content: Frame) -> Any:
    """Return what JSON or MessagePack says, or UNSET. Speech may look like MessagePack, but for an object."""
    try:
        if isinstance(content, str):
            return _JSON.decode(content)
        if content.startswith((b"{", b"[")):
            return _JSON.decode(content.decode())
        value = msgspec.msgpack.decode(content)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return msgspec.UNSET
    return value if isinstance(value, dict) and value else msgspec.UNSET


def _kind(value: Any) -> str:
    """What the message calls itself, or else the names of what is in it."""
    if not isinstance(value, dict):
        return "array" if isinstance(value, list) else "value"
    names = [name for key in ("type", "message_type", "event") if type(name := value.get(key)) is str] or [
        f"{key}.{next(iter(child))}" if isinstance(child, dict) and len(child) == 1 else str(key)
        for key, child in list(value.items())[:3]
    ]
    return one_line(redact(" ".join(name[:LONGEST_SECRET] for name in names)), _LONGEST_KIND) or "object"


def _strings(value: Any) -> Iterator[tuple[dict[Any, Any], Any, str]]:
    """Every string in an object, with its object and key, but for what is very deep within."""
    waiting = [(value, 0)] if isinstance(value, dict | list) else []
    while waiting:
        parent, depth = waiting.pop()
        items = parent.items() if isinstance(parent, dict) else ((None, child) for child in parent)
        for key, child in items:
            if type(child) is str and isinstance(parent, dict):
                yield parent, key, child
            elif isinstance(child, dict | list) and depth < _DEEPEST_SOUND:
                waiting.append((child, depth + 1))
