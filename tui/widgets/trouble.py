"""What is too long for a pane's frame, in full."""

from rich.text import Text
from textual.widgets import Static


class Trouble(Static):
    """As many lines as it needs; none when there is nothing to tell."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._told = ""
        self.display = False

    def show(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self.display = bool(text)
            self.update(Text(text))
