"""How loud a stream is: its level, its shape, whether it clips, and how long it has been silent."""

from sessions.audio.pcm import Samples, level
from sessions.audio.view import WAVE_KEPT, WAVE_STEP, Wave

SILENCE = 0.001
"""-60 dB: under it a microphone is off, unplugged, or not allowed to be used. Rooms are louder."""
FULL = 0.999
"""From this on the converter was driven to its end."""
CLIP_SHOWN = 1.0
"""Seconds."""
_FALL = 0.5
"""Seconds in which the level shown falls to a thousandth, so that a peak can be seen."""


class WaveMeter:
    """Makes the wave of one stream. It may be read from another thread: each wave is a new one."""

    def __init__(self) -> None:
        self.wave = Wave()
        self._peak = 0.0
        self._lasted = 0.0

    def add(self, peak: float, seconds: float) -> None:
        """The stream went on for so long, with this peak."""
        self._peak = max(self._peak, peak)
        if not self._peak and len(self.wave.peaks) == WAVE_KEPT and not any(self.wave.peaks):
            return  # silence goes on: an idle deck is told of nothing new
        self._lasted += seconds
        steps = int(self._lasted / WAVE_STEP)
        if steps:
            peaks = (*self.wave.peaks, *[self._peak] * min(steps, WAVE_KEPT))[-WAVE_KEPT:]
            self.wave = Wave(peaks, self.wave.end + steps)
            self._peak, self._lasted = 0.0, self._lasted - steps * WAVE_STEP


class Meter:
    """Watches one stream. Times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.level = 0.0
        """Peak of the last moments, 0..1."""
        self._wave = WaveMeter()
        self._clipped_at: float | None = None
        self._silent_since: float | None = None

    def watch(self, samples: Samples, rate: int, at: float) -> None:
        """`at`: when the first of them sounded."""
        if not samples.size:
            return
        peak = level(samples)
        self.level = max(peak, self.level * 0.001 ** (samples.size / rate / _FALL))
        self._wave.add(peak, samples.size / rate)
        if peak >= FULL:
            self._clipped_at = at
        if peak > SILENCE:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = at

    @property
    def wave(self) -> Wave:
        return self._wave.wave

    def clipping(self, now: float) -> bool:
        return self._clipped_at is not None and now - self._clipped_at < CLIP_SHOWN

    def silent_for(self, now: float) -> float:
        return 0.0 if self._silent_since is None else max(0.0, now - self._silent_since)
