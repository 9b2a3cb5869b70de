"""What keeps the speaker's sound out of the microphone.

Two cancellers work in a row. A linear one subtracts the echo that it has learnt to predict, which leaves the
user's voice as it is. WebRTC's AEC3 then suppresses what is left: thorough at once, but while both sides
speak it takes so much of the voice away that recognition fails (measured: 66 % of words wrong with AEC3
alone, 1 % with both). So AEC3's output is used where it takes nearly all away, which means that there was
only echo, and the linear one's where it does not, which means that someone speaks.
"""

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sessions.audio.modes import EchoMode
from sessions.audio.pcm import RATE, Resampler, Samples, from_float, level

if TYPE_CHECKING:
    from pywebrtc_audio import EchoCanceller

_Wave = NDArray[np.float32]
"""One frame in -1..1."""

FRAME = RATE // 100
LEAD = 0.06
"""Seconds by which the far end is given too early. It must never come after its echo, which ruins both
cancellers; before it, up to 240 ms harm neither, and up to 500 ms not AEC3. So wrong may stated times be."""
LEAP = 0.04
"""Seconds by which a block must be off its place to be put where its time says; less is jitter."""
SETTLE = 10.0
"""Seconds over which the jitter of the times is averaged."""
SLACK = 0.01
"""Seconds by which near and far may be off each other before that is mended."""
SLIP = 0.1
"""Samples a frame by which it is mended: faster than clocks drift, slow enough to be followed."""
KEPT = 4 * RATE
"""Samples of the far end that are kept."""

SOUNDING = 0.003
"""Peak, 0..1, above which the far end sounds."""
HANGOVER = int((LEAD + 0.2) * 100)
"""Frames for which there may be echo after that."""
FADE = int(0.005 * RATE)

PARTITIONS = 30
"""Frames of echo that the linear canceller can predict, `LEAD` included."""
AEC3_DELAY = 430
"""Samples by which AEC3's output comes after its input at `RATE` (measured)."""
LEARNT = 0.1
"""Share of the energy that the linear canceller leaves when it has learnt enough to be used."""
MEMORY = 0.97
"""Of the energies compared, from frame to frame."""
ONLY_ECHO, VOICE = -8.0, -4.0
"""Decibels that AEC3 leaves of the linear canceller's output when there is nothing but echo, or a voice."""


class Echo:
    """Cleans the microphone's samples of what the speaker puts out.

    `process` and `reset` belong to one thread; `heard` may be called from any other.
    """

    def __init__(self, mode: EchoMode = "cancel") -> None:
        self.mode: EchoMode = mode
        """May be changed at any time."""
        self.reset()

    def reset(self) -> None:
        """Forget all that was learnt, as when another device is used."""
        self._far = _FarEnd()
        self._canceller = _Canceller()
        self._rest()

    def heard(self, samples: Samples, at: float) -> None:
        """Tell what the speaker puts out, mono at `RATE`, heard from monotonic time `at` on.

        It should be told 60 ms before that. What is not told is silence.
        """
        self._far.put(samples, at)

    def process(self, samples: Samples, rate: int, at: float) -> tuple[Samples, int]:
        """Clean a block of any size of which the first sample was captured at monotonic time `at`.

        Returns what is ready, and its rate: `RATE`, or as it came when the mode is "off". Less than 10 ms
        are kept back, besides what the resampler keeps, and when cancelling, the sound is 9 ms late.
        """
        if self.mode == "off":
            self._rest()
            return samples, rate
        position, frames = self._near.take(samples, rate, at)
        out = [np.zeros(0, np.int16)]
        for number, frame in enumerate(frames):
            out.append(self._clean(frame, self._far.read(position + number * FRAME + self._align(), FRAME)))
        return np.concatenate(out), RATE

    @property
    def reduction(self) -> float | None:
        """Echo return loss enhancement over the last second or so, in dB; None when nothing sounds."""
        if self.mode != "cancel" or not self._echoing or not (self._before and self._after):
            return None
        return float(10 * np.log10(self._before / self._after))

    def _rest(self) -> None:
        self._near = _NearEnd()
        self._offset = 0.0
        """From a position in the near end to the one in the far end that belongs to it."""
        self._echoing = 0
        """Frames for which there may be echo."""
        self._before = self._after = 0.0
        """Energy of the last second with echo."""
        self._shut = False

    def _align(self) -> int:
        """Return the offset, mended where the clocks of both ends have drifted apart or leapt.

        Both ends are counted, not timed from block to block: each step in between must be learnt anew.
        """
        away = self._far.position(self._near.start + LEAD) - self._offset
        if abs(away) > LEAP * RATE:
            self._offset += away
        elif abs(away) > SLACK * RATE:
            self._offset += float(np.copysign(SLIP, away))
        return round(self._offset)

    def _clean(self, near: Samples, far: Samples) -> Samples:
        self._echoing = HANGOVER if level(far) > SOUNDING else max(0, self._echoing - 1)
        if self.mode == "half-duplex":
            return self._shutter(near)
        wave = _wave(near)
        cleaned = self._canceller.process(wave, _wave(far))
        if self._echoing:
            self._before = 0.99 * self._before + float(wave @ wave)
            self._after = 0.99 * self._after + float(cleaned @ cleaned)
        return from_float(cleaned)

    def _shutter(self, near: Samples) -> Samples:
        was, self._shut = self._shut, self._echoing > 0
        gain = np.full(FRAME, float(not self._shut))
        gain[:FADE] = np.linspace(float(not was), float(not self._shut), FADE)
        faded: Samples = np.rint(near * gain).astype(np.int16)
        return faded


