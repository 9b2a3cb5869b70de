"""Which entries of a log are measured, and at which line each begins.

To measure 10,000 entries takes as long as a screen can be drawn twice. So those in sight come first, and the
others slice by slice, first those below and then those above.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from sessions.state.log import Entry
from tui.widgets.log_lines import Shape, entry_text, wrap

SLICE = 60_000
"""Characters measured at once: a few milliseconds."""
_AN_ENTRY = 40
"""Characters that an entry counts for beside its own."""


class Window:
    """The measured ones of a log's settled entries: those from `first` up to `last`."""

    def __init__(self, at: int, shape: Shape) -> None:
        self.first = self.last = at
        self.shape = shape
        self._tops = [0]
        """The first line of each measured entry, and the line after them all."""
        self._above: list[int] = []
        """How many lines have those next above the first, measured but not yet taken in; upwards."""

    @property
    def lines(self) -> int:
        return self._tops[-1]

    def grow_down(self, entries: Sequence[Entry]) -> None:
        """Measure a slice of the entries behind."""
        room = SLICE
        while self.last < len(entries) and room > 0:
            entry = entries[self.last]
            self._tops.append(self._tops[-1] + _height(entry, self.shape))
            self.last += 1
            room -= len(entry.text) + _AN_ENTRY

    @property
    def is_measured_above(self) -> bool:
        return len(self._above) == self.first

    def measure_above(self, entries: Sequence[Entry]) -> None:
        """Measure a slice of the entries before, which `take_in` takes in."""
        room = SLICE
        while not self.is_measured_above and room > 0:
            entry = entries[self.first - len(self._above) - 1]
            self._above.append(_height(entry, self.shape))
            room -= len(entry.text) + _AN_ENTRY

    def take_in(self) -> int:
        """Take in what was measured above; return how many lines it has."""
        tops = list(accumulate(reversed(self._above), initial=0))
        added = tops.pop()
        self._tops = tops + [top + added for top in self._tops]
        self.first -= len(self._above)
        self._above = []
        return added

    def holds(self, entry: int) -> bool:
        return self.first <= entry < self.last

    def top(self, entry: int) -> int:
        """Return the first line of an entry that it holds, or the line after them all."""
        return self._tops[entry - self.first]

    def locate(self, line: int) -> tuple[int, int]:
        """Return in which entry a line of the window is, and which of its lines."""
        at = bisect_right(self._tops, line) - 1
        return self.first + at, line - self._tops[at]


def _height(entry: Entry, shape: Shape) -> int:
    return len(wrap(entry_text(entry), shape.room(entry)))
