"""A session's log as a file: text, subtitles or data.

In text and subtitles no character of the log acts on a terminal or a player; the data is exact.
"""

import json
import math
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sessions.commands import ImpossibleCommand
from sessions.events import Word
from sessions.state.log import Entry, Role
from sessions.state.words import places, speaker_name
from sessions.text import escape_json, plain

FORMATS = {
    "txt": "text, a line for each utterance",
    "srt": "subtitles, for most players and editors",
    "vtt": "subtitles for the web (WebVTT)",
    "json": "all that is known, with times, words and confidence",
}
"""What each ending stands for."""

LINE_LENGTH, LINES = 42, 2
"""Characters of a subtitle's line, and lines of a subtitle at most."""
_LATEST = 100 * 3_600_000
"""Milliseconds; a provider that tells a later time is not believed."""
_PER_CHARACTER = 60
"""Milliseconds that a character takes to say, where nothing else is known."""

_NAMES: dict[Role, str] = {"speech": "", "user": "You: ", "answer": "Answer: ", "fault": "! ", "note": "- "}


@dataclass(frozen=True)
class Cue:
    """A subtitle. Times in milliseconds; `end` is behind `start` and not behind the next one's start."""

    start: int
    end: int
    lines: tuple[str, ...]
    speaker: str = ""


def export(entries: Sequence[Entry], ending: str) -> bytes:
    """Return the content of a file with this ending, one of `FORMATS`.

    Raises ImpossibleCommand when there is nothing for it to hold.
    """
    if not entries:
        raise ImpossibleCommand("there is nothing to save yet")
    return _WRITERS[ending](entries)


def as_text(entries: Sequence[Entry]) -> bytes:
    """A line for each entry; in a conversation it begins with who spoke."""
    return _encoded("".join(f"{_line(entry)}\n" for entry in entries))


def as_srt(entries: Sequence[Entry]) -> bytes:
    return _encoded(
        "".join(
            f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_srt_text(cue)}\n\n"
            for number, cue in enumerate(_some_cues(entries), 1)
        )
    )


def as_vtt(entries: Sequence[Entry]) -> bytes:
    blocks = (
        f"\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_vtt_text(cue)}\n"
        for cue in _some_cues(entries)
    )
    return _encoded("WEBVTT\n" + "".join(blocks))


def as_json(entries: Sequence[Entry]) -> bytes:
    """Every entry as it is. Times in seconds of the session's audio; speakers as the provider counts them."""
    encoded = json.dumps([_data(entry) for entry in entries], ensure_ascii=False, indent=2)
    return _encoded(escape_json(encoded) + "\n")


_WRITERS: dict[str, Callable[[Sequence[Entry]], bytes]] = {
    "txt": as_text,
    "srt": as_srt,
    "vtt": as_vtt,
    "json": as_json,
}


def _encoded(text: str) -> bytes:
    """A lone surrogate, which UTF-8 cannot write, can be in JSON alone, where this is its escape."""
    return text.encode("utf-8", "backslashreplace")


def _whole(entry: Entry) -> str:
    return f"{entry.text} {entry.tail}".strip()


def _line(entry: Entry) -> str:
    name = f"{speaker_name(entry.speaker)}: " if entry.speaker is not None else _NAMES[entry.role]
    return plain(f"{name}{_whole(entry)}{f' ({entry.remark})' if entry.remark else ''}")


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "role": entry.role,
        "text": entry.text,
        "interim": entry.tail,
        "remark": entry.remark,
        "start": _finite(entry.start),
        "end": _finite(entry.end),
        "speaker": entry.speaker,
        "words": [
            {
                "text": word.text,
                "start": _finite(word.start),
                "end": _finite(word.end),
                "confidence": _finite(word.confidence),
                "speaker": word.speaker,
            }
            for word in entry.words
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


# Subtitles


def cues(entries: Sequence[Entry]) -> list[Cue]:
    """Return the subtitles of what was said at a known time, in the order of time, none over another."""
    drafts = sorted((cue for entry in entries for cue in _cues_of(entry)), key=lambda cue: cue.start)
    found: list[Cue] = []
    for at, cue in enumerate(drafts):
        start = max(cue.start, found[-1].end if found else 0)
        end = max(cue.end, start + 1)
        if at + 1 < len(drafts):
            end = min(end, max(start + 1, drafts[at + 1].start))
        found.append(Cue(start, end, cue.lines, cue.speaker))
    return found


def _some_cues(entries: Sequence[Entry]) -> list[Cue]:
    if found := cues(entries):
        return found
    raise ImpossibleCommand("nothing here has a time, as subtitles need: export text or JSON")


def _cues_of(entry: Entry) -> Iterator[Cue]:
    text = " ".join(plain(entry.text).split())  # without what may still be revised
    begun = _finite(entry.start)
    if entry.role in ("note", "fault") or begun is None or not text:
        return
    start, end = _milliseconds(begun), _milliseconds(_finite(entry.end) or 0.0)
    if end <= start:
        end = start + _PER_CHARACTER * len(text)
    lines = textwrap.wrap(text, LINE_LENGTH, break_on_hyphens=False)
    parts = [tuple(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]
    begins, place = [], 0
    for part in parts:
        place = text.find(part[0], place)
        begins.append(place)
    moment = _moments(text, entry.words, start, end)
    times = [start, *(moment(begin) for begin in begins[1:]), end]
    speaker = "" if entry.speaker is None else speaker_name(entry.speaker)
    for part, (first, last) in zip(parts, pairwise(times), strict=True):
        yield Cue(first, last, part, speaker)


def _moments(text: str, words: Sequence[Word], start: int, end: int) -> Callable[[int], int]:
    """Return what tells when a place of the text is said: by its word's time, or else evenly."""
    placed = zip(words, places(text, words), strict=True)
    starts = {place[0]: _milliseconds(word.start) for word, place in placed if place and _finite(word.start)}

    def moment(place: int) -> int:
        known = starts.get(place, start + (end - start) * place // len(text))
        return min(max(known, start), end)

    return moment


def _milliseconds(seconds: float) -> int:
    return round(min(max(seconds * 1000, 0.0), _LATEST))


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{rest:03}"


_SRT_TAG = re.compile(r"<(?=[A-Za-z/])|\{(?=\\)")


def _srt_text(cue: Cue) -> str:
    """Players obey tags in angle brackets, and `{\\…}`, though the form knows no way to escape them."""
    text = "\n".join(cue.lines).replace("-->", "→")
    safe = _SRT_TAG.sub(lambda match: "‹" if match[0] == "<" else "{ ", text)
    return f"{cue.speaker}: {safe}" if cue.speaker else safe


def _vtt_text(cue: Cue) -> str:
    text = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<v {cue.speaker}>{text}</v>" if cue.speaker else text
