"""One line that names all panes and tells the state of each, for when not all are in sight."""

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from tui.panes.pane import Pane

_SIGNS = {"connecting": "…", "retrying": "↻", "closed": "○", "failed": "!"}
_GAP = "  "


def sign(pane: Pane) -> str:
    """The state of a pane's session in one cell."""
    view = pane.view
    if view is None:
        return "…"
    if view.phase != "ready":
        return _SIGNS[view.phase]
    if any(speech.phase == "playing" for speech in view.speech) or view.answering:
        return "▶"
    if any(call.state == "waiting" for call in view.calls):
        return "?"
    return "●" if view.hearing or view.listening else "·"


class Strip(Widget):
    """Repaints when a name or a state is another. A click goes to a pane."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--front", "strip--other", "strip--bad"}

    class Chosen(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number
            """Of the pane, from 0."""

    def __init__(self) -> None:
        super().__init__(id="strip")
        self._tabs: tuple[tuple[str, str], ...] = ()
        self._front = 0
        self._otherwise = ""

    def show(self, panes: list[Pane], front: Pane | None, otherwise: str = "") -> None:
        """`otherwise`: what to say where there are no panes."""
        if not panes and otherwise != self._otherwise:
            self._otherwise = otherwise
            self.refresh()
        tabs = tuple((sign(pane), f"{pane.number} {pane.name_shown}") for pane in panes)
        at = panes.index(front) if front in panes else 0
        if (tabs, at) != (self._tabs, self._front):
            self._tabs, self._front = tabs, at
            self.refresh()

    def render(self) -> Text:
        text = Text("" if self._tabs else f" {self._otherwise}", no_wrap=True, overflow="ellipsis")
        for number, (state, name) in self._in_sight():
            style = "front" if number == self._front else "bad" if state == "!" else "other"
            text.append(f" {state} {name} ", self.get_component_rich_style(f"strip--{style}"))
            text.append(_GAP)
        return text

    def on_click(self, event: Click) -> None:
        if (number := self.at(event.x)) is not None:
            self.post_message(self.Chosen(number))

    def at(self, x: int) -> int | None:
        """Which pane's name stands in column `x`."""
        begin = 0
        for number, (state, name) in self._in_sight():
            end = begin + cell_len(f" {state} {name} ")
            if begin <= x < end:
                return number
            begin = end + len(_GAP)
        return None

    def _in_sight(self) -> list[tuple[int, tuple[str, str]]]:
        """The names from the first that lets the one in front be seen."""
        tabs = list(enumerate(self._tabs))
        while len(tabs) > 1 and tabs[0][0] < self._front and self._width(tabs, self._front) > self.size.width:
            tabs.pop(0)
        return tabs

    @staticmethod
    def _width(tabs: list[tuple[int, tuple[str, str]]], last: int) -> int:
        return sum(cell_len(name) + 4 + len(_GAP) for number, (_, name) in tabs if number <= last)
