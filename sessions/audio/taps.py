"""Taps: how any number of sessions hear one microphone, each at its own rate and block size."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from sessions.audio.pcm import BYTES_PER_SAMPLE, Blocks, Resampler, Samples, level

_DECAY = 0.8
"""Of the level shown, from block to block, so that a peak can be seen."""

Deliver = Callable[[bytes], None]
"""Takes a block of 16-bit mono audio at the tap's rate."""


@dataclass
class _Tap:
    rate: int
    blocks: Blocks
    deliver: Deliver
    resampler: Resampler | None = None
    source_rate: int = 0


class Taps:
    """Fans the microphone's samples out to taps. Lives on one event loop."""

    def __init__(self) -> None:
        self._taps: dict[str, _Tap] = {}
        self._changed = anyio.Event()
        self.level = 0.0
        """Peak of the last blocks, 0..1."""

    def __len__(self) -> int:
        return len(self._taps)

    def __contains__(self, name: object) -> bool:
        return name in self._taps

    def open(self, name: str, rate: int, block: float, deliver: Deliver) -> None:
        """Open a tap with blocks of `block` seconds."""
        self._taps[name] = _Tap(rate, Blocks(int(rate * block) * BYTES_PER_SAMPLE), deliver)
        self._changed.set()

    def close(self, name: str) -> None:
        """Close a tap; what it still holds is delivered first, so that no last syllable is lost."""
        tap = self._taps.pop(name, None)
        self._changed.set()
        if tap is None:
            return
        _drain(tap)
        if rest := tap.blocks.flush():
            tap.deliver(rest)

    async def until(self, *, listening: bool) -> None:
        """Wait until any tap is open, or none."""
        while bool(self._taps) is not listening:
            self._changed = anyio.Event()
            await self._changed.wait()

    def feed(self, samples: Samples, rate: int) -> None:
        """Hand a block of the microphone's to all taps."""
        self.level = max(level(samples), self.level * _DECAY)
        for tap in list(self._taps.values()):
            if tap.resampler is None or tap.source_rate != rate:
                _drain(tap)
                tap.resampler, tap.source_rate = Resampler(rate, tap.rate), rate
            for block in tap.blocks.push(tap.resampler.push(samples).tobytes()):
                tap.deliver(block)


def _drain(tap: _Tap) -> None:
    """Deliver what the resampler keeps back."""
    if tap.resampler:
        for block in tap.blocks.push(tap.resampler.flush().tobytes()):
            tap.deliver(block)
