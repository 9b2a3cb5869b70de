"""A sink that pulls by hand, and what it plays."""

import numpy as np

from sessions.audio.mixer import Mixer, Progress
from sessions.audio.pcm import RATE, Samples
from sessions.audio.track import FADE_FRAMES


class Clock:
    """Time that goes on when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def tone(seconds: float, value: int = 1000) -> bytes:
    return np.full(round(seconds * RATE), value, "<i2").tobytes()


def say(mixer: Mixer, name: str, group: str = "g", seconds: float = 1.0, value: int = 1000) -> None:
    """A complete utterance."""
    mixer.add(name, group, tone(seconds, value), RATE)
    mixer.end(name)


def saying(*names: str, seconds: float = 1.0, group: str = "g") -> Mixer:
    """Complete utterances, of samples 1000, 2000, ..., on a clock that stands still."""
    mixer = Mixer(Clock())
    for number, name in enumerate(names, 1):
        say(mixer, name, group, seconds, 1000 * number)
    return mixer


def pull(mixer: Mixer, seconds: float, latency: float = 0.0) -> Samples:
    """Pull, and tell that what comes next is heard `latency` later."""
    out = mixer.pull(round(seconds * RATE))
    mixer.anchor(mixer.pulled, latency)
    return out


def account(mixer: Mixer, name: str, group: str = "g") -> Progress:
    return mixer.progress(group)[name]


def settled(out: Samples) -> set[int]:
    """The values of what was pulled, when all fades are over."""
    return set(out[FADE_FRAMES:].tolist())


def steepest(samples: Samples) -> int:
    """The greatest step from one sample to the next, from silence on."""
    return int(np.abs(np.diff(samples.astype(int), prepend=0)).max(initial=0))
