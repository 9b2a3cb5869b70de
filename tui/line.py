"""The line to the terminal: how much goes over it, how long it holds the deck up, and the pace it can bear.

Bytes are counted where they leave the process: under the file that Textual writes to.
"""

import io
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

INTERVAL = 0.1
"""Seconds between two pictures of the deck."""
LOW_INTERVAL = 0.5
"""The same for a line of low bandwidth."""
LONGEST = 2.0
"""The pace falls no further."""

STUCK_AFTER = 0.2
"""Seconds that a write takes, from which on the terminal is not read."""
LATE_AFTER = 0.5
"""Seconds that the terminal takes to answer, from which on pictures wait in the line."""
_WINDOW = 3.0
"""Seconds over which is averaged."""
_BUSY, _FREE = 0.3, 0.05
"""Shares of the time that writes wait: the pace falls above the one, and rises again below the other."""
_SETTLES = 1.0
"""Seconds until what a change of pace does can be seen."""
_ASK_AFTER = 2000
"""Bytes; the terminal is asked for an answer only behind so many, for an idle deck sends nothing."""
_LOST_AFTER = 10.0
"""Seconds from which on an answer is no longer waited for."""
_LEAVES_AFTER = 1.0
"""Seconds for which the last answer is waited for at most."""


class Line:
    """What is known of the line. One thread writes, another one reads these figures."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._writes: deque[tuple[float, int, float]] = deque()
        """The latest: when each ended, its bytes, the seconds it took."""
        self._begun: float | None = None
        self.total = 0
        """Bytes since the start."""

    def begin(self) -> None:
        """A write begins."""
        self._begun = self._clock()

    def end(self, size: int) -> None:
        """The write has ended; it took `size` bytes."""
        now = self._clock()
        begun, self._begun = self._begun, None
        self.total += size
        self._writes.append((now, size, now - (now if begun is None else begun)))
        while self._writes[0][0] < now - _WINDOW:
            self._writes.popleft()

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return sum(size for _, size, _ in self._latest()) / _WINDOW

    @property
    def waiting(self) -> float:
        """The share of the time that writes wait, 0 to 1."""
        return min(1.0, (sum(took for _, _, took in self._latest()) + self.held) / _WINDOW)

    @property
    def held(self) -> float:
        """Seconds that the write under way has taken by now."""
        begun = self._begun
        return 0.0 if begun is None else self._clock() - begun

    @property
    def stuck(self) -> bool:
        """The terminal is not read."""
        return self.held > STUCK_AFTER

    def _latest(self) -> list[tuple[float, int, float]]:
        since = self._clock() - _WINDOW
        return [write for write in list(self._writes) if write[0] >= since]


class _Measured(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, line: Line) -> None:
        super().__init__()
        self._raw, self._line = raw, line

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def close(self) -> None:
        super().close()
        self._raw.close()

    def write(self, data: "Buffer", /) -> int:
        self._line.begin()
        written = 0
        try:
            written = self._raw.write(data) or 0
        finally:
            self._line.end(written)
        return written


def measured(file: io.TextIOWrapper, line: Line) -> io.TextIOWrapper:
    """Return a file that writes to the same descriptor and tells `line`; `file` itself is of no more use."""
    encoding, errors = file.encoding, file.errors
    buffer = file.detach()
    assert isinstance(buffer, io.BufferedWriter)
    return io.TextIOWrapper(
        io.BufferedWriter(_Measured(buffer.detach(), line)), encoding=encoding, errors=errors
    )


class Pace:
    """How often the deck is drawn: slower while the line cannot bear it, and again as before when it can."""

    def __init__(
        self, line: Line, *, low_bandwidth: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._line, self._clock = line, clock
        self._usual = LOW_INTERVAL if low_bandwidth else INTERVAL
        self._changed = clock()
        self._drawn = self._changed - LONGEST
        self._asked: float | None = None
        self._asked_at = 0
        self._answer: float | None = None
        """Seconds that the latest took; none before the first, which not every terminal gives."""
        self.interval = self._usual
        """Seconds from one picture to the next."""

    @property
    def slowed(self) -> bool:
        """Whether the line holds the deck up now."""
        return self.interval > self._usual or self._line.stuck

    def due(self) -> bool:
        """Whether to draw a picture now. To be asked every INTERVAL; it fits the pace to the line."""
        now = self._clock()
        if self._line.stuck:
            self._slow_down(now)
            return False
        if now - self._changed > _SETTLES:
            waiting, late = self._line.waiting, self._late(now)
            if waiting > _BUSY or late > LATE_AFTER:
                self._slow_down(now)
            elif self.interval > self._usual and waiting < _FREE and late < LATE_AFTER / 2:
                self.interval = max(self._usual, self.interval / 2)
                self._changed = now
        if now - self._drawn < self.interval - INTERVAL / 2:  # a timer is never quite on time
            return False
        self._drawn = now
        return True

    def wants_answer(self) -> bool:
        """Whether it is time to ask the terminal for an answer; if so, it counts as asked."""
        if self._asked is not None:
            if self._answer is None or self._clock() - self._asked < _LOST_AFTER:
                return False
        elif self._line.total - self._asked_at < _ASK_AFTER and not self.slowed:
            return False
        self._asked, self._asked_at = self._clock(), self._line.total
        return True

    def answered(self) -> None:
        """The terminal has answered: all that was written before the question is drawn."""
        if self._asked is not None:
            self._answer, self._asked = self._clock() - self._asked, None

    def last_answer_within(self) -> float:
        """Seconds within which the answer that is under way should come, as the latest did; 0 if none is."""
        if self._asked is None or self._answer is None:
            return 0.0
        return max(0.0, min(_LEAVES_AFTER, 2 * self._answer - (self._clock() - self._asked)))

    def _slow_down(self, now: float) -> None:
        if now - self._changed > _SETTLES:
            self.interval = min(LONGEST, self.interval * 2)
            self._changed = now

    def _late(self, now: float) -> float:
        """Seconds that the answer took, or is missing by now."""
        if self._answer is None:
            return 0.0
        return max(self._answer, 0.0 if self._asked is None else now - self._asked)
