"""Where a text occurs in a log, whatever the case of its letters."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from sessions.state.log import Entry
from tui.widgets.log_lines import entry_text


def occurrences(text: str, needle: str) -> list[tuple[int, int]]:
    """Return begin and end in `text` of each occurrence of a case-folded needle."""
    folded = text.casefold()
    found = [match.span() for match in re.finditer(re.escape(needle), folded)]
    if not found or len(folded) == len(text):
        return found
    # Some letters fold to several ("ß" to "ss"): tell the letter that each comes from.
    origin = [at for at, letter in enumerate(text) for _ in letter.casefold()]
    return [(origin[begin], origin[end - 1] + 1) for begin, end in found]


class Search:
    """The occurrences of a needle, numbered from 0. Settled entries are looked through once."""

    def __init__(self, needle: str) -> None:
        self.needle = needle.casefold()
        self._holders: list[int] = []
        """Which entries hold it, by their place in the log."""
        self._before = [0]
        """Occurrences before each of these, and at last in all."""
        self._settled = 0

    @property
    def total(self) -> int:
        return self._before[-1]

    def look(self, entries: Sequence[Entry], live: Sequence[Entry]) -> None:
        """Look through what was settled since the last time, and through what is still being written."""
        self._forget(self._settled)
        for at, entry in enumerate(entries[self._settled :], self._settled):
            self._count(at, entry)
        self._settled = len(entries)
        for at, entry in enumerate(live, self._settled):
            self._count(at, entry)

    def narrow(self, needle: str, entries: Sequence[Entry]) -> "Search":
        """Return the search for a needle of which this one's is a part, in what is settled."""
        search = Search(needle)
        for at in self._holders[: bisect_left(self._holders, self._settled)]:
            search._count(at, entries[at])
        search._settled = self._settled
        return search

    def first_from(self, entry: int) -> int:
        """Return the number of the first occurrence in this entry or a later one, or else of the last."""
        return min(self._before[bisect_left(self._holders, entry)], self.total - 1)

    def place(self, number: int) -> tuple[int, int]:
        """Return the entry in which an occurrence is, and its number in there."""
        holder = bisect_right(self._before, number) - 1
        return self._holders[holder], number - self._before[holder]

    def _count(self, at: int, entry: Entry) -> None:
        if count := entry_text(entry).casefold().count(self.needle):
            self._holders.append(at)
            self._before.append(self._before[-1] + count)

    def _forget(self, entry: int) -> None:
        """Forget this entry and those behind it."""
        kept = bisect_left(self._holders, entry)
        del self._holders[kept:], self._before[kept + 1 :]
