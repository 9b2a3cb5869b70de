"""From the mixer's rate to the wire's and back: exactly two to one, with nothing kept back.

soxr's streams give out 36 ms at a time (measured), which is more than the whole tunnel adds. A half-band
filter delays by 0.65 ms.
"""

import numpy as np

from sessions.audio.pcm import Samples

_HALF = 31
"""Taps on each side of the middle; it passes up to 10.5 kHz."""


def _half_band() -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    taps = np.sinc(np.arange(-_HALF, _HALF + 1) / 2) * np.kaiser(2 * _HALF + 1, 6.0)
    return np.asarray(taps / taps.sum(), np.float32)


_TAPS = _half_band()


class _Filter:
    def __init__(self) -> None:
        self._before = np.zeros(2 * _HALF, np.float32)

    def push(self, wave: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> Samples:
        joined = np.concatenate((self._before, wave))
        self._before = joined[joined.size - 2 * _HALF :]
        return np.asarray(np.rint(np.convolve(joined, _TAPS, "valid")).clip(-32768, 32767), np.int16)


class Halver:
    """Takes an even number of samples and returns half as many."""

    def __init__(self) -> None:
        self._filter = _Filter()

    def push(self, samples: Samples) -> Samples:
        return self._filter.push(samples.astype(np.float32))[::2] if samples.size else samples


class Doubler:
    """Returns twice as many samples as it takes."""

    def __init__(self) -> None:
        self._filter = _Filter()

    def push(self, samples: Samples) -> Samples:
        if not samples.size:
            return samples
        spread = np.zeros(2 * samples.size, np.float32)
        spread[::2] = 2.0 * samples
        return self._filter.push(spread)
