"""An utterance on its way to the ear: its samples, and where they lie in what the device was given."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from sessions.audio.pcm import RATE, Resampler, Samples
from sessions.audio.stretch import Stretch

FADE_FRAMES = RATE // 200
"""5 ms, over which every cut fades; so much is made ready beforehand."""
_BLOCK = RATE // 100
"""The least that is given to the stretching, which costs most a call."""
_RUNS = 1000
"""More than any device holds at once."""


@dataclass
class _Run:
    """Samples of a track that lie side by side in what the device was given."""

    frame: int
    """The device's frame of the first of them."""
    frames: int
    first: int
    last: int
    """Samples of the track: from, and up to."""
    speed: float


class Track:
    """One utterance. Positions are samples at RATE of the speech as it came, whatever its speed."""

    def __init__(self, number: int, name: str, group: str, rate: int) -> None:
        self.number, self.name, self.group = number, name, group
        self.received = 0
        self.pulled = 0
        """How far it was handed to the device; within 20 ms at another speed than 1."""
        self.starved = False
        """It sounded, and waits until enough of its audio is there to go on."""
        self.missed = False
        """It is starved, and nothing has come since."""
        self.stopped_at: int | None = None
        self._resampler: Resampler | None = Resampler(rate, RATE)
        self._chunks: deque[Samples] = deque()
        self._stretch = Stretch(1.0)
        self._fed = 0
        """How far it was given to the stretching, ..."""
        self._made = 0.0
        """... and how far that has come."""
        self._ready: Samples = np.zeros(0, np.int16)
        """What it has made and the device was not given yet."""
        self._runs: deque[_Run] = deque(maxlen=_RUNS)
        self._heard = 0
        """What was heard stays so, even if another device takes longer."""

    @property
    def waiting(self) -> int:
        """Samples that have come and were not yet handed to the device."""
        return self.received - self.pulled

    @property
    def ended(self) -> bool:
        """No more comes."""
        return self._resampler is None

    @property
    def exhausted(self) -> bool:
        """All there will ever be was handed to the device."""
        return self.stopped_at is not None or (self.ended and not self._chunks and not self._ready.size)

    def append(self, samples: Samples) -> None:
        """Take more audio, at the utterance's own rate. What comes after the end is left out."""
        if self._resampler:
            self._queue(self._resampler.push(samples))

    def end(self) -> None:
        """No more audio comes."""
        if self._resampler:
            self._queue(self._resampler.flush())
            self._resampler = None
            self._make(0)

    def stop(self) -> None:
        """Drop what was not handed over, but for what comes next, for a fade."""
        self._resampler = None
        self._chunks.clear()
        self._ready = self.upcoming().copy()
        self.stopped_at = self.received = self.pulled

    def take(self, count: int, frame: int, speed: float) -> Samples:
        """Return up to `count` samples for the device's frames from `frame` on."""
        self._stretch.speed = speed
        self._make(count + FADE_FRAMES)
        out, self._ready = self._ready[:count], self._ready[count:]
        if out.size:
            first = self.pulled
            # What is ready was perhaps made at another speed: the account never goes back for that.
            self.pulled = max(first, int(self._made - self._ready.size * speed))
            self._note(_Run(frame, out.size, first, self.pulled, speed))
        return out

    def upcoming(self) -> Samples:
        """Return what comes next, for a fade: up to FADE_FRAMES samples, which are not taken."""
        return self._ready[:FADE_FRAMES]

    def heard(self, reached: int) -> int:
        """Samples of it that had been heard when the device's frame `reached` was."""
        if self.stopped_at is not None:
            return self.stopped_at
        while len(self._runs) > 1 and self._runs[1].frame <= reached:
            self._runs.popleft()
        if self._runs:
            run = self._runs[0]
            frames = max(0, min(run.frames, reached - run.frame))
            self._heard = max(self._heard, run.first + frames * (run.last - run.first) // run.frames)
        return self._heard

    def finished(self, reached: int) -> bool:
        """Whether all of it had been heard by then, or it was stopped."""
        return self.exhausted and self.heard(reached) >= self.received

    def _queue(self, samples: Samples) -> None:
        if samples.size:
            self._chunks.append(samples)
            self.received += samples.size

    def _make(self, count: int) -> None:
        """Have `count` samples ready, if so many have come."""
        speed, parts, size = self._stretch.speed, [self._ready], self._ready.size
        while size < count and self._chunks:
            samples = self._next(max(_BLOCK, math.ceil((count - size) * speed)))
            part = self._stretch.push(samples)
            self._fed += samples.size
            self._made = self._fed if speed == 1.0 else min(self._fed, self._made + part.size * speed)
            parts.append(part)
            size += part.size
        if self.ended and not self._chunks:
            parts.append(self._stretch.flush())
            self._made = self._fed
        self._ready = np.concatenate(parts)

    def _next(self, most: int) -> Samples:
        chunk = self._chunks[0]
        if chunk.size <= most:
            return self._chunks.popleft()
        self._chunks[0] = chunk[most:]
        return chunk[:most]

    def _note(self, run: _Run) -> None:
        before = self._runs[-1] if self._runs else None
        if before and before.frame + before.frames == run.frame and before.speed == run.speed:
            before.frames += run.frames
            before.last = run.last
        else:
            self._runs.append(run)
