"""Whose turn it is, heard in one stream of 16 kHz audio: turns begin, seem to end, go on, end."""

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Literal

from sessions.audio.pcm import Samples
from sessions.local.alignment import Span, word_spans
from sessions.local.endpointing import RATE, Endpointer, Segment, SpeechBegan
from sessions.local.engines import Engines
from sessions.local.listener import LONGEST_SPACING, SHORTEST_SPACING

UPDATE_EVERY = RATE // 4
"""Samples between updates (Deepgram: about every 0.25 s of audio)."""
_PATIENCE = 0.55
"""Seconds of silence that make 63 % sure that the turn is over."""
_PHRASE_PAUSE = 0.4
"""Seconds of silence after which words are settled, so that not the whole turn is recognised again."""

Event = Literal["Update", "StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"]
Trigger = Literal["model", "timeout", "manual"]


@dataclass(frozen=True)
class Thresholds:
    """`end` and `eager` are confidences, `timeout` is seconds of silence; without `eager` nothing is."""

    end: float
    eager: float | None
    timeout: float


@dataclass(frozen=True)
class Turn:
    """The state of a turn after an event; the window is what was heard since the turn before, in seconds."""

    event: Event
    index: int
    window: Span
    words: list[tuple[str, Span]]
    confidence: float
    trigger: Trigger | None = None

    @property
    def transcript(self) -> str:
        return " ".join(word for word, _ in self.words)


@dataclass
class _Progress:
    """What is known of the open turn, or of what may become one; positions in samples."""

    open: bool = False
    settled: list[tuple[str, Span]] = field(default_factory=list)
    fresh: list[tuple[str, Span]] = field(default_factory=list)
    recognised: tuple[int, int] = (0, 0)
    """Where the voice ended, and how much audio there was, when `fresh` was recognised."""
    next_words: int = 0
    voice_end: int = 0
    eager_at: int | None = None
    """Where the voice ended that EagerEndOfTurn was told of."""


def confidence(silence: float) -> float:
    """Estimate from the seconds of silence alone how sure it is that nothing follows."""
    return 1.0 - math.exp(-silence / _PATIENCE)


class TurnTaker:
    """A turn begins with its first words, so noise begins none; it ends by silence, which only audio has.

    `backlog` tells the seconds of audio that wait behind what is being heard: the further behind, the
    rarer the words are brought up to date, while updates keep coming.
    """

    def __init__(self, engines: Engines, backlog: Callable[[], float], thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self._detectors = engines.detectors
        self._recogniser = engines.recogniser
        self._backlog = backlog
        self._endpointer: Endpointer | None = None
        self._next_update = UPDATE_EVERY
        self._index = 0
        self._window_start = 0.0
        self._now = _Progress()

    async def hear(self, samples: Samples) -> AsyncIterator[Turn]:
        if self._endpointer is None:
            self._endpointer = await self._detectors.endpointer(silence=_PHRASE_PAUSE)
        endpointer = self._endpointer
        for boundary in await self._detectors.push(endpointer, samples):
            if isinstance(boundary, SpeechBegan):
                self._now.next_words = boundary.at + int(SHORTEST_SPACING * RATE)
                self._now.voice_end = boundary.at
            else:
                await self._settle(boundary)
        told = False
        async for turn in self._judge(endpointer):
            told = True
            yield turn
        if endpointer.position >= self._next_update:
            self._next_update = endpointer.position // UPDATE_EVERY * UPDATE_EVERY + UPDATE_EVERY
            if not told:
                yield self._turn("Update")

    async def end_turn(self) -> AsyncIterator[Turn]:
        """End the turn here, if one is open."""
        async for turn in self._catch_up():
            yield turn
        if self._now.open:
            yield self._end("manual")

    async def finish(self) -> AsyncIterator[Turn]:
        """Tell the last words; the turn stays open."""
        async for turn in self._catch_up():
            yield turn
        yield self._turn("Update")

    async def _judge(self, endpointer: Endpointer) -> AsyncIterator[Turn]:
        now = self._now
        if endpointer.speaking:
            now.voice_end = endpointer.peek().voice_end
        if now.eager_at is not None and now.voice_end > now.eager_at:
            now.eager_at = None
            yield self._turn("TurnResumed")
        if now.eager_at is None and endpointer.speaking and endpointer.position >= now.next_words:
            spacing = min(LONGEST_SPACING, max(SHORTEST_SPACING, 2 * self._backlog()))
            now.next_words = endpointer.position + int(spacing * RATE)
            async for turn in self._catch_up():
                yield turn
        if now.open or endpointer.speaking:
            async for turn in self._judge_silence(endpointer):
                yield turn

    async def _judge_silence(self, endpointer: Endpointer) -> AsyncIterator[Turn]:
        now = self._now
        eager = self.thresholds.eager
        sure = confidence(self._silence)
        over = sure >= self.thresholds.end
        late = self._silence >= self.thresholds.timeout
        seems_over = eager is not None and sure >= eager
        # What was told as the eager end stays the text.
        if now.eager_at is None and (seems_over or over or late):
            async for turn in self._catch_up():
                yield turn
            if seems_over and (now.settled or now.fresh):
                now.eager_at = now.voice_end
                yield self._turn("EagerEndOfTurn")
        if over or late:
            if now.open:
                yield self._end("model" if over else "timeout")
            else:
                endpointer.cut()

    @property
    def _silence(self) -> float:
        return 0.0 if self._endpointer is None else (self._endpointer.position - self._now.voice_end) / RATE

    async def _catch_up(self) -> AsyncIterator[Turn]:
        """Recognise what was said since the last time; the first words begin the turn."""
        if self._endpointer is not None and self._endpointer.speaking:
            await self._recognise(self._endpointer.peek())
        if not self._now.open and (self._now.settled or self._now.fresh):
            self._now.open = True
            yield self._turn("StartOfTurn")

    async def _settle(self, segment: Segment) -> None:
        """Keep the words of a phrase, or of a piece of a long one: what follows is looked at at once."""
        if self._now.eager_at is None:
            await self._recognise(segment)
        self._now.settled += self._now.fresh
        self._now.fresh = []
        self._now.next_words = 0

    async def _recognise(self, segment: Segment) -> None:
        heard = segment.voice_end, len(segment.audio)
        if heard == self._now.recognised:
            return
        self._now.recognised = heard
        text = await self._recogniser.transcribe(segment.audio) if segment.voiced else ""
        words = text.split()
        spans = word_spans(words, (segment.voice_start / RATE, segment.voice_end / RATE))
        self._now.fresh = list(zip(words, spans, strict=True))

    def _end(self, trigger: Trigger) -> Turn:
        turn = self._turn("EndOfTurn", trigger)
        assert self._endpointer is not None
        self._endpointer.cut()
        self._index += 1
        self._window_start = turn.window[1]
        self._now = _Progress()
        return turn

    def _turn(self, event: Event, trigger: Trigger | None = None) -> Turn:
        position = 0.0 if self._endpointer is None else self._endpointer.position / RATE
        sure = confidence(self._silence) if self._now.open else 0.0
        words = [*self._now.settled, *self._now.fresh]
        return Turn(event, self._index, (self._window_start, position), words, sure, trigger)
