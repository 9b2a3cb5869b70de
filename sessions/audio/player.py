"""The queue of what is to be heard, and the account of what was.

A sink pulls samples at its own pace; whatever pulls, the account is true: for each utterance it is known how
much of it the device has put out, which a conversation's truncation and the progress shown go by.
"""

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from sessions.audio.pcm import Resampler, Samples, samples_of

FADE = 0.005
"""Seconds over which a cut fades, so that it does not click."""
START_DEPTH = 0.08
"""Seconds of an utterance that must be there before it starts, against gaps at its beginning."""


@dataclass(frozen=True)
class Progress:
    """Seconds of one utterance. `finished`: all of it was put out, or it was stopped."""

    played: float
    length: float
    finished: bool
    paused: bool
    current: bool


@dataclass
class _Track:
    name: str
    group: str
    resampler: Resampler
    source_rate: int
    chunks: deque[Samples] = field(default_factory=deque)
    received: int = 0
    pulled: int = 0
    ended: bool = False
    stopped_at: float | None = None
    empty_since: int | None = None
    """The device's frame count when the last sample was pulled."""

    @property
    def waiting(self) -> int:
        return self.received - self.pulled

    @property
    def exhausted(self) -> bool:
        return self.ended and self.waiting == 0


class Player:
    """Plays utterances one after another, in the order in which their audio began to come.

    An utterance belongs to a group (its session), which can be paused; others play meanwhile. Safe to
    call from any thread; `pull` is meant for the audio callback and only copies.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.latency = 0.0
        """Seconds from `pull` to the ear, as the device states it."""
        self._lock = threading.Lock()
        self._tracks: dict[str, _Track] = {}
        self._paused: set[str] = set()
        self._pulled = 0
        self._last: _Track | None = None
        self._fade: Samples = np.zeros(0, np.int16)

    def add(self, name: str, group: str, pcm: bytes, rate: int) -> None:
        """Append audio (16-bit little-endian mono) to an utterance; the first makes it queue up."""
        with self._lock:
            track = self._tracks.get(name)
            if track is None:
                track = self._tracks[name] = _Track(name, group, Resampler(rate, self.rate), rate)
            if not track.ended:
                self._append(track, track.resampler.push(samples_of(pcm)))

    def end(self, name: str) -> None:
        """No more audio comes for the utterance."""
        with self._lock:
            track = self._tracks.get(name)
            if track and not track.ended:
                self._append(track, track.resampler.flush())
                track.ended = True
                track.empty_since = self._pulled if track.waiting == 0 else None

    def stop(self, name: str) -> float:
        """Cut an utterance off, and return how many seconds of it were heard."""
        with self._lock:
            track = self._tracks.get(name)
            if track is None:
                return 0.0
            heard = self._heard(track)
            if not track.exhausted or heard < track.received / self.rate:
                self._keep_fade(track)
                track.stopped_at = heard
                track.ended = True
                track.chunks.clear()
                track.received = track.pulled
            return heard

    def pause(self, group: str, *, paused: bool) -> None:
        with self._lock:
            if paused and group not in self._paused:
                if self._last and self._last.group == group:
                    self._keep_fade(self._last, consume=False)
                self._paused.add(group)
            elif not paused:
                self._paused.discard(group)

    def is_paused(self, group: str) -> bool:
        return group in self._paused

    def forget(self, name: str) -> None:
        """Drop an utterance and its account, as when it is to be played again."""
        with self._lock:
            self._tracks.pop(name, None)

    def sounding(self, group: str) -> list[str]:
        """Names of the group's utterances that are not yet heard to their end."""
        with self._lock:
            return [
                track.name
                for track in self._tracks.values()
                if track.group == group and not self._finished(track)
            ]

    def progress(self, group: str) -> dict[str, Progress]:
        with self._lock:
            current = self._current()
            return {
                track.name: Progress(
                    self._heard(track),
                    track.received / self.rate,
                    self._finished(track),
                    group in self._paused,
                    track is current or (track.exhausted and not self._finished(track)),
                )
                for track in self._tracks.values()
                if track.group == group
            }

    def pull(self, frames: int) -> Samples:
        """Return the next `frames` samples: audio where there is some, silence otherwise."""
        out = np.zeros(frames, np.int16)
        with self._lock:
            at = 0
            if self._fade.size:
                at = min(frames, self._fade.size)
                out[:at] = self._fade[:at]
                self._fade = self._fade[at:]
            while at < frames and (track := self._current()) is not None:
                at += self._take(track, out[at:])
                if track.waiting == 0:
                    track.empty_since = self._pulled + at
                    if not track.ended:
                        break  # more may come: an underrun, not the next one's turn
            self._pulled += frames
        return out

    def _append(self, track: _Track, samples: Samples) -> None:
        if samples.size:
            track.chunks.append(samples)
            track.received += samples.size
            track.empty_since = None

    def _current(self) -> _Track | None:
        for track in self._tracks.values():
            if track.group in self._paused or track.exhausted or track.stopped_at is not None:
                continue
            if track.pulled or track.ended or track.waiting >= START_DEPTH * self.rate:
                return track if track.waiting else None
            return None
        return None

    def _take(self, track: _Track, out: Samples) -> int:
        taken = 0
        while taken < out.size and track.chunks:
            chunk = track.chunks[0]
            count = min(chunk.size, out.size - taken)
            out[taken : taken + count] = chunk[:count]
            taken += count
            if count == chunk.size:
                track.chunks.popleft()
            else:
                track.chunks[0] = chunk[count:]
        track.pulled += taken
        self._last = track
        return taken

    def _keep_fade(self, track: _Track, *, consume: bool = True) -> None:
        """Let the next few samples of a track that sounds die away."""
        if track is not self._last or not track.chunks:
            return
        size = int(FADE * self.rate)
        tail = np.zeros(size, np.int16)
        pulled = track.pulled
        held = deque(track.chunks)
        taken = self._take(track, tail)
        if not consume:
            track.chunks, track.pulled = held, pulled
        self._fade = (tail[:taken] * np.linspace(1.0, 0.0, taken)).astype(np.int16)

    def _heard(self, track: _Track) -> float:
        if track.stopped_at is not None:
            return track.stopped_at
        behind = int(self.latency * self.rate)
        since = self._pulled - track.empty_since if track.empty_since is not None else 0
        return max(0, min(track.pulled, track.pulled - behind + since)) / self.rate

    def _finished(self, track: _Track) -> bool:
        if track.stopped_at is not None:
            return True
        return track.exhausted and self._heard(track) >= track.received / self.rate
