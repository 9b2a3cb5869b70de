"""The queue of what is to be heard, and the account of what was.

A sink pulls samples at its own pace; whatever pulls, the account is true: for each utterance it is known how
much of it the device has put out, which a conversation's truncation and the progress shown go by.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

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
class _Run:
    """Samples of a track that lie side by side in what the device was given."""

    frame: int
    """The device's frame of the first of them."""
    first: int
    count: int


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
    runs: deque[_Run] = field(default_factory=deque)
    """Where its samples lie, from what is heard now on."""

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
        """The track with which the last pull ended; none after silence."""
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

    def stop(self, name: str) -> float:
        """Cut an utterance off, and return how many seconds of it were heard."""
        with self._lock:
            track = self._tracks.get(name)
            if track is None:
                return 0.0
            heard = self._heard(track)
            if not self._finished(track):
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
                    self._keep_fade(self._last)
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
            front = self._front()
            return {
                track.name: Progress(
                    self._heard(track),
                    track.received / self.rate,
                    self._finished(track),
                    group in self._paused,
                    (track is front and self._begun(track))
                    or (track.exhausted and not self._finished(track)),
                )
                for track in self._tracks.values()
                if track.group == group
            }

    def pull(self, frames: int) -> Samples:
        """Return the next `frames` samples: audio where there is some, silence otherwise."""
        out = np.zeros(frames, np.int16)
        with self._lock:
            at = 0
            last = None
            if self._fade.size:
                at = min(frames, self._fade.size)
                out[:at] = self._fade[:at]
                self._fade = self._fade[at:]
            while at < frames and (track := self._current()) is not None:
                at += self._take(track, out[at:], self._pulled + at)
                last = track
                if track.waiting == 0 and not track.ended:
                    break  # more may come: an underrun, not the next one's turn
            if frames:
                self._last = last if at == frames else None
            self._pulled += frames
        return out

    def _append(self, track: _Track, samples: Samples) -> None:
        if samples.size:
            track.chunks.append(samples)
            track.received += samples.size

    def _front(self) -> _Track | None:
        """The track whose turn it is, whether or not it can sound yet."""
        tracks = self._tracks.values()
        return next((each for each in tracks if each.group not in self._paused and not each.exhausted), None)

    def _begun(self, track: _Track) -> bool:
        return bool(track.pulled) or track.ended or track.waiting >= START_DEPTH * self.rate

    def _current(self) -> _Track | None:
        track = self._front()
        return track if track and track.waiting and self._begun(track) else None

    def _take(self, track: _Track, out: Samples, frame: int) -> int:
        """Fill `out`, which the device plays from its `frame` on, as far as the track's samples go."""
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
        if track.runs and track.runs[-1].frame + track.runs[-1].count == frame:
            track.runs[-1].count += taken
        else:
            track.runs.append(_Run(frame, track.pulled, taken))
        track.pulled += taken
        return taken

    def _keep_fade(self, track: _Track) -> None:
        """Let the next few samples of a track that sounds die away; they do not count as played."""
        if track is not self._last or not track.chunks:
            return
        size = int(FADE * self.rate)
        head = np.concatenate([chunk[:size] for chunk in islice(track.chunks, size)])[:size]
        self._fade = (head * np.linspace(1.0, 0.0, head.size)).astype(np.int16)

    def _heard(self, track: _Track) -> float:
        if track.stopped_at is not None:
            return track.stopped_at
        reached = self._pulled - int(self.latency * self.rate)
        while len(track.runs) > 1 and track.runs[1].frame <= reached:
            track.runs.popleft()
        if not track.runs:
            return 0.0
        run = track.runs[0]
        return (run.first + max(0, min(run.count, reached - run.frame))) / self.rate

    def _finished(self, track: _Track) -> bool:
        if track.stopped_at is not None:
            return True
        return track.exhausted and self._heard(track) >= track.received / self.rate
