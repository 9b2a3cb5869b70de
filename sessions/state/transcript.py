"""The state of a transcription: utterances that are settled, and the one that is being spoken."""

from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

import msgspec

from sessions.events import Connecting, Event, Final, Interim, Utterance, Word
from sessions.state.log import Entry
from sessions.state.words import places

_Timed = TypeVar("_Timed", Interim, Final, Utterance, Word)
"""What has a time."""


class Transcript:
    """Folds events of one transcription into a log. Channels are kept apart.

    Its times go on over connections, each of which counts from its own first sample.
    """

    def __init__(self, log: list[Entry]) -> None:
        self._log = log
        self._finals: dict[int, list[Final]] = {}
        self._interims: dict[int, Interim] = {}
        self._begun = 0.0
        """When the connection's audio began, in seconds of the session's."""
        self._heard = 0.0

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Connecting():
                self._begun = self._heard
            case Interim(channel=channel):
                self._interims[channel] = interim = self._timed(event)
                self._heard = max(self._heard, interim.end)
            case Final(channel=channel):
                self._interims.pop(channel, None)
                words = tuple(self._timed(word) for word in event.words)
                final = msgspec.structs.replace(self._timed(event), words=words)
                self._finals.setdefault(channel, []).append(final)
                self._heard = max(self._heard, final.end)
            case Utterance(channel=channel):
                words = _words(self._finals.pop(channel, []))
                if not event.confirmed:  # then the interim is in it; else it is of the next utterance
                    self._interims.pop(channel, None)
                said = self._timed(event)
                remark = "" if said.confirmed else "unconfirmed"
                self._log += _by_speaker(
                    Entry("speech", said.text, "", said.start, said.end, words, remark=remark)
                )
                self._heard = max(self._heard, said.end)
            case _:
                pass

    @property
    def live(self) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        for channel in sorted({*self._finals, *self._interims}):
            finals = self._finals.get(channel, [])
            interim = self._interims.get(channel)
            text = " ".join(final.text for final in finals)
            tail = interim.text if interim else ""
            if text or tail:
                parts: list[Final | Interim] = [*finals, *([interim] if interim else [])]
                entry = Entry("speech", text, tail, parts[0].start, parts[-1].end, _words(finals))
                entries += _by_speaker(entry)
        return tuple(entries)

    def _timed(self, event: _Timed) -> _Timed:
        """Return the same in seconds of the session's audio."""
        if not self._begun:
            return event
        start, end = event.start + self._begun, event.end + self._begun
        return msgspec.structs.replace(event, start=start, end=end)


def _words(finals: Sequence[Final]) -> tuple[Word, ...]:
    return tuple(word for final in finals for word in final.words)


def _by_speaker(entry: Entry) -> list[Entry]:
    """Return an entry for each stretch of one speaker; the last has what may still be revised."""
    words = entry.words
    if not words or all(word.speaker == words[0].speaker for word in words):
        return [msgspec.structs.replace(entry, speaker=words[0].speaker)] if words else [entry]
    placed = list(zip(words, places(entry.text, words), strict=True))
    turns = [list(turn) for _, turn in groupby(placed, lambda each: each[0].speaker)]
    begins = [next((place[0] for _, place in turn if place), None) for turn in turns]
    begins[0] = 0
    ends = [*begins[1:], len(entry.text)]
    parts = []
    for turn, begin, end in zip(turns, begins, ends, strict=True):
        if begin is None or end is None:  # the text does not have its words: it stays whole
            return [entry]
        said = tuple(word for word, _ in turn)
        parts.append(
            msgspec.structs.replace(
                entry,
                text=entry.text[begin:end].strip(),
                start=said[0].start,
                end=said[-1].end,
                words=said,
                speaker=said[0].speaker,
                tail="",
            )
        )
    parts[0] = msgspec.structs.replace(parts[0], start=entry.start)
    parts[-1] = msgspec.structs.replace(parts[-1], end=entry.end, tail=entry.tail)
    return parts
