"""Which frames of a session are listed, and which of them are looked for."""

import time
from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from sessions.state.frames import Reader
from sessions.state.journal import Direction, JournalView, WireFrame

_AT_ONCE = 100
"""Frames that are searched in one go."""
_OVERDUE = 1024 * 1024
"""Bytes of frames that may still be listed when they are not kept any more."""


class Gist(msgspec.Struct, frozen=True):
    """What a list tells of a frame."""

    kind: str
    sound: float | None
    """Seconds of speech in it."""


class Sieve(msgspec.Struct, frozen=True):
    """What a frame must have to be listed."""

    text: str = ""
    """In its kind or content, in capitals or not."""
    direction: Direction | None = None
    sound: bool = True
    """Whether those with speech are listed, too."""


class Listing:
    """The frames that pass. Each is read but once, and only when somebody wants to know."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.frames = JournalView()
        self._sieve = Sieve()
        self._rows: list[WireFrame] = []
        self._next = 0
        """The number of the frame to look at next."""
        self._gists: dict[int, Gist] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> WireFrame:
        return self._rows[row]

    @property
    def sieve(self) -> Sieve:
        return self._sieve

    @sieve.setter
    def sieve(self, sieve: Sieve) -> None:
        self._sieve, self._rows, self._next = sieve, [], self._first

    def take(self, frames: JournalView) -> int:
        """The frames are these by now; return how many of those listed are gone, all of them the oldest.

        They go many at a time: each time the whole list moves up.
        """
        self.frames = frames
        self._next = max(self._next, self._first)
        gone = self.row_of(self._first)
        if sum(frame.size for frame in self._rows[:gone]) < _OVERDUE:
            return 0
        del self._rows[:gone]
        self._gists = {number: gist for number, gist in self._gists.items() if number >= self._first}
        return gone

    def scan(self, budget: float) -> bool:
        """Look through what is new, for `budget` seconds; return whether that was all of it."""
        new = self.frames[self._next - self._first :]
        if self._sieve == Sieve():
            self._rows += new
            self._next += len(new)
            return True
        until = time.monotonic() + budget
        for frame in new:
            if time.monotonic() > until:
                return False
            if self._passes(frame):
                self._rows.append(frame)
            self._next += 1
        return True

    def gist(self, frame: WireFrame) -> Gist:
        known = self._gists.get(frame.number)
        if known is None:
            reading = self.reader.read(frame)
            known = Gist(reading.kind, reading.sound.seconds if reading.sound else None)
            self._gists[frame.number] = known
        return known

    def row_of(self, number: int) -> int:
        """The row of this frame, or of the next that is listed."""
        return bisect_left(self._rows, number, key=lambda frame: frame.number)

    def find(self, text: str, row: int, step: int) -> Iterator[WireFrame | None]:
        """Look for the next frame with a text from `row` on, and around.

        Yields nothing now and then before it is found, so that who asks may do something else meanwhile.
        """
        rows = self._rows[:]
        for count in range(1, len(rows) + 1):
            frame = rows[(row + step * count) % len(rows)]
            if self._mentions(frame, text.lower()):
                yield frame
                return
            if count % _AT_ONCE == 0:
                yield None

    @property
    def _first(self) -> int:
        return self.frames[0].number if len(self.frames) else 0

    def _passes(self, frame: WireFrame) -> bool:
        sieve = self._sieve
        if sieve.direction not in (None, frame.direction):
            return False
        if not sieve.sound and self.gist(frame).sound is not None:
            return False
        return not sieve.text or self._mentions(frame, sieve.text.lower())

    def _mentions(self, frame: WireFrame, text: str) -> bool:
        content = frame.content.lower()
        wanted = text if isinstance(content, str) else text.encode(errors="replace")
        return wanted in content or text in self.gist(frame).kind.lower()  # type: ignore[operator]
