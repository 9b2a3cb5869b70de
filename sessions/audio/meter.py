"""How loud a stream is: its level, whether it clips, and how long it has been silent."""

from sessions.audio.pcm import Samples, level

SILENCE = 0.001
"""-60 dB: under it a microphone is off, unplugged, or not allowed to be used. Rooms are louder."""
FULL = 0.999
"""From this on the converter was driven to its end."""
CLIP_SHOWN = 1.0
"""Seconds."""
_FALL = 0.5
"""Seconds in which the level shown falls to a thousandth, so that a peak can be seen."""


class Meter:
    """Watches one stream. Times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.level = 0.0
        """Peak of the last moments, 0..1."""
        self._clipped_at: float | None = None
        self._silent_since: float | None = None

    def watch(self, samples: Samples, rate: int, at: float) -> None:
        """`at`: when the first of them sounded."""
        if not samples.size:
            return
        peak = level(samples)
        self.level = max(peak, self.level * 0.001 ** (samples.size / rate / _FALL))
        if peak >= FULL:
            self._clipped_at = at
        if peak > SILENCE:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = at

    def clipping(self, now: float) -> bool:
        return self._clipped_at is not None and now - self._clipped_at < CLIP_SHOWN

    def silent_for(self, now: float) -> float:
        return 0.0 if self._silent_since is None else max(0.0, now - self._silent_since)
