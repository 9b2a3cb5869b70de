"""Speed without a change of pitch, for speech (WSOLA: waveform similarity overlap-add).

The output follows the input sample by sample until it is too far ahead of, or behind, where the speed wants
it to be; there it crosses over to the place nearby that sounds most like what would have come next, which in
a voice is a whole number of periods away.
"""

import numpy as np
from numpy.typing import NDArray

from sessions.audio.modes import FASTEST, SLOWEST
from sessions.audio.pcm import Samples

# At 48 kHz: steps of 12.5 ms, long enough to compare the periods of a low voice, and 10 ms to either side.
_STEP = 600
_REACH = 480
_HISTORY = _STEP // 2 + 2 * _REACH
"""How far a step may go back: what the slowest speed falls behind in one step, and the reach, twice."""
_RISE = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_STEP) + 0.5) / _STEP)).astype(np.float32)
_NONE: Samples = np.zeros(0, np.int16)


class Stretch:
    """Streams speech at RATE (mono, 16-bit) at another speed; holds up to 45 ms of input back until `flush`.

    At speed 1 every sample comes through at once and unchanged. Cheap enough for an audio callback.
    """

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._input = _NONE
        self._next = 0
        """Where the input goes on from what was put out last."""
        self._lag = 0.0
        """Samples from there to where the speed wants to be."""

    @property
    def speed(self) -> float:
        """0.5 to 2.0; may be set at any time between pushes. Raises ValueError beyond that."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"a speed of {speed} is not between {SLOWEST} and {FASTEST}")
        self._speed = speed

    def push(self, samples: Samples) -> Samples:
        """Take a block of any size, and return what is ready, which comes in steps of 12.5 ms."""
        self._input = np.concatenate([self._input, samples])
        parts = [_NONE]
        if self._speed == 1.0:
            parts.append(self._input[self._next :])
            self._next, self._lag = self._input.size, 0.0
        else:
            while (part := self._step()).size:
                parts.append(part)
        done = max(0, self._next - _HISTORY)
        self._input = self._input[done:]
        self._next -= done
        return np.concatenate(parts)

    def flush(self) -> Samples:
        """Return what was held back, at its own speed; the next push starts anew."""
        rest = self._input[self._next :]
        self._input, self._next, self._lag = _NONE, 0, 0.0
        return rest

    def _step(self) -> Samples:
        """Return the next _STEP samples, or none while the input does not reach far enough."""
        lowest = self._next + round(self._lag) - _REACH
        highest = lowest + 2 * _REACH
        if max(self._next, highest) + _STEP > self._input.size:
            return _NONE
        out = self._input[self._next :][:_STEP]
        place = self._next
        if not lowest <= place <= highest:
            lowest = max(0, lowest)
            falling = out.astype(np.float32)
            near = self._input[lowest : highest + _STEP].astype(np.float32)
            best = _most_similar(near, falling)
            place = lowest + best
            out = np.rint(falling + (near[best:][:_STEP] - falling) * _RISE).astype(np.int16)
        self._lag += _STEP * (self._speed - 1.0) - (place - self._next)
        self._next = place + _STEP
        return out


def _most_similar(wave: NDArray[np.float32], wanted: NDArray[np.float32]) -> int:
    """Return where in `wave` it correlates best with what is `wanted`, whatever the loudness there."""
    energy = np.cumsum(np.concatenate([[0.0], wave * wave]))
    loudness = np.sqrt(np.maximum(energy[wanted.size :] - energy[: -wanted.size], 1.0))
    return int(np.argmax(np.correlate(wave, wanted, "valid") / loudness))
