"""What the user asked for last: it counts until a view can have it, so that a key can be pressed fast."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sessions.audio.modes import MicrophoneMode

T = TypeVar("T")

HOLDS = 0.5
"""Seconds; views come every tenth."""


class Wish(Generic[T]):
    """A wished value, for a while; then the value that is shown."""

    def __init__(self) -> None:
        self._made: tuple[T, float] | None = None

    def make(self, value: T) -> None:
        self._made = value, time.monotonic() + HOLDS

    def or_shown(self, shown: T) -> T:
        if self._made and time.monotonic() < self._made[1]:
            return self._made[0]
        return shown


@dataclass
class Wishes:
    """The wishes on the sound of each session, by its name."""

    volume: defaultdict[str, Wish[float]] = field(default_factory=lambda: defaultdict(Wish))
    speed: defaultdict[str, Wish[float]] = field(default_factory=lambda: defaultdict(Wish))
    mode: defaultdict[str, Wish[MicrophoneMode]] = field(default_factory=lambda: defaultdict(Wish))
    before_mute: dict[str, MicrophoneMode] = field(default_factory=dict)
