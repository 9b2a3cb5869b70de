"""What of a line must be sent to the terminal again."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip


def changed_cells(old: Strip, new: Strip) -> tuple[int, int] | None:
    """Return the cells, from and up to, in which two lines look different; none if they do not."""
    before, after = (
        [(char, look) for part in strip for look in (_look(part.style),) for char in part.text]
        for strip in (old, new)
    )
    if before == after:
        return None
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
    begin = _cells(after[:head])
    ends = [_cells(line[: len(line) - tail]) for line in (before, after)]
    # What follows stays only where it stands in the same place.
    return begin, ends[1] if ends[0] == ends[1] else max(old.cell_length, new.cell_length)


def _look(style: Style | None) -> Style | None:
    """Without what the mouse finds there."""
    return style.clear_meta_and_links() if style else style


def _cells(line: Sequence[tuple[str, object]]) -> int:
    return cell_len("".join(char for char, _ in line))
