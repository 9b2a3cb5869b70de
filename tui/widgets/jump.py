"""Jump mode: a letter on every place that one can go to; the letter that is typed goes there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import product

from textual.app import App
from textual.events import Key
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.panes.pane import Pane
from tui.widgets.part import Part
from tui.workspace.strip import Strip

_LETTERS = "asdfghjklqwertyuiopzxcvbnm"
_HOME_ROW = "asdfghjkl"


@dataclass(frozen=True)
class Place:
    """Where a label is put, and what its letter does."""

    at: Offset
    go: Callable[[], Awaitable[None] | None]


def labels(count: int) -> list[str]:
    """One letter each, or two where one is not enough."""
    if count <= len(_LETTERS):
        return list(_LETTERS[:count])
    return ["".join(pair) for pair in product(_HOME_ROW, repeat=2)][:count]


def places(screen: Screen[object], front: Callable[[Pane], None]) -> list[Place]:
    """Every pane in sight, what else in it takes keys, the tabs of hidden panes, and parts of the title."""
    found: list[Place] = []
    for pane in screen.query(Pane):
        if not pane.is_on_screen:
            continue
        found.append(Place(pane.region.offset + Offset(1, 0), lambda pane=pane: front(pane)))  # type: ignore[misc]
        inside = (each for each in pane.query("*").results(Widget) if each is not pane.entry_point)
        found += [
            Place(each.region.offset, lambda each=each: _focus(each))  # type: ignore[misc]
            for each in inside
            if each.focusable and each.is_on_screen
        ]
    for strip in screen.query(Strip):
        if strip.is_on_screen:
            found += _tabs(strip)
    found += [Place(part.region.offset, part.run) for part in screen.query(Part) if part.is_on_screen]
    return found


def _focus(widget: Widget) -> None:
    widget.focus(scroll_visible=False)


def _tabs(strip: Strip) -> list[Place]:
    first: dict[int, int] = {}
    for x in range(strip.region.width):
        if (number := strip.at(x)) is not None:
            first.setdefault(number, x)
    return [
        Place(strip.region.offset + Offset(x, 0), lambda number=number: _choose(strip, number))  # type: ignore[misc]
        for number, x in first.items()
    ]


def _choose(strip: Strip, number: int) -> None:
    strip.post_message(Strip.Chosen(number))


class Jump:
    """The labels on a screen. The app hands it the next keys before anybody else gets them."""

    def __init__(self, app: App[None], found: list[Place], close: Callable[[], None]) -> None:
        self._places = dict(zip(labels(len(found)), found, strict=False))
        self._typed = ""
        self._close = close
        self._labels = {name: _Label(name, place.at) for name, place in self._places.items()}
        app.screen.mount_all(self._labels.values())

    async def take(self, event: Key) -> None:
        """The last letter of a label goes to its place; a key that belongs to none ends jump mode."""
        typed = self._typed + event.key
        if typed in self._places:
            self._close()
            gone = self._places[typed].go()
            if gone is not None:
                await gone
            return
        self._typed = typed
        for name, label in self._labels.items():
            label.display = name.startswith(typed)
        if not any(name.startswith(typed) for name in self._places):
            self._close()

    def remove(self) -> None:
        for label in self._labels.values():
            label.remove()


class _Label(Static):
    def __init__(self, text: str, at: Offset) -> None:
        super().__init__(f" {text} ", classes="jump-label", markup=False)
        self.styles.offset = at
