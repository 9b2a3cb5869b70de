"""What both of fal's sockets share: the result of an image model, and its refusal.

Source: fal's model pages and the types of its client 1.0.3.
"""

import re
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from sessions.commands import Command, ImpossibleCommand, MakeImage
from sessions.events import Event, Image, ImagesDone, Malformed
from sessions.providers.wire import sendable

_DATA_URI = re.compile(r"data:([^;,]*)([^,]*),(.*)", re.DOTALL)
_MEDIA_TYPE = "application/octet-stream"


class Picture(msgspec.Struct, frozen=True):
    url: str | None = None
    content: Any = None
    """Bytes; in JSON as base64 or as a list of numbers."""
    content_type: str | None = None
    width: int | None = None
    height: int | None = None


class _Timings(msgspec.Struct, frozen=True):
    inference: float | None = None


class Result(msgspec.Struct, frozen=True):
    images: tuple[Picture, ...]
    seed: int | None = None
    timings: _Timings | None = None
    request_id: str | None = None
    """As the request had it."""


class _Fault(msgspec.Struct, frozen=True):
    loc: tuple[Any, ...] = ()
    msg: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    detail: str | tuple[_Fault, ...]


UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What the decoders raise."""
from_json = msgspec.json.Decoder(Result)
from_msgpack = msgspec.msgpack.Decoder(Result)
_refusal = msgspec.json.Decoder(_Refusal)


def request_of(command: Command, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the job and the model's input. Raises ImpossibleCommand."""
    match command:
        case MakeImage(job=job, prompt=prompt):
            if not prompt.strip():
                raise ImpossibleCommand("there is no prompt")
            return job, {**settings, "prompt": sendable(prompt), "request_id": job}
        case _:
            raise ImpossibleCommand(f"an image model does not know {type(command).__name__}")


def events_of(job: str, result: Result) -> list[Event]:
    """Return the pictures that can be read, `Malformed` for the others, and the end of the job."""
    events: list[Event] = []
    for number, picture in enumerate(result.images, start=1):
        try:
            events.append(_image(job, picture))
        except (ValueError, TypeError) as error:
            events.append(Malformed(f"picture {number}: {error}", len(picture.url or "")))
    count = sum(isinstance(event, Image) for event in events)
    seconds = result.timings.inference if result.timings else None
    return [*events, ImagesDone(job, count, result.seed, seconds)]


def refusal_of(body: bytes, status: int) -> str:
    """Return in one line why a request was refused."""
    try:
        detail = _refusal.decode(body).detail
    except UNREADABLE:
        return f"HTTP {status}"
    if not isinstance(detail, str):
        detail = "; ".join(f"{'.'.join(map(str, fault.loc))}: {fault.msg}" for fault in detail)
    return f"{detail} (HTTP {status})"


def _image(job: str, picture: Picture) -> Image:
    """Raises ValueError or TypeError where there is neither a content nor an address."""
    media_type, url = picture.content_type or _MEDIA_TYPE, ""
    if picture.content:
        content = _bytes(picture.content)
    elif found := _DATA_URI.fullmatch(picture.url or ""):
        media_type = found[1] or media_type
        content = a2b_base64(found[3]) if found[2].endswith(";base64") else unquote_to_bytes(found[3])
    elif (picture.url or "").startswith(("https://", "http://")):
        content, url = b"", picture.url or ""
    else:
        raise ValueError("it has neither a content nor an address")
    return Image(job, media_type, content, url, picture.width, picture.height)


def _bytes(content: Any) -> bytes:
    match content:
        case bytes():
            return content
        case str():
            return a2b_base64(content)
        case list():
            return bytes(content)
        case _:
            raise TypeError("its content is not bytes")
