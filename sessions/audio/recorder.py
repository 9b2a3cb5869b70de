"""Recordings: what a pane hears and says, on one timeline, written to a WAV or FLAC file while it runs.

Whatever ends the program, the file can be read up to about two seconds before: nothing waits in memory for
longer, and the header is brought up to date with every write. libsndfile alone does that at the end only.
"""

import io
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import soundfile

from sessions.audio.files import AudioFileError
from sessions.audio.modes import Sides
from sessions.audio.pcm import BYTES_PER_SAMPLE, RATE, Resampler, Samples
from sessions.text import one_line

PATIENCE = 1.0
"""Seconds that a side may be late; what has not come by then is silence."""
JITTER = 0.04
"""Seconds by which the times of blocks may be off before a side is moved to where they say it is."""
_EVERY = 0.5
_WAITING = 6000
"""Blocks that may wait for a disk that hangs: a minute of 10 ms each. After that the oldest are lost."""
_FLAC_BLOCK = 4096
_WAV_HEADER = 44
_WAV_LIMIT = 2**32 - 1
_FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class Recorder:
    """Records one pane, from when this is made until it is closed, or to the last sample if that is later.

    16-bit at RATE; one side makes a mono file, both a stereo file: left what was heard, right what was said.
    """

    def __init__(self, path: Path, sides: Sides, clock: Callable[[], float] = time.monotonic) -> None:
        """Create the file; one that exists is never touched. Raises AudioFileError. Blocks: it is a disk."""
        self.path = path
        self._clock = clock
        self._start = clock()
        self._input = _Side() if sides != "output" else None
        self._output = _Side() if sides != "input" else None
        self._sides = [side for side in (self._input, self._output) if side]
        self._file = _SoundFile(path, len(self._sides))
        self._queue: deque[tuple[_Side, Samples, int, float]] = deque(maxlen=_WAITING)
        self._closing = anyio.Event()
        self._running = False

    @property
    def seconds(self) -> float:
        """How long the file is so far; while it grows that is up to 1.5 s behind the clock."""
        return self._file.frames / RATE

    def hear(self, samples: Samples, rate: int, at: float) -> None:
        """Take a block of the input, whose first sample was captured at the monotonic time `at`."""
        self._take(self._input, samples, rate, at)

    def say(self, samples: Samples, at: float) -> None:
        """Take a block of the output, at RATE, which reaches the ear at the monotonic time `at`.

        Safe to call from the audio callback: it only queues.
        """
        self._take(self._output, samples, RATE, at)

    async def run(self) -> None:
        """Write until closed or cancelled; both leave a whole file.

        Raises AudioFileError when the file cannot grow; what was written until then can be read.
        """
        self._running = True
        try:
            while not self._closing.is_set():
                with anyio.move_on_after(_EVERY):
                    await self._closing.wait()
                await anyio.to_thread.run_sync(self._write_due)
        finally:
            self._closing.set()
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._finish)

    def close(self) -> None:
        """End the recording: `run` writes what it still has and returns. On the event loop.

        Where `run` was never begun, this does its work, and raises AudioFileError as that does.
        """
        self._closing.set()
        if not self._running:
            self._finish()

    def _take(self, side: "_Side | None", samples: Samples, rate: int, at: float) -> None:
        if side and not self._closing.is_set():
            self._queue.append((side, samples.copy(), rate, at))

    def _write_due(self) -> None:
        self._place()
        self._write(self._now() - int(PATIENCE * RATE))

    def _finish(self) -> None:
        if not self._file.closed:
            self._place()
            self._write(max(self._now(), *(side.finish() for side in self._sides)))
            self._file.close()

    def _now(self) -> int:
        return int((self._clock() - self._start) * RATE)

    def _place(self) -> None:
        while self._queue:
            side, samples, rate, at = self._queue.popleft()
            side.place(samples, rate, (at - self._start) * RATE)

    def _write(self, end: int) -> None:
        """Write up to the frame `end`, by the second, so that a long silence does not take memory."""
        while (count := min(RATE, end - self._file.frames)) > 0:
            frames = np.zeros((count, len(self._sides)), np.int16)
            for channel, side in enumerate(self._sides):
                side.render(frames[:, channel], self._file.frames)
            self._file.write(frames)


