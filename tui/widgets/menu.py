"""The deck's menu: a box that shows, after the key that begins chords, which keys may follow.

It does not take the focus. The app hands it the next keys before anybody else gets them, whether it is drawn
yet or not: a chord that is typed fast never shows it.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual.containers import VerticalScroll
from textual.events import Click, Key
from textual.widgets import Static

from tui.actions.registry import DeckAction, key_name

_GAP = 3
_FRAME = 5
"""Cells of border, padding and scrollbar."""


@dataclass(frozen=True)
class _Row:
    """A line of a column; without a key the title of a subject."""

    label: str
    key: str = ""
    action: str = ""


class Menu(VerticalScroll):
    """Lists actions by subject. `choose` gets the id of the one whose key is typed, or which is clicked.

    It is `width` cells wide. A screen that is resized closes it.
    """

    can_focus = False

    def __init__(
        self,
        subjects: Iterable[tuple[str, list[tuple[str, DeckAction]]]],
        choose: Callable[[str], Awaitable[None]],
        close: Callable[[], None],
        width: int,
    ) -> None:
        super().__init__(id="menu")
        self._choose, self._close = choose, close
        self._by_key: dict[str, str] = {}
        self._groups: list[list[_Row]] = []
        for title, actions in subjects:
            rows = [_Row(action.label, key_name(key), action.id) for key, action in actions]
            if rows:
                self._groups.append([_Row(title), *rows])
                self._by_key |= {key: action.id for key, action in actions}
        self._table = _Table(self._groups, choose)
        self._table.lay_out(width - _FRAME)
        self.border_title = "Menu"
        self.border_subtitle = "Esc closes"

    def compose(self) -> Iterable[Static]:
        yield self._table

    @property
    def actions(self) -> set[str]:
        """The ids of those that it offers."""
        return set(self._by_key.values())

    async def take(self, event: Key) -> None:
        """The next key chooses, scrolls or closes; one that does nothing closes too."""
        match event.key:
            case "up" | "down" | "pageup" | "pagedown" if self.is_attached:
                scroll = {
                    "up": self.scroll_up,
                    "down": self.scroll_down,
                    "pageup": self.scroll_page_up,
                    "pagedown": self.scroll_page_down,
                }
                scroll[event.key](animate=False)
            case key if key in self._by_key:
                await self._choose(self._by_key[key])
            case _:
                self._close()


class _Table(Static):
    """Columns of rows, each subject in one column where it has room."""

    def __init__(self, groups: list[list[_Row]], choose: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(markup=False)
        self._groups, self._choose = groups, choose
        self._columns: list[list[_Row]] = []
        rows = [row for group in groups for row in group]
        self._key = max((cell_len(row.key) for row in rows), default=0)
        self._width = max((self._key + 1 + cell_len(row.label) for row in rows), default=0) + _GAP

    def lay_out(self, width: int) -> None:
        self._columns = columns_of(self._groups, max(1, (width + _GAP) // self._width))
        self.update(self._drawn())

    async def on_click(self, event: Click) -> None:
        column, line = event.x // self._width, event.y
        if column < len(self._columns) and line < len(self._columns[column]):
            row = self._columns[column][line]
            if row.action:
                event.stop()
                await self._choose(row.action)

    def _drawn(self) -> Text:
        text = Text(no_wrap=True)
        for line in range(max(map(len, self._columns), default=0)):
            for column in self._columns:
                row = column[line] if line < len(column) else _Row("")
                if row.key:
                    text.append(row.key.rjust(self._key), "bold")
                    text.append(f" {row.label}".ljust(self._width - self._key))
                else:
                    text.append(row.label, "bold underline")
                    text.append(" " * (self._width - cell_len(row.label)))
            text.rstrip()
            text.append("\n")
        text.rstrip()
        return text


def columns_of(groups: list[list[_Row]], count: int) -> list[list[_Row]]:
    """Fill at most `count` columns from left to right, as low as can be; no title stands last in one."""
    height = -(-sum(map(len, groups)) // count)
    while True:
        columns: list[list[_Row]] = [[]]
        for group in groups:
            for number, row in enumerate(group):
                if len(columns[-1]) + (number == 0) >= height:
                    columns.append([])
                columns[-1].append(row)
        if len(columns) <= count:
            return columns
        height += 1
