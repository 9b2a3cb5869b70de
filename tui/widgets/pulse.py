"""One line of a pane that shows its life: what it hears or says, and how fast it answers.

The latest latency itself stands in the frame, right below.
"""

import time
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from sessions.state.snapshot import DeckView, SessionView
from tui.widgets.sparkline import sparkline
from tui.widgets.waveform import changed, shape, sweep

EVERY = 0.25
"""Seconds between paintings at least."""
_SIGNS = {"heard": "▸ ", "said": "◂ "}
_RECENT = 20
"""Peaks for which speech goes on to be shown when it is over: a second."""
_WIDE = 48
_SPARK, _LEAST = 12, 8
"""Cells of the latencies, and of a wave at least."""


class Pulse(Widget):
    """Only cells that change are painted: with nothing to hear and no new latency, none at all."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"pulse--heard", "pulse--said", "pulse--spark"}

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[str, str]] = []
        self._painted_at = 0.0

    def on_mount(self) -> None:
        self.display = not getattr(self.app, "low_bandwidth", False)

    def show(self, view: SessionView, deck: DeckView) -> None:
        now = time.monotonic()
        if now - self._painted_at < EVERY:
            return
        before, self._parts = self._parts, self._draw(view)
        if before == self._parts:
            return
        self._painted_at = now
        if [style for style, _ in before] != [style for style, _ in self._parts]:
            self.refresh()
            return
        old, new = ("".join(text for _, text in parts) for parts in (before, self._parts))
        self.refresh(*changed(old, new))

    def render_line(self, y: int) -> Strip:
        segments = [
            Segment(text, self.get_component_rich_style(f"pulse--{style}")) for style, text in self._parts
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _draw(self, view: SessionView) -> list[tuple[str, str]]:
        """Return the parts of the line, each its style and its text."""
        cells = _SPARK if self.size.width >= _WIDE else 0
        spark = f" {sparkline(view.latencies, cells):>{cells}}"
        style, wave = ("said", view.said) if any(view.said.peaks[-_RECENT:]) else ("heard", view.heard)
        sign = _SIGNS[style] if any(wave.peaks) else "  "
        room = max(_LEAST, self.size.width - len(sign) - len(spark))
        return [(style, sign + shape(sweep(wave, room), 1)[0]), ("spark", spark)]