class _Side:
    """One side's samples, each at its frame of the timeline."""

    def __init__(self) -> None:
        self._placed: deque[tuple[int, Samples]] = deque(maxlen=_WAITING)
        self._resampler: Resampler | None = None
        self._rate = 0
        self._due = float("-inf")
        """The frame of the next sample, if nothing is missing."""
        self._end = 0
        """The frame after the last one placed."""

    def place(self, samples: Samples, rate: int, frame: float) -> None:
        """Put a block behind the last one, or at `frame` if that is where it belongs by more than jitter."""
        jumps = abs(frame - self._due) > JITTER * RATE
        if jumps or rate != self._rate or self._resampler is None:
            self._drain()
            self._due = frame if jumps else self._due
            self._end = round(self._due)
            self._resampler, self._rate = Resampler(rate, RATE), rate
        self._append(self._resampler.push(samples))
        self._due += samples.size * RATE / rate

    def render(self, out: Samples, first: int) -> None:
        """Copy what lies in `out`, which begins at the frame `first`; what lies before is dropped."""
        last = first + out.size
        if self._end < last:
            self._drain()
        for at, samples in self._placed:
            low, high = max(at, first), min(at + samples.size, last)
            if low < high:
                out[low - first : high - first] = samples[low - at : high - at]
        while self._placed and self._placed[0][0] + self._placed[0][1].size <= last:
            self._placed.popleft()

    def finish(self) -> int:
        """Return the frame after all that was placed."""
        self._drain()
        return max((at + samples.size for at, samples in self._placed), default=0)

    def _drain(self) -> None:
        """Place what the resampler keeps back."""
        if self._resampler:
            self._append(self._resampler.flush())
            self._resampler = None

    def _append(self, samples: Samples) -> None:
        self._placed.append((self._end, samples))
        self._end += samples.size


class _SoundFile:
    """A WAV or FLAC file that can be read at any time, as far as it is written."""

    def __init__(self, path: Path, channels: int) -> None:
        self.frames = 0
        self._path = path
        self._name = one_line(str(path))
        self._channels = channels
        self._format = _FORMATS.get(path.suffix.lower())
        if self._format is None:
            raise AudioFileError(f"{self._name}: a recording is a .wav or a .flac file; name it so")
        try:
            self._disk = _Disk(path, "x+")
        except FileExistsError:
            raise AudioFileError(f"{self._name}: exists and is not overwritten; take another name") from None
        except (OSError, ValueError) as error:
            raise AudioFileError(f"{self._name}: cannot be written: {_reason(error)}") from None
        self._sound: Any = None
        with suppress(soundfile.SoundFileError):
            self._sound = soundfile.SoundFile(
                self._disk, "w", RATE, channels, subtype="PCM_16", format=self._format
            )
        if self._sound is None or self._disk.error:
            self._abandon()
            raise self._fault()

    @property
    def closed(self) -> bool:
        return self._disk.closed

    def write(self, frames: Samples) -> None:
        """Append frames (of all channels), and update the header. Raises AudioFileError, then closed."""
        size = (self.frames + len(frames)) * self._channels * BYTES_PER_SAMPLE
        if self._format == "WAV" and _WAV_HEADER + size > _WAV_LIMIT:
            self.close()
            raise AudioFileError(f"{self._name}: is full, a WAV file ends at 4 GB; record into a .flac file")
        # What it raises does not say why, and is an AssertionError at times: the disk knows.
        with suppress(soundfile.SoundFileError, AssertionError):
            self._sound.write(frames)
        if not self._disk.error:
            self.frames += len(frames)
            self._update_header()
        if self._disk.error:
            self._abandon()
            raise self._fault()

    def close(self) -> None:
        """Raises AudioFileError."""
        with suppress(soundfile.SoundFileError):
            self._sound.close()
        if self._disk.error:
            self._abandon()
            raise self._fault()
        self._disk.close()
        if self._disk.error:
            raise self._fault()

    def _abandon(self) -> None:
        """Close a file that cannot grow, with what is surely in it; one with nothing in it is removed."""
        if self._sound is not None:
            with suppress(soundfile.SoundFileError):
                self._sound.close()
        if self.frames:
            self._update_header()
        self._disk.close()
        if not self.frames:
            self._path.unlink(missing_ok=True)

    def _fault(self) -> AudioFileError:
        why = _reason(self._disk.error) if self._disk.error else "it is refused"
        after = f"; it ends after {self.frames / RATE:.0f} s" if self.frames else ""
        return AudioFileError(f"{self._name}: cannot be written: {why}{after}")

    def _update_header(self) -> None:
        """Write how many frames there are to where the format keeps it."""
        if self._format == "WAV":
            size = self.frames * self._channels * BYTES_PER_SAMPLE
            self._disk.patch(4, struct.pack("<I", _WAV_HEADER - 8 + size))
            self._disk.patch(_WAV_HEADER - 4, struct.pack("<I", size))
        else:
            # The encoder has written the whole blocks before the last sample: 20 bits of rate, 3 of channels,
            # 5 of bits a sample, 36 of how many.
            whole = max(0, self.frames - 1) // _FLAC_BLOCK * _FLAC_BLOCK
            fields = RATE << 44 | (self._channels - 1) << 41 | 15 << 36 | whole
            self._disk.patch(18, struct.pack(">Q", fields))


class _Disk(io.FileIO):
    """A file for libsndfile to write to, which keeps the error: libsndfile only says that there was one."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`, or none as far as the caller is told."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
            return 0
        return len(data)

    def close(self) -> None:
        """Close; some file systems tell only here that there was no room."""
        try:
            super().close()
        except OSError as error:
            self.error = error

    def patch(self, at: int, data: bytes) -> None:
        end = self.tell()
        self.seek(at)
        self.write(data)
        self.seek(end)


def _reason(error: OSError | ValueError) -> str:
    return one_line((getattr(error, "strerror", None) or str(error)).lower())