class _Clock:
    """Where the blocks of a stream lie in it: by count, so that jitter of their times does not move them."""

    def __init__(self) -> None:
        self.next = 0
        """Position of the next block."""
        self.start = 0.0
        """Time of position 0, averaged."""
        self._blocks = 0

    def place(self, count: int, at: float) -> int:
        """Return the position of a block of `count` samples that begins at `at`."""
        late = at - self.start - self.next / RATE
        if self._blocks and abs(late) > LEAP:
            self.next += round(late * RATE)
        else:
            self._blocks += 1
            self.start += late * min(1.0, max(1 / self._blocks, count / RATE / SETTLE))
        position = self.next
        self.next += count
        return position


class _NearEnd:
    """Cuts what the microphone captured into frames at `RATE`."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._source_rate = RATE
        self._resampler = Resampler(RATE, RATE)
        self._pending: Samples = np.zeros(0, np.int16)
        self._backlog = 0.0
        """Seconds that came in and were not given out, in the resampler or as part of a frame."""

    @property
    def start(self) -> float:
        return self._clock.start

    def take(self, samples: Samples, rate: int, at: float) -> tuple[int, list[Samples]]:
        """Add a block; return the whole frames that there are now, and the position of the first."""
        if rate != self._source_rate:
            self._pending = np.concatenate([self._pending, self._resampler.flush()])
            self._backlog = self._pending.size / RATE
            self._source_rate, self._resampler = rate, Resampler(rate, RATE)
        self._pending = np.concatenate([self._pending, self._resampler.push(samples)])
        whole = self._pending.size // FRAME * FRAME
        position = self._clock.place(whole, at - self._backlog)
        self._backlog += samples.size / rate - whole / RATE
        frames = list(self._pending[:whole].reshape(-1, FRAME))
        self._pending = self._pending[whole:]
        return position, frames


class _FarEnd:
    """The last seconds of what the speaker puts out, and what it will put out, as far as known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clock = _Clock()
        self._ring: Samples = np.zeros(KEPT, np.int16)

    def put(self, samples: Samples, at: float) -> None:
        with self._lock:
            end = self._clock.next
            position = self._clock.place(samples.size, at)
            gap = min(KEPT, max(0, position - end))
            self._ring[np.arange(position - gap, position) % KEPT] = 0
            last = samples[-KEPT:]
            self._ring[np.arange(self._clock.next - last.size, self._clock.next) % KEPT] = last

    def position(self, at: float) -> float:
        return (at - self._clock.start) * RATE

    def read(self, position: int, count: int) -> Samples:
        """Return `count` samples from `position` on; silence where there are none, or none any more."""
        wanted = np.arange(position, position + count)
        with self._lock:
            known = (wanted < self._clock.next) & (wanted >= self._clock.next - KEPT)
            found: Samples = np.where(known, self._ring[wanted % KEPT], np.int16(0))
        return found


