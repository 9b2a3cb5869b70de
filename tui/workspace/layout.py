"""How many panes stand beside and below each other: pure arithmetic on counts and cells."""

import math
from dataclasses import dataclass

LEAST_WIDTH = 40
"""Cells of a pane that can still be read beside another."""
NARROW = 100
"""Cells of a screen under which panes do not stand beside each other at all."""
LEAST_HEIGHT = 9
WIDEST = 4
"""Panes in a row at most."""


@dataclass(frozen=True)
class Arrangement:
    """Rows of panes, each with its number of panes.

    With `single`, one pane is shown alone.
    """

    rows: tuple[int, ...]
    fits: bool = True
    """Else each row has `LEAST_HEIGHT`, and the rest is reached by scrolling."""
    single: bool = False

    @property
    def columns(self) -> int:
        """Columns of a grid in which every row's panes span the same number each."""
        return math.lcm(*self.rows) if self.rows else 1

    def spans(self) -> list[int]:
        """How many of those columns each pane takes."""
        return [self.columns // row for row in self.rows for _ in range(row)]


def arrange(count: int, width: int, height: int) -> Arrangement:
    """Arrange `count` panes: near to a square, an incomplete row first, and as few rows as the width allows.

    A screen too small for two panes beside or below each other shows one alone.
    """
    if count <= 1:
        return Arrangement((count,) if count else ())
    beside = 1 if width < NARROW else min(WIDEST, width // LEAST_WIDTH)
    below = max(1, height // LEAST_HEIGHT)
    if beside == 1 and below < 3:
        return Arrangement((count,), single=True)
    rows = math.ceil(count / min(beside, _square(count, width)))
    if rows > below:  # before anything must be scrolled, rows are filled up
        rows = max(math.ceil(count / beside), min(rows, below))
    least, more = divmod(count, rows)
    counts = tuple(least + (number >= rows - more) for number in range(rows))
    return Arrangement(counts, fits=rows <= below)


def _square(count: int, width: int) -> int:
    """Panes in a row for a grid of about a terminal's shape: 1, 2, 3, 4, 6 and 9 come out whole."""
    if count == 3:
        return 3 if width >= 3 * 60 else 2
    return math.ceil(math.sqrt(count))
