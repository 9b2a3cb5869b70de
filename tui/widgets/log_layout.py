"""Where each entry of a log stands: which lines it has, and in which entry a line is.

Lines are counted over what the window has measured and, once that reaches the end, what is still being
written. A place is an entry's index and a place in its text, and so outlives a change of width.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sessions.state.log import Entry
from tui.widgets.log_lines import Laid, Shape, entry_text
from tui.widgets.log_window import Window

_KEPT = 100
"""Settled entries that are kept laid out."""


class Place(NamedTuple):
    entry: int
    at: int


class Layout:
    """Settled entries, which never change, and after them those that are still being written."""

    def __init__(self, empty: str = "") -> None:
        self._empty = Entry("note", empty)
        self.entries: Sequence[Entry] = ()
        self.live: Sequence[Entry] = ()
        self.shape = Shape(0)
        self._taken = 0
        self._last: Entry | None = None
        """The last of the settled entries taken: another in its place means another log."""
        self._window = Window(0, self.shape)
        self._laid: dict[int, Laid] = {}
        self._open: list[Laid] = []

    def is_same(self, entries: Sequence[Entry], live: Sequence[Entry]) -> bool:
        return len(entries) == self._taken and live == self.live and self.goes_on(entries)

    def goes_on(self, entries: Sequence[Entry]) -> bool:
        """Whether these are the settled entries known, and perhaps more."""
        taken = self._taken
        return not taken or (len(entries) >= taken and entries[taken - 1] is self._last)

    @property
    def count(self) -> int:
        return len(self.entries) + len(self.live)

    @property
    def lines(self) -> int:
        return self._window.lines + sum(len(laid.lines) for laid in self._open)

    @property
    def is_measured(self) -> bool:
        return self._window.first == 0 and self._reaches_end

    @property
    def _reaches_end(self) -> bool:
        return self._window.last == self._taken

    def top_of_live(self, number: int | None) -> int:
        """Return the first line of one that is still being written; with None, the line after the last."""
        return self._window.lines + sum(len(laid.lines) for laid in self._open[:number])

    def begin(self, shape: Shape, place: Place | None, height: int) -> None:
        """Lay out anew: from this place on, or up to the end; so much that `height` lines can be drawn."""
        self.shape, self._laid = shape, {}
        self._take()
        self._window = window = Window(min(place.entry, self._taken) if place else self._taken, shape)
        while not self._reaches_end and window.lines < height:
            window.grow_down(self.entries)
        self._lay_out_live()
        while window.lines < height and window.first > 0:
            window.measure_above(self.entries)
            window.take_in()

    def go_on(self) -> tuple[int, int] | None:
        """Take in what is new; return which lines are others now, or none if it is too much for that."""
        window, before, lines = self._window, self._open, self.lines
        known, settled = window.lines, range(0)
        if self._reaches_end:
            window.grow_down(self.entries)
            if window.last < len(self.entries):
                return None
            settled = range(self._taken, window.last)
        self._take()
        self._lay_out_live(before[len(settled) :])
        same = _lines_alike(before, [*map(self.lay, settled), *self._open])
        return known + same, max(lines, self.lines)

    def measure(self, *, all_above: bool) -> int:
        """Measure a slice more; return how many lines came in above the others.

        `all_above`: they come in together when the last is measured, because each time all is drawn anew.
        """
        if not self._reaches_end:
            self._window.grow_down(self.entries)
            self._lay_out_live()
            return 0
        self._window.measure_above(self.entries)
        return self._window.take_in() if self._window.is_measured_above or not all_above else 0

    def forget_drawn(self) -> None:
        """Forget how lines are drawn: the styles are others."""
        self._laid = {}
        self._open = [Laid(laid.entry, self.shape) for laid in self._open]

    # Places

    def lay(self, entry: int) -> Laid:
        if entry >= self._taken:
            return self._open[entry - self._taken]
        if entry not in self._laid:
            if len(self._laid) >= _KEPT:
                self._laid = {}
            self._laid[entry] = Laid(self.entries[entry], self.shape)
        return self._laid[entry]

    def text(self, entry: int) -> str:
        settled = len(self.entries)
        return entry_text(self.entries[entry] if entry < settled else self.live[entry - settled])

    def holds(self, entry: int) -> bool:
        """Whether the lines of an entry are known."""
        return self._window.holds(entry) if entry < self._taken else self._reaches_end

    def locate(self, line: int) -> tuple[int, int] | None:
        """Return in which entry a line is, and which of its lines; none for one behind the last."""
        if 0 <= line < self._window.lines:
            return self._window.locate(line)
        line -= self._window.lines
        for entry, laid in enumerate(self._open, self._taken):
            if line < len(laid.lines):
                return entry, line
            line -= len(laid.lines)
        return None

    def place_of(self, line: int) -> Place:
        where = self.locate(line)
        return Place(where[0], self.lay(where[0]).lines[where[1]][0]) if where else Place(self.count, 0)

    def line_of(self, place: Place) -> int:
        """Return the line of a place in an entry that it `holds`, or else the line after the last."""
        entry = place.entry
        if entry >= self._taken + len(self._open):
            return self.lines
        if entry < self._taken:
            return self._window.top(entry) + self.lay(entry).line_of(place.at)
        return self.top_of_live(entry - self._taken) + self.lay(entry).line_of(place.at)

    def _take(self) -> None:
        self._taken, self._last = len(self.entries), self.entries[-1] if self.entries else None

    def _lay_out_live(self, before: Sequence[Laid] = ()) -> None:
        """Lay out what is still being written, if the window has come to it; what is as before is kept."""
        live = self.live or (() if self.entries or not self._empty.text else (self._empty,))
        kept = [laid if laid.entry == entry else None for laid, entry in zip(before, live, strict=False)]
        kept += [None] * (len(live) - len(kept))
        self._open = (
            [laid or Laid(entry, self.shape) for laid, entry in zip(kept, live, strict=True)]
            if self._reaches_end
            else []
        )


def _lines_alike(before: Sequence[Laid], after: Sequence[Laid]) -> int:
    """Return how many lines at the start of two sequences are drawn alike."""
    same = 0
    for old, new in zip(before, after, strict=False):
        if old is not new:
            for line in range(min(len(old.lines), len(new.lines))):
                if old.row(line) != new.row(line):
                    return same + line
            if len(old.lines) != len(new.lines):
                return same + min(len(old.lines), len(new.lines))
        same += len(new.lines)
    return same
