"""A frame's content as text that can be shown, copied and saved: safe, and without secrets."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Set
from itertools import islice
from typing import Any, Literal, NamedTuple

import msgspec

from sessions.secrets import redact
from sessions.state.frames import BASE64, LONGEST_SECRET, Number, Reading
from sessions.state.journal import WireFrame
from sessions.text import escape_json, plain

SHOWN_CLOSED, SHOWN_OPEN = 300, 20_000
"""Characters of a string that are shown."""
LONG = 60
"""Characters from which on a string folds."""
_MOST = 1000
"""Items of one array or object that are listed."""
_OPEN_TO, _OPEN_UP_TO = 6, 50
"""Levels that are open at first, and items of what is."""
_DUMPED = 64
"""Lines of a hex dump."""
_LITERAL = re.compile(r'(?s)"(?:[^"\\]|\\.)*+"?')
_MEDIA = re.compile(r"[A-Za-z0-9+/_-]{1024,}={0,2}")

Place = tuple[int, ...]
"""Of a value in another: which item of each level it is in."""
Style = Literal["string", "number", "word", "aside"]


class More(msgspec.Struct, frozen=True):
    """What is not listed."""

    count: int


class Row(NamedTuple):
    """One line of a folded value."""

    place: Place
    key: str | None
    value: Any
    folds: bool
    open: bool


class Words(msgspec.Struct, frozen=True):
    """A value in words, and how much of it there is."""

    text: str
    style: Style
    size: str = ""


def safe(text: str, limit: int) -> str:
    """Return the first `limit` characters at most, made safe to show."""
    return plain(redact(text[: limit + LONGEST_SECRET]))[:limit]


def rows(value: Any, toggled: Set[Place]) -> list[Row]:
    """Lay a value out, line by line. `toggled`: what is open and was closed at first, or the reverse."""
    listed: list[Row] = []
    waiting = _children((), value) or [((), None, value)]
    while waiting:
        place, key, child = waiting.pop()
        nested = isinstance(child, dict | list)
        if nested:
            folds, opens = bool(child), len(place) < _OPEN_TO and len(child) <= _OPEN_UP_TO
        else:
            folds, opens = type(child) is str and (len(child) > LONG or "\n" in child), False
        is_open = folds and opens is not (place in toggled)
        listed.append(Row(place, key, child, folds, is_open))
        if nested and is_open:
            waiting += _children(place, child)
    return listed


def _children(place: Place, value: Any) -> list[tuple[Place, str | None, Any]]:
    """Those that are listed, the last first."""
    if not isinstance(value, dict | list):
        return []
    items: Iterator[tuple[Any, Any]] = iter(value.items() if isinstance(value, dict) else enumerate(value))
    children: list[tuple[Place, str | None, Any]] = [
        ((*place, at), str(key), child) for at, (key, child) in enumerate(islice(items, _MOST))
    ]
    if len(value) > _MOST:
        children.append(((*place, _MOST), None, More(len(value) - _MOST)))
    return children[::-1]


def words(value: Any) -> Words:
    """Tell a value in at most one line."""
    match value:
        case More(count=count):
            return Words(f"… {count:,} more", "aside")
        case dict() | list():
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            return Words(f"{opening}{f'{len(value):,}' if value else ''}{closing}", "aside")
        case None | True | False:
            return Words(json.dumps(value), "word")
        case bytes():
            return Words(value[:16].hex(" "), "string", f"{len(value):,} bytes")
        case str() if not isinstance(value, Number):
            return Words(_literal(value), "string", _size(value))
        case _:
            return Words(safe(str(value), SHOWN_CLOSED).replace("\n", " "), "number")


def _literal(text: str) -> str:
    """A string as JSON writes it, the end of a long one left out."""
    shown = redact(text[: SHOWN_CLOSED + LONGEST_SECRET])
    more = "…" if len(shown) > SHOWN_CLOSED else ""
    return plain(escape_json(json.dumps(shown[:SHOWN_CLOSED], ensure_ascii=False))) + more


def _size(text: str) -> str:
    if len(text) <= LONG:
        return ""
    if len(text) % 4 == 0 and BASE64.fullmatch(text[:256]):
        return f"base64 of {len(text) * 3 // 4 - text[-2:].count('='):,} bytes"
    return f"{len(text):,} characters"


def hex_dump(content: bytes, columns: int) -> list[str]:
    """Return the first bytes, `columns` a line, as numbers and as letters."""
    head = content[: columns * _DUMPED + LONGEST_SECRET].decode(errors="surrogateescape")
    data = redact(head).encode(errors="surrogateescape")[: columns * _DUMPED]
    dump = []
    for at in range(0, len(data), columns):
        line = data[at : at + columns]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in line)
        dump.append(f"{at:06x}  {line.hex(' '):<{columns * 3}} {letters}")
    return dump


def as_text(frame: WireFrame, reading: Reading, *, media: bool = False) -> str:
    """The message itself for a clipboard or file; sound and pictures are but told, unless `media`."""
    content = frame.content
    if isinstance(content, bytes):
        if reading.value is msgspec.UNSET:
            return "\n".join(hex_dump(content, 16))
        if content.startswith((b"{", b"[")):
            content = content.decode()
        else:
            content = json.dumps(
                reading.value, default=lambda other: f"({type(other).__name__})", skipkeys=True
            )
    if not media:
        content = _MEDIA.sub(lambda run: f"({len(run[0]):,} characters of base64)", content)
    text = redact(_LITERAL.sub(_without_secret, content) if "\\" in content else content)
    return plain(text) if reading.value is msgspec.UNSET else plain(escape_json(text))


def _without_secret(literal: re.Match[str]) -> str:
    """A string of JSON, from which a secret is taken though it is written with escapes."""
    try:
        text = str(json.loads(literal[0], strict=False)) if "\\" in literal[0] else ""
    except ValueError:
        return literal[0]
    clean = redact(text)
    return literal[0] if clean == text else json.dumps(clean)


def as_record(frame: WireFrame, reading: Reading, began: float, *, media: bool = False) -> str:
    """The frame as one line of JSON: its message as `message`, or as `text` where it is no JSON.

    Raw sound and pictures are in `base64`, and only with `media`.
    """
    about = {
        "number": frame.number,
        "seconds": round(frame.at - began, 3),
        "direction": frame.direction,
        "size": frame.size,
        "kind": reading.kind,
    }
    if isinstance(frame.content, bytes) and (reading.sound or reading.kind.startswith("image/")):
        return json.dumps({**about, "base64": b64encode(frame.content).decode()} if media else about)
    text = as_text(frame, reading, media=media)
    try:
        message = msgspec.json.format(text, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return json.dumps({**about, "text": text})
    return f'{json.dumps(about)[:-1]}, "message": {message}}}'
