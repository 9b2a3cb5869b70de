"""Audio on its way to the engines, and the commands between it, in the order they came."""

from collections import deque
from typing import Generic, TypeVar

import anyio

from sessions.audio.pcm import Samples
from sessions.local.endpointing import RATE

STEP = RATE // 10
"""Audio is taken in steps of at most 100 ms."""
LONGEST_BACKLOG = 600.0
"""Seconds. A peer that is further ahead is not read from until the engines have caught up."""

Command = TypeVar("Command")


class AudioQueue(Generic[Command]):
    """One producer, one consumer; audio is 16 kHz samples."""

    def __init__(self) -> None:
        self._items: deque[tuple[Samples | None, Command | None]] = deque()
        self._waiting = 0
        self._changed = anyio.Event()

    def backlog(self) -> float:
        """Seconds of audio that wait."""
        return self._waiting / RATE

    async def put_audio(self, samples: Samples) -> None:
        while self.backlog() > LONGEST_BACKLOG:
            await self._change()
        self._waiting += len(samples)
        for at in range(0, len(samples), STEP):
            self._items.append((samples[at : at + STEP], None))
        self._changed.set()

    def put_command(self, command: Command) -> None:
        self._items.append((None, command))
        self._changed.set()

    async def get(self) -> tuple[Samples | None, Command | None]:
        """Return audio or a command; the other is None."""
        while not self._items:
            await self._change()
        samples, command = self._items.popleft()
        if samples is not None:
            self._waiting -= len(samples)
            self._changed.set()
        return samples, command

    async def _change(self) -> None:
        # Never both sides at once: one waits for items, the other for there to be fewer.
        self._changed = anyio.Event()
        await self._changed.wait()
