"""The relay's jitter buffer: how much sound is under way, so that the speaker neither starves nor lags.

The deck may have `target` frames under way that the speaker has not taken. That covers the way there and back
and whatever comes late: it grows with every underrun, and shrinks slowly while there is more than needed.
"""

import threading
from collections import deque

import numpy as np

from sessions.audio.pcm import Samples
from sessions.audio.relay.wire import WIRE_RATE

LEAST, MOST = 0.08, 0.4
"""Seconds of the target."""
_GROWTH, _SHRINKAGE = 0.04, 0.01
_SPARE = 0.03
"""Seconds that have to be left over at every moment of a window for the target to shrink."""
_WINDOW = 5.0
_CAPACITY = WIRE_RATE


def _frames(seconds: float) -> int:
    return round(seconds * WIRE_RATE)


class JitterBuffer:
    """Counts in frames at WIRE_RATE. Filled by one thread, emptied by the device's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chunks: deque[Samples] = deque()
        self._depth = 0
        self._filling = True
        self._lowest = _CAPACITY
        self._watched = 0
        self.target = _frames(LEAST)
        self.consumed = 0
        """How many of the frames that came are done with."""
        self.underruns = 0

    @property
    def upto(self) -> int:
        """How many frames the deck may have sent in all."""
        return self.consumed + self.target

    def put(self, samples: Samples) -> None:
        """Append what has come. What nobody granted and is too much is left out."""
        with self._lock:
            if self._depth + samples.size <= _CAPACITY:
                self._chunks.append(samples)
                self._depth += samples.size

    def drop(self) -> None:
        """Be done with all that is waiting, as when the speaker is closed."""
        with self._lock:
            self.consumed += self._depth
            self._chunks.clear()
            self._depth = 0
            self._filling = True

    def take(self, frames: int) -> Samples:
        """Return the next frames; silence where there are none or too few to begin with."""
        out = np.zeros(frames, np.int16)
        with self._lock:
            if self._filling and self._depth < self.target:
                return out
            self._filling = False
            taken = self._move(out)
            self.consumed += taken
            self._depth -= taken
            if taken < frames:
                self._filling = True
                self.underruns += 1
                self.target = min(_frames(MOST), self.target + _frames(_GROWTH))
                self._watch_anew()
            else:
                self._watch(frames)
        return out

    def _move(self, out: Samples) -> int:
        at = 0
        while at < out.size and self._chunks:
            chunk = self._chunks.popleft()
            count = min(chunk.size, out.size - at)
            out[at : at + count] = chunk[:count]
            at += count
            if count < chunk.size:
                self._chunks.appendleft(chunk[count:])
        return at

    def _watch(self, frames: int) -> None:
        self._lowest = min(self._lowest, self._depth)
        self._watched += frames
        if self._watched >= _frames(_WINDOW):
            if self._lowest > _frames(_SPARE):
                self.target = max(_frames(LEAST), self.target - _frames(_SHRINKAGE))
            self._watch_anew()

    def _watch_anew(self) -> None:
        self._lowest, self._watched = _CAPACITY, 0
