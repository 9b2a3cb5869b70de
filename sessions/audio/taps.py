"""Taps: how any number of sessions hear one source, each at its own rate, block size and microphone mode."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import anyio

from sessions.audio.meter import Meter
from sessions.audio.pcm import BYTES_PER_SAMPLE, Blocks, Resampler, Samples
from sessions.audio.voice import Gate, NoVoiceDetector, VoiceDetector


@dataclass
class Tap:
    """A session's share of a source. Lives on one event loop, as all of these do."""

    rate: int
    block: float
    """Seconds of audio that are delivered at a time."""
    deliver: Callable[[bytes], None]
    """Takes a block of 16-bit mono audio at `rate`."""
    gate: Gate
    talk_ended: Callable[[], None] = lambda: None
    """The gate has closed after a stretch of talk."""
    overhear: Callable[[Samples, int, float], None] | None = None
    """Takes what is let through as the source gave it, with its rate and its time: for a recording."""
    _blocks: Blocks = field(init=False)
    _resampler: Resampler | None = None
    _source_rate: int = 0

    def __post_init__(self) -> None:
        self._blocks = Blocks(int(self.rate * self.block) * BYTES_PER_SAMPLE)

    def hear(self, samples: Samples, rate: int, at: float, *, speech: bool) -> None:
        for sound in self.gate.push(samples, rate, speech=speech):
            if self.overhear:
                self.overhear(sound, rate, at + (samples.size - sound.size) / rate)
            self._pass_on(sound, rate)
        if self.gate.ended:
            self.settle()
            self.talk_ended()

    def settle(self) -> None:
        """Deliver all that is kept back, so that no last syllable is lost."""
        self._drain()
        if rest := self._blocks.flush():
            self.deliver(rest)

    def _pass_on(self, sound: Samples, rate: int) -> None:
        if self._resampler is None or self._source_rate != rate:
            self._drain()
            self._resampler, self._source_rate = Resampler(rate, self.rate), rate
        for block in self._blocks.push(self._resampler.push(sound).tobytes()):
            self.deliver(block)

    def _drain(self) -> None:
        if self._resampler:
            for block in self._blocks.push(self._resampler.flush().tobytes()):
                self.deliver(block)
            self._resampler = None


class Taps:
    """Fans the samples of one source out to taps."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.problem = ""
        """Why voices cannot be told from silence here; one line."""
        self._taps: dict[str, Tap] = {}
        self._changed = anyio.Event()
        self._detector: VoiceDetector | None = None

    def __len__(self) -> int:
        return len(self._taps)

    def __contains__(self, name: object) -> bool:
        return name in self._taps

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._taps))

    def open(self, name: str, tap: Tap) -> None:
        self._taps[name] = tap
        self._changed.set()

    def close(self, name: str) -> None:
        """Close a tap; what it still holds is delivered first."""
        tap = self._taps.pop(name, None)
        self._changed.set()
        if tap is not None:
            tap.settle()

    async def until(self, *, listening: bool) -> None:
        """Wait until any tap is open, or none."""
        while bool(self._taps) is not listening:
            self._changed = anyio.Event()
            await self._changed.wait()

    def feed(self, samples: Samples, rate: int, at: float) -> None:
        """Hand a block of the source's to all taps. `at`: when its first sample was captured."""
        self.meter.watch(samples, rate, at)
        taps = list(self._taps.values())
        speech = self._speech(samples, rate) if any(tap.gate.mode == "voice" for tap in taps) else False
        for tap in taps:
            tap.hear(samples, rate, at, speech=speech)

    def _speech(self, samples: Samples, rate: int) -> bool:
        try:
            self._detector = self._detector or VoiceDetector()
        except NoVoiceDetector as error:
            self.problem = str(error)
            return True  # what is said is more than what is saved
        return self._detector.push(samples, rate)