class _Canceller:
    """Both cancellers, and the choice between them. Works on frames at `RATE`."""

    def __init__(self) -> None:
        self._linear = _LinearCanceller()
        self._aec3: EchoCanceller | None = None
        self._delayed: _Wave = np.zeros(AEC3_DELAY, np.float32)
        self._learnt = False
        """The linear one knows the path. Until then AEC3 works alone: what a beginner leaves changes all the
        time, which would mislead AEC3 for seconds."""
        self._captured = self._remaining = 0.0
        """Energy over the last second with echo, before and after the linear one."""
        self._whole = self._left = 1e-6
        """Energy over the last frames, before and after AEC3."""
        self._voice = 1.0

    def process(self, near: _Wave, far: _Wave) -> _Wave:
        if self._aec3 is None:
            from pywebrtc_audio import EchoCanceller  # noqa: PLC0415 - only who cancels needs it

            self._aec3 = EchoCanceller(RATE)
        subtracted = self._linear.process(near, far)
        if not (self._linear.idle or self._learnt):
            self._captured = 0.99 * self._captured + float(near @ near)
            self._remaining = 0.99 * self._remaining + float(subtracted @ subtracted)
            self._learnt = self._remaining < LEARNT * self._captured
        source = subtracted if self._learnt else near
        suppressed = self._aec3.process(source, far)
        queue = np.concatenate([self._delayed, source])
        whole, self._delayed = queue[:FRAME], queue[FRAME:]
        was, self._voice = self._voice, self._share_of_voice(whole, suppressed)
        share = np.linspace(was, self._voice, FRAME)
        return (suppressed + share * (whole - suppressed)).astype(np.float32)

    def _share_of_voice(self, whole: _Wave, suppressed: _Wave) -> float:
        self._whole = MEMORY * self._whole + float(whole @ whole) + 1e-6
        self._left = MEMORY * self._left + float(suppressed @ suppressed) + 1e-6
        if self._linear.idle:
            return 1.0
        if not self._learnt:
            return 0.0
        kept = 10 * np.log10(self._left / self._whole)
        return float(np.clip((kept - ONLY_ECHO) / (VOICE - ONLY_ECHO), 0, 1))


class _LinearCanceller:
    """A Kalman filter in the frequency domain, one partition a frame of echo (diagonalised covariance).

    It weighs each step by what it knows of the echo's path against what else is heard, so that it needs no
    detector of double talk.
    """

    DRIFT = 0.999
    """Of the path, which stays from frame to frame; the rest may have changed."""
    SMOOTHING = 0.8
    CONSTRAINED = 2
    """Partitions a frame, in turn, that are kept from wrapping around: all would take twice the time."""

    def __init__(self) -> None:
        shape = (PARTITIONS, FRAME + 1)
        self._heard: _Wave = np.zeros(2 * FRAME, np.float32)
        self._spectra = np.zeros(shape, np.complex64)
        """Of the far end, the newest frame first."""
        self._path = np.zeros(shape, np.complex64)
        self._doubt = np.ones(shape, np.float32)
        """Variance of the path."""
        self._other = np.zeros(FRAME + 1, np.float32)
        """Power of what is not echo."""
        self._turn = 0
        self._silent = PARTITIONS

    @property
    def idle(self) -> bool:
        """Nothing has sounded for so long that there can be no echo."""
        return self._silent > PARTITIONS

    def process(self, near: _Wave, far: _Wave) -> _Wave:
        """Return `near` without the echo of `far`."""
        self._silent = 0 if far.any() else self._silent + 1
        if self.idle:
            return near
        self._heard = np.concatenate([self._heard[FRAME:], far])
        self._spectra = np.roll(self._spectra, 1, axis=0)
        self._spectra[0] = np.fft.rfft(self._heard)
        echo = np.fft.irfft((self._spectra * self._path).sum(axis=0))[FRAME:]
        rest = (near - echo).astype(np.float32)
        self._learn(np.fft.rfft(np.concatenate([np.zeros(FRAME, np.float32), rest])).astype(np.complex64))
        return rest

    def _learn(self, rest: NDArray[np.complex64]) -> None:
        power = _power(self._spectra)
        self._other += (1 - self.SMOOTHING) * (2 * _power(rest) - self._other)
        gain = self._doubt / ((power * self._doubt).sum(axis=0) + self._other + 1e-9)
        self._path += gain * self._spectra.conj() * rest
        self._doubt *= self.DRIFT * (1 - 0.5 * gain * power)
        self._doubt += (1 - self.DRIFT) * _power(self._path)
        turn = np.arange(self._turn, self._turn + self.CONSTRAINED) % PARTITIONS
        response = np.fft.irfft(self._path[turn], axis=1)
        response[:, FRAME:] = 0
        self._path[turn] = np.fft.rfft(response, axis=1)
        self._turn += self.CONSTRAINED


def _power(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    return spectrum.real**2 + spectrum.imag**2


def _wave(samples: Samples) -> _Wave:
    return samples.astype(np.float32) / np.float32(32768.0)
