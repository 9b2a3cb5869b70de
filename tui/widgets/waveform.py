"""The shape of sound: peaks as rows of cells, and the last seconds of a stream.

A wave is swept as an oscilloscope does it: new peaks take the place of the oldest ones, behind a gap. So a
few cells change at a time, where a wave that scrolls would be painted whole.
"""

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sessions.audio.view import WAVE_KEPT, Wave
from tui.widgets.repaint import changed_cells

LEVELS = " ▁▂▃▄▅▆▇█"
_GAP = 2
"""Peaks between the newest and the oldest."""


def shape(peaks: Sequence[float], lines: int) -> list[str]:
    """Draw peaks of 0..1 as bars, a cell each, in so many lines.

    Quiet speech is meant to be seen, so by their square root.
    """
    heights = [round(max(0.0, min(1.0, peak)) ** 0.5 * 8 * lines) for peak in peaks]
    floors = range(8 * (lines - 1), -1, -8)
    return ["".join(LEVELS[max(0, min(8, height - floor))] for height in heights) for floor in floors]


def sweep(wave: Wave, room: int) -> list[float]:
    """Lay the newest peaks out in `room` places, each where it stays until its turn comes again."""
    places = [0.0] * room
    if room > _GAP:
        known = wave.peaks[-min(room - _GAP, WAVE_KEPT) :]
        for number, peak in enumerate(known, wave.end - len(known)):
            places[number % room] = peak
    return places


def changed(old: str, new: str, y: int = 0) -> tuple[Region, ...]:
    """The part of line `y` to be painted when its text becomes another."""
    span = changed_cells(Strip([Segment(old)]), Strip([Segment(new)]))
    return (Region(span[0], y, span[1] - span[0], 1),) if span else ()


class Waveform(Widget):
    """The last seconds of a stream, up to 5, in as many lines as there is room for."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(id=name)
        self._wave = Wave()
        self._rows: list[str] = []

    def on_mount(self) -> None:
        self.display = not getattr(self.app, "low_bandwidth", False)

    def show(self, wave: Wave) -> None:
        if wave is not self._wave:
            self._wave = wave
            self._draw()

    def on_resize(self) -> None:
        self._draw()

    def render_line(self, y: int) -> Strip:
        row = self._rows[y] if y < len(self._rows) else ""
        return Strip([Segment(row, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)

    def _draw(self) -> None:
        width, lines = self.size
        before = self._rows
        self._rows = shape(sweep(self._wave, width), lines) if width else []
        for y, row in enumerate(self._rows):
            old = before[y] if y < len(before) else ""
            for region in changed(old, row, y):
                self.refresh(region)
