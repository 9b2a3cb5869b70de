"""A pane's way through the mixer: its queue, its volume and speed, and cuts that do not click."""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sessions.audio.jitter import Jitter
from sessions.audio.meter import WaveMeter
from sessions.audio.modes import FASTEST, SLOWEST
from sessions.audio.pcm import RATE, Samples
from sessions.audio.track import FADE_FRAMES, Track

_STRETCHING = 0.045
"""Seconds that stretching keeps back."""

Listener = Callable[[int, Samples], None]
Wave = NDArray[np.float32]
_RISING = np.linspace(0.0, 1.0, FADE_FRAMES, dtype=np.float32)
_FALLING = _RISING[::-1].copy()
_NONE: Wave = np.zeros(0, np.float32)


class Channel:
    """What one group of utterances has of its own.

    Volume (0 to 2), muted and speed (0.5 to 2) may be set at any time; the mixer's lock guards the rest.
    """

    def __init__(self) -> None:
        self.volume = 1.0
        self.muted = False
        self.speed = 1.0
        self.paused = False
        self.underruns = 0
        """Times that audio came too late to go on sounding."""
        self.meter = WaveMeter()
        """Of what the group says, before volume and muting."""
        self.jitter = Jitter()
        self.listeners: tuple[Listener, ...] = ()
        self._queue: deque[Track] = deque()
        self._wave: Wave | None = None
        """What the group says in the present pull."""
        self._current: Track | None = None
        """What sounds without a break, up to where the group's speech has come."""
        self._last = 0.0
        """Its last sample, before any fading."""
        self._risen = 0
        """How many samples of its fading in are over."""
        self._dying: Wave = _NONE
        """The sum of what was cut off, fading out from the pull's first sample on."""
        self._silent = True
        """The group said nothing in the last pull."""
        self._volume = 1.0
        self._ramp: Wave = _NONE
        """The way to that volume."""

    # What is to be heard

    def begin(self, track: Track) -> None:
        """Put a new utterance at the end of the queue."""
        self._queue.append(track)
        self.jitter.begin()

    def arrived(self, track: Track, samples: Samples, rate: int, now: float) -> None:
        """Give an utterance more audio."""
        self.jitter.arrived(now, samples.size / rate)
        track.append(samples)
        if track.missed and samples.size:
            track.missed = False
            self.underruns += 1

    def first(self) -> Track | None:
        """The utterance that sounds now or would be next."""
        while self._queue and self._queue[0].exhausted:
            self._queue.popleft()
        return self._queue[0] if self._queue else None

    def next(self) -> Track | None:
        """The same, if it may sound."""
        return None if self.paused else self.first()

    def ready(self, track: Track) -> bool:
        """Whether an utterance can sound: it goes on, or enough of it is there, or all."""
        going_on = track.pulled > 0 and not track.starved
        return track.ended or going_on or track.waiting >= self._depth

    @property
    def _depth(self) -> float:
        """Samples to have before an utterance sounds."""
        return (self.jitter.depth + (_STRETCHING if self.speed != 1.0 else 0.0)) * RATE

    def _speed_of(self, track: Track) -> float:
        speed = min(FASTEST, max(SLOWEST, self.speed))
        # What comes only as fast as it is spoken would stutter.
        return min(1.0, speed) if not track.ended and track.waiting < self._depth else speed

    # A pull: any number of renders, each further on, then the finish

    def render(self, track: Track, at: int, frames: int, frame: int) -> int:
        """Go on with a track at sample `at` of `frames`, the device's `frame`; return how far it goes."""
        if self._wave is None:
            self._wave = np.zeros(frames, np.float32)
        if at > 0 or track is not self._current:
            self._let_die(0)
            self._risen = 0 if track.pulled else FADE_FRAMES
        samples = track.take(frames - at, frame, self._speed_of(track))
        until = at + samples.size
        if samples.size:
            self._wave[at:until] = samples
            self._fade_in(self._wave[at:until])
            self._current, self._last = track, float(samples[-1])
            track.starved = False
        if until < frames:
            self._let_die(until)
            track.starved = track.missed = not track.exhausted
        return samples.size

    def finish(self, frame: int, frames: int, volume: float) -> Wave | None:
        """Return what the group contributes to the device's frames from `frame` on; nothing for silence."""
        dry, self._wave = self._wave, None
        if dry is None:
            self._let_die(0)
        if self._dying.size:
            dry = np.zeros(frames, np.float32) if dry is None else dry
            count = min(frames, self._dying.size)
            dry[:count] += self._dying[:count]
            self._dying = self._dying[count:]
        peak = 0.0 if dry is None else min(1.0, float(np.abs(dry).max(initial=0.0)) / 32768.0)
        self.meter.add(peak, frames / RATE)
        if self.listeners:
            speech = np.zeros(frames, np.int16) if dry is None else clipped(dry)
            for listener in self.listeners:
                listener(frame, speech)
        if self._silent:
            self._volume, self._ramp = volume, _NONE
        self._silent = dry is None
        return None if dry is None else dry * self._volumes(volume, frames)

    def _let_die(self, at: int) -> None:
        """Fade what sounds, if anything does, from the pull's sample `at` on.

        It fades with what would come next or, where that is not there, with its last sample.
        """
        if self._current is None:
            return
        ahead = self._current.upcoming()
        self._current = None
        tail = np.full(FADE_FRAMES, ahead[-1] if ahead.size else self._last, np.float32)
        tail[: ahead.size] = ahead
        tail *= _FALLING * _RISING[min(self._risen, FADE_FRAMES - 1)]
        dying = np.zeros(max(self._dying.size, at + FADE_FRAMES), np.float32)
        dying[: self._dying.size] = self._dying
        dying[at : at + FADE_FRAMES] += tail
        self._dying = dying

    def _fade_in(self, wave: Wave) -> None:
        rising = _RISING[self._risen :][: wave.size]
        wave[: rising.size] *= rising
        self._risen += rising.size

    def _volumes(self, volume: float, frames: int) -> float | Wave:
        """The volume of each sample, on its way to this one."""
        if volume != self._volume:
            now = self._ramp[0] if self._ramp.size else self._volume
            self._volume, self._ramp = volume, np.linspace(now, volume, FADE_FRAMES, dtype=np.float32)
        if not self._ramp.size:
            return volume
        volumes = np.full(frames, volume, np.float32)
        count = min(frames, self._ramp.size)
        volumes[:count] = self._ramp[:count]
        self._ramp = self._ramp[count:]
        return volumes


def clipped(wave: Wave) -> Samples:
    """As 16-bit samples."""
    return np.asarray(np.clip(np.rint(wave), -32768, 32767), dtype=np.int16)
