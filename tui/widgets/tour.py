"""The tour of four lines that a new user sees at the very first start."""

from collections.abc import Callable

from rich.text import Text
from textual.widgets import Static


class Tour(Static):
    """It takes neither focus nor keys; the first key puts it away, or a click on it."""

    def __init__(self, names_of: Callable[[str], str], close: Callable[[], None]) -> None:
        lines = (
            f"Type, and Enter sends it. {names_of('next_pane')}: next pane; {names_of('jump')}: any place.",
            f"{names_of('menu')} shows what else there is to do here, each by one more key.",
            f"Ctrl+P finds every action by name; {names_of('help')} tells all keys and how things work.",
            f"{names_of('new')} opens another session; {names_of('quit')} leaves. Any key puts this away.",
        )
        super().__init__(Text("\n".join(lines)), id="tour", markup=False)
        self.border_title = "Welcome"
        self._close = close

    def on_click(self) -> None:
        self._close()
