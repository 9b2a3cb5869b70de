"""Sources of sound besides the microphone: what users call them, and how each is fed at real pace.

Every source goes on until it is cancelled, with silence where it has come to its end: a microphone does not
end either. Where the machine stalls, the missed time is made up for, as by the buffer of a device.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import anyio
import numpy as np

from sessions.audio.files import Clip
from sessions.audio.pcm import BYTES_PER_SAMPLE, RATE, Samples, from_float, samples_of
from sessions.audio.streams import Feed
from sessions.text import one_line

BLOCK = 0.02
"""Seconds."""
FREQUENCIES = (40.0, 20_000.0)
AMPLITUDE = 0.25
ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64"})
"""Of files that are taken for sound without `file:` before their name."""

_PIPE = 1 << 16
"""Bytes that a pipe holds: what has piled up in it comes in one read, so that its times are true."""
_LEAD = 2.5
"""Seconds that a stream may be ahead of real time: at 16 kHz a full pipe, which a live microphone leaves
while nobody reads, is 2 seconds; a file that somebody pipes is not let in any faster."""
_DRIFT = 1.01
"""A live microphone's clock may be this much faster than ours without ever seeming to be ahead."""


class BadSource(Exception):
    """No source of sound is called so; the message is one line that says what is expected."""


@dataclass(frozen=True)
class MicrophoneSource:
    """The input device."""


@dataclass(frozen=True)
class PaneSource:
    """What the session of this name says."""

    name: str


@dataclass(frozen=True)
class FileSource:
    path: Path
    loop: bool = False


@dataclass(frozen=True)
class InputSource:
    """Raw 16-bit mono PCM on standard input."""


@dataclass(frozen=True)
class ToneSource:
    frequency: float


@dataclass(frozen=True)
class NoSource:
    """Silence."""


Source = MicrophoneSource | PaneSource | FileSource | InputSource | ToneSource | NoSource


def parse(text: str) -> Source:
    """Return the source that a user names. Raises BadSource."""
    text = text.strip()
    kind, _, rest = text.partition(":")
    match kind, rest:
        case "microphone", "":
            return MicrophoneSource()
        case (("input" | "-"), ""):
            return InputSource()
        case "none", "":
            return NoSource()
        case "tone", _:
            return ToneSource(_frequency(rest))
        case "pane", name if name.strip():
            return PaneSource(name.strip())
        case "file", path if path and "\0" not in path:
            return FileSource(_expanded(path))
        case "loop", path if path and "\0" not in path:
            return FileSource(_expanded(path), loop=True)
        case _ if Path(text).suffix.lower() in ENDINGS and "\0" not in text:
            return FileSource(_expanded(text))
        case _:
            raise BadSource(
                f"no source of sound is called {one_line(text, 80)!r}; expected file:PATH, loop:PATH, input "
                "(or -), tone:HZ, pane:NAME, microphone or none"
            )


def _frequency(text: str) -> float:
    low, high = FREQUENCIES
    with suppress(ValueError):
        if low <= (frequency := float(text)) <= high:
            return frequency
    raise BadSource(f"tone:{one_line(text, 40)}: expected a frequency from {low:g} to {high:g} Hz")


def _expanded(path: str) -> Path:
    with suppress(RuntimeError):  # ~somebody, whom nobody knows
        return Path(path).expanduser()
    return Path(path)


class Playback:
    """A recording at real pace. Cancelling `run` pauses it: the next `run` goes on at the same place."""

    def __init__(self, clip: Clip, *, loop: bool = False) -> None:
        self.loop = loop
        self._clip = clip
        self._at = 0

    @property
    def length(self) -> float:
        """Seconds."""
        return self._clip.seconds

    @property
    def position(self) -> float:
        """Seconds of the recording before what is fed next."""
        return self._at / self._clip.rate

    @property
    def ended(self) -> bool:
        return not self.loop and self._at == self._clip.samples.size

    def seek(self, seconds: float) -> None:
        """Go so far on (or back, below 0), at most to either end."""
        at = self._at + round(seconds * self._clip.rate)
        self._at = min(max(at, 0), self._clip.samples.size)

    async def run(self, feed: Feed) -> None:
        await _at_real_pace(self._take, self._clip.rate, feed)

    def _take(self, size: int) -> Samples:
        samples, out = self._clip.samples, np.zeros(size, np.int16)
        filled = 0
        while filled < size and not self.ended:
            if self._at == samples.size:
                self._at = 0
            part = samples[self._at : self._at + size - filled]
            out[filled : filled + part.size] = part
            filled += part.size
            self._at += part.size
        return out


class PcmInput:
    """16-bit little-endian mono PCM from a descriptor: a stream as it comes, a file at real pace."""

    def __init__(self, descriptor: int, rate: int) -> None:
        self._descriptor = descriptor
        self._rate = rate
        self._odd = b""
        self.ended = False

    async def run(self, feed: Feed) -> None:
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            await self._stream(feed)
        await _at_real_pace(self._take, self._rate, feed)

    async def _stream(self, feed: Feed) -> None:
        block = round(BLOCK * self._rate)
        end = due = 0.0
        while not self.ended:
            # Not in a thread: one that waits for what never comes would hold up the end of the process.
            with suppress(PermissionError):  # such as /dev/zero, which keeps nobody waiting
                await anyio.wait_readable(self._descriptor)
            samples = self._read(_PIPE)
            length = samples.size / self._rate
            now = anyio.current_time()
            # It was captured as it came; what piled up, before that; nothing before what came earlier.
            begin = min(max(end, now - length), now)
            for at in range(0, samples.size, block):
                feed(samples[at : at + block], self._rate, begin + at / self._rate)
            end = begin + length
            due = max(due, now) + length / _DRIFT
            await anyio.sleep_until(due - _LEAD)

    def _take(self, size: int) -> Samples:
        if self.ended:
            return np.zeros(size, np.int16)
        samples = self._read(size * BYTES_PER_SAMPLE)
        return np.pad(samples, (0, max(0, size - samples.size)))

    def _read(self, size: int) -> Samples:
        try:
            data = os.read(self._descriptor, size)
        except OSError:  # a terminal or a socket whose other end has gone
            data = b""
        self.ended = not data
        data = self._odd + data
        whole = len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        self._odd = data[whole:]
        return samples_of(data)


async def play_tone(frequency: float, feed: Feed) -> None:
    """Feed a sine of `frequency` Hz."""
    turns = 0.0

    def take(size: int) -> Samples:
        nonlocal turns
        wave = np.sin(2 * np.pi * (turns + np.arange(size) * frequency / RATE))
        turns = (turns + size * frequency / RATE) % 1.0
        return from_float(AMPLITUDE * wave)

    await _at_real_pace(take, RATE, feed)


async def play_silence(feed: Feed) -> None:
    await _at_real_pace(lambda size: np.zeros(size, np.int16), RATE, feed)


async def _at_real_pace(take: Callable[[int], Samples], rate: int, feed: Feed) -> None:
    """Feed a block whenever one would have been captured; `take` is asked for so many samples at a time."""
    size = round(BLOCK * rate)
    start = anyio.current_time()
    for number in count():
        await anyio.sleep_until(start + (number + 1) * size / rate)
        feed(take(size), rate, start + number * size / rate)
