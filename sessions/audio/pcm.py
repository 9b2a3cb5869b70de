"""Samples: the one representation of audio between the parts, and the conversions to and from it.

Audio between parts is `Pcm`: signed 16-bit little-endian mono samples as bytes, which is what every
provider's wire carries. Only resampling and mixing go through numpy.
"""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""One-dimensional, mono, signed 16-bit."""

BYTES_PER_SAMPLE = 2

RATE = 48_000
"""Samples a second at which sound is mixed, cancelled and recorded."""


def samples_of(pcm: bytes) -> Samples:
    """View whole samples of `pcm`; an odd last byte is left out."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // BYTES_PER_SAMPLE)


def seconds(pcm: bytes, rate: int) -> float:
    return len(pcm) / (BYTES_PER_SAMPLE * rate)


def from_float(wave: NDArray[Any]) -> Samples:
    """Floats in -1..1 to 16-bit samples, clipped; those that were 16-bit samples become the same again."""
    return np.asarray(np.rint(np.clip(wave * 32768.0, -32768.0, 32767.0)), dtype=np.int16)


def level(samples: Samples) -> float:
    """Peak of a block, 0..1."""
    return float(np.max(np.abs(samples.astype(np.int32)), initial=0)) / 32768.0


class Resampler:
    """Streams 16-bit mono from one rate to another; without state when the rates are equal.

    soxr's LQ setting gives out 20 ms at a time, MQ and HQ 40 ms (measured); it cuts speech off at 80 % of the
    bandwidth, where recognition does not miss it.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, dtype="int16", quality="LQ")
        )

    def push(self, samples: Samples) -> Samples:
        return self._resample(samples, last=False)

    def flush(self) -> Samples:
        """Return what was kept back; the stream is at its end."""
        return self._resample(np.zeros(0, np.int16), last=True)

    def _resample(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            return samples
        out: Samples = self._stream.resample_chunk(samples, last=last)
        return out


class Blocks:
    """Cuts a stream of bytes into blocks of one size, for codecs that want 20 to 100 ms a frame."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = bytearray()

    def push(self, pcm: bytes) -> list[bytes]:
        self._rest += pcm
        whole = len(self._rest) // self._size * self._size
        blocks = [bytes(self._rest[at : at + self._size]) for at in range(0, whole, self._size)]
        del self._rest[:whole]
        return blocks

    def flush(self) -> bytes:
        rest = bytes(self._rest)
        self._rest.clear()
        return rest
