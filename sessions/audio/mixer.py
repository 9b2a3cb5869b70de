"""The one mixer: the queue of what is to be heard, who may sound, and the account of what was.

A sink pulls frames at its own pace; whatever pulls, the account is true: for each utterance it is known how
much of it the device has put out, which a conversation's truncation and the progress shown go by.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from sessions.audio.channel import Channel, Listener, Wave, clipped
from sessions.audio.meter import WaveMeter
from sessions.audio.modes import LOUDEST, Arbitration
from sessions.audio.pcm import RATE, Samples, level, samples_of
from sessions.audio.track import Track

DUCKED = 0.2
"""Of its volume (-14 dB), for a pane behind the one in front."""
KEPT = 500
"""Utterances whose account is kept, but for those that are still to be heard."""
_FALL = 0.65
"""Seconds in which the level shown falls to a thousandth, so that a peak can be seen; then it is nothing."""


@dataclass(frozen=True)
class Progress:
    """Seconds of one utterance. `finished`: all of it was put out, or it was stopped."""

    played: float
    length: float
    finished: bool
    paused: bool
    current: bool


class Mixer:
    """Plays the utterances of any number of panes, each a group of its own, at RATE.

    A group's utterances sound one after another, in the order in which their audio began to come; whether
    groups do so too is the policy's. Safe to call from any thread; `pull` is meant for the audio callback.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy: Arbitration = "queue"
        self.front = ""
        """The group in front, for solo and duck."""
        self.held = False
        """Nothing goes on: the speaker is gone, or being changed."""
        self.level = 0.0
        """Peak of what was put out last, 0..1."""
        self.meter = WaveMeter()
        """Of what was put out."""
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count()
        self._tracks: dict[str, Track] = {}
        self._channels: dict[str, Channel] = {}
        self._holder: Track | None = None
        """In a queue, what has begun and so is not interrupted, but for a pause."""
        self._pulled = 0
        self._anchor: tuple[int, float] | None = None
        self._listeners: tuple[Listener, ...] = ()

    # What is to be heard

    def add(self, name: str, group: str, pcm: bytes, rate: int) -> None:
        """Append audio (16-bit little-endian mono) to an utterance; the first makes it queue up."""
        with self._lock:
            track = self._tracks.get(name)
            if track is None:
                self._forget_the_old()
                track = self._tracks[name] = Track(next(self._numbers), name, group, rate)
                self._channel(group).begin(track)
            if not track.ended:
                self._channels[track.group].arrived(track, samples_of(pcm), rate, self._clock())

    def end(self, name: str) -> None:
        """No more audio comes for the utterance."""
        with self._lock:
            if track := self._tracks.get(name):
                track.end()

    def stop(self, name: str) -> float:
        """Cut an utterance off; return how many seconds of it are heard.

        That is all which the device was given: it cannot be taken back, and sounds within 0.12 s.
        """
        with self._lock:
            track = self._tracks.get(name)
            return 0.0 if track is None else self._stop(track)

    def skip(self, group: str) -> str:
        """Cut off the group's utterance that sounds or would be next; return its name, or nothing."""
        with self._lock:
            track = self._channel(group).first()
            if track is None:
                return ""
            self._stop(track)
            return track.name

    def forget(self, name: str) -> None:
        """Cut an utterance off and drop its account, as when it is to be played again."""
        with self._lock:
            if track := self._tracks.pop(name, None):
                self._stop(track)

    # How it is heard

    def pause(self, group: str, *, paused: bool) -> None:
        """Have a group wait, by which it loses its turn in a queue, or go on."""
        with self._lock:
            self._channel(group).paused = paused
            if paused and self._holder and self._holder.group == group:
                self._holder = None

    def is_paused(self, group: str) -> bool:
        channel = self._channels.get(group)
        return channel is not None and channel.paused

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of all groups there are."""
        with self._lock:
            return tuple(self._channels)

    def channel(self, group: str) -> Channel:
        """The group's volume, muting, speed and count of underruns; they may be set at any time."""
        with self._lock:
            return self._channel(group)

    def listen(self, name: str | None, listener: Listener) -> None:
        """Have what a group says passed on, before volume and muting; of no name, all that is put out.

        The listener is called for every pull, with the number of its first frame and the samples. It must
        return at once, and leave the mixer alone: it is called in the audio callback.
        """
        with self._lock:
            if name is None:
                self._listeners = (*self._listeners, listener)
            else:
                channel = self._channel(name)
                channel.listeners = (*channel.listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(each for each in self._listeners if each != listener)
            for channel in self._channels.values():
                channel.listeners = tuple(each for each in channel.listeners if each != listener)

    # The account

    def sounding(self, group: str) -> list[str]:
        """Names of the group's utterances that are not yet heard to their end."""
        with self._lock:
            reached = self._reached()
            return [each.name for each in self._of(group) if not each.finished(reached)]

    def progress(self, group: str) -> dict[str, Progress]:
        with self._lock:
            reached = self._reached()
            playing = self._playing(group)
            return {
                track.name: Progress(
                    track.heard(reached) / RATE,
                    track.received / RATE,
                    track.finished(reached),
                    self._channels[group].paused or self.held,
                    track is playing or (track.exhausted and not track.finished(reached)),
                )
                for track in self._of(group)
            }

    @property
    def pulled(self) -> int:
        """Frames that were given to devices so far."""
        return self._pulled

    def anchor(self, frame: int, at: float) -> None:
        """Learn from the sink that this frame of all that was pulled reaches the ear at this time."""
        self._anchor = (frame, at)

    def time_of(self, frame: int) -> float:
        """When this frame reaches the ear, on the monotonic clock."""
        known, at = self._anchor or (self._pulled, self._clock())
        return at + (frame - known) / RATE

    # The sink's side

    @property
    def idle(self) -> bool:
        """Whether there is nothing that could sound now."""
        with self._lock:
            return not any(channel.next() for channel in self._channels.values())

    def pull(self, frames: int) -> Samples:
        """Return the next samples: audio where there is some, silence otherwise."""
        mix: Wave | None = None  # most pulls are of silence, which costs no arithmetic
        with self._lock:
            first = self._pulled
            ducked = self.policy == "duck" and self._front_sounds()
            self._render(frames)
            for group, channel in self._channels.items():
                wave = channel.finish(first, frames, self._volume(group, channel, ducked=ducked))
                if wave is not None:
                    mix = wave if mix is None else mix + wave
            self._pulled += frames
            listeners = self._listeners
        out = np.zeros(frames, np.int16) if mix is None else clipped(mix)
        peak = 0.0 if mix is None else level(out)
        fallen = self.level * 0.001 ** (frames / RATE / _FALL)
        self.level = max(peak, fallen if fallen > 0.001 else 0.0)
        self.meter.add(peak, frames / RATE)
        for listener in listeners:
            listener(first, out)
        return out

    def _render(self, frames: int) -> None:
        if self.held:
            return
        if self.policy == "queue":
            self._holder = self._in_turn(self._next_of_all, frames) or self._holder
        else:
            for channel in self._channels.values():
                self._in_turn(channel.next, frames)

    def _in_turn(self, following: Callable[[], Track | None], frames: int) -> Track | None:
        """Have one utterance sound after another; return the last of them."""
        at, last = 0, None
        while at < frames and (track := following()) is not None:
            channel = self._channels[track.group]
            if not channel.ready(track):
                break
            at += channel.render(track, at, frames, self._pulled + at)
            last = track
            if not track.exhausted:
                break  # more may come: an underrun, not the next one's turn
        return last

    def _next_of_all(self) -> Track | None:
        """In a queue, the utterance whose turn it is: the one that holds it, or the first that came."""
        if self._holder and not self._holder.exhausted:
            return self._holder
        waiting = (track for channel in self._channels.values() if (track := channel.next()))
        return min(waiting, key=lambda track: track.number, default=None)

    def _playing(self, group: str) -> Track | None:
        """The group's utterance that sounds, be it that it waits for audio, or that is about to."""
        channel = self._channels.get(group)
        if channel is None:
            return None
        track = self._next_of_all() if self.policy == "queue" else channel.next()
        if track is None or track.group != group:
            return None
        return track if track.pulled or channel.ready(track) else None

    def _front_sounds(self) -> bool:
        if self._playing(self.front) is None:
            return False
        return self._volume(self.front, self._channels[self.front], ducked=False) > 0

    def _volume(self, group: str, channel: Channel, *, ducked: bool) -> float:
        """What a group's volume is to be now."""
        behind = group != self.front
        if channel.muted or (self.policy == "solo" and behind and self.front):
            return 0.0
        volume = min(LOUDEST, max(0.0, channel.volume))
        return volume * DUCKED if ducked and behind else volume

    def _stop(self, track: Track) -> float:
        if not track.finished(self._reached()):
            track.stop()
        return track.pulled / RATE

    def _of(self, group: str) -> list[Track]:
        return [each for each in self._tracks.values() if each.group == group]

    def _forget_the_old(self) -> None:
        """Make room for one more account."""
        surplus = len(self._tracks) + 1 - KEPT
        if surplus > 0:
            reached = self._reached()
            over = [name for name, each in self._tracks.items() if each.finished(reached)]
            for name in over[:surplus]:
                del self._tracks[name]

    def _reached(self) -> int:
        """The frame that is heard now."""
        if self._anchor is None:
            return self._pulled
        frame, at = self._anchor
        return min(self._pulled, frame + round((self._clock() - at) * RATE))

    def _channel(self, group: str) -> Channel:
        if group not in self._channels:
            self._channels[group] = Channel()
        return self._channels[group]
