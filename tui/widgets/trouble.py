"""What is wrong and does not fit into a pane's frame, in full."""

from rich.text import Text
from textual.widgets import Static


class Trouble(Static):
    """A line or more for each thing; none when there is nothing to tell."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._told: tuple[str, ...] = ()
        self.display = False

    def show(self, remarks: tuple[str, ...]) -> None:
        if remarks != self._told:
            self._told = remarks
            self.display = bool(remarks)
            self.update(Text("\n".join(f"! {remark}" for remark in remarks)))
