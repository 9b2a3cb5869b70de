"""One line that repaints only when its text is another: a meter must not cost a whole line."""

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

_LEVELS = " ▁▂▃▄▅▆▇█"
METER_CELLS = 6


def meter(level: float, cells: int = METER_CELLS) -> str:
    """A level of 0..1 as a row of cells; quiet speech is meant to be seen, so by its square root."""
    filled = max(0.0, level) ** 0.5 * cells
    return "".join(_LEVELS[max(0, min(8, round((filled - cell) * 8)))] for cell in range(cells))


class Line(Widget):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--strong", "line--aside", "line--good", "line--warning"}

    def __init__(self, text: str = "", *, name: str | None = None) -> None:
        super().__init__(id=name)
        self._text = Text(text, no_wrap=True, overflow="ellipsis")

    def show(self, *parts: tuple[str, str], fit: bool = False) -> None:
        """Show parts, each a text and its class: strong, aside, good, warning or none.

        `fit`: be as wide as they are.
        """
        text = Text(no_wrap=True, overflow="ellipsis")
        for part, style in parts:
            text.append(part, self.get_component_rich_style(f"line--{style}") if style else None)
        if text == self._text:
            return
        if fit and (text.cell_len != self._text.cell_len or self.styles.width is None):
            self.styles.width = text.cell_len
        self._text = text
        self.refresh()

    def render(self) -> Text:
        return self._text
