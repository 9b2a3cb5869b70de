"""One frame, opened: its sound as a waveform, its JSON to fold and unfold, or its bytes."""

from typing import ClassVar, NamedTuple

import msgspec
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessions.state.frame_text import SHOWN_OPEN, Place, Row, hex_dump, rows, safe, words
from sessions.state.frames import Reading, Sound
from sessions.state.journal import WireFrame
from tui.widgets.waveform import shape
from tui.words import decibels

_INDENT, _DEEPEST = 2, 12
"""Cells a level, and levels that are indented."""
_WAVE_LINES = 3
_WIDE_DUMP = 16 * 4 + 9
_KEY = 60
_WRAPPER = Console(width=80, color_system=None)


class _Line(NamedTuple):
    text: str = ""
    style: str = "string"
    row: Row | None = None
    """What of the JSON it shows; else it shows `text`."""


class FrameView(ScrollView, can_focus=True):
    """Enter, Space or a click folds and unfolds. What was folded stays so in frames of the same kind."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "frame--key",
        "frame--string",
        "frame--number",
        "frame--word",
        "frame--aside",
        "frame--wave",
        "frame--found",
        "frame--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("enter,space", "fold", "Fold", show=False),
        Binding("left", "fold(False)", "Close", show=False),
        Binding("right", "fold(True)", "Open", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._frame: WireFrame | None = None
        self._reading = Reading("")
        self._title = ""
        self._found = ""
        self._lines: list[_Line] = []
        self._at = 0
        self._toggled: dict[str, set[Place]] = {}

    def show(self, frame: WireFrame, reading: Reading, title: str) -> None:
        self._frame, self._reading, self._title, self._at = frame, reading, title, 0
        self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self._lay_out()

    def mark(self, text: str) -> None:
        """Mark a text wherever it stands."""
        self._found = text
        self.refresh()

    def on_resize(self) -> None:
        self._lay_out()

    def on_click(self, event: Click) -> None:
        self._go(event.y + self.scroll_offset.y)
        self.action_fold()

    def action_move(self, step: int) -> None:
        self._go(self._at + step)

    def action_fold(self, unfold: bool | None = None) -> None:
        row = self._lines[self._at].row if self._at < len(self._lines) else None
        if row and row.folds and unfold is not row.open:
            self._toggled.setdefault(self._reading.kind, set()).symmetric_difference_update({row.place})
            self._lay_out()

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        if at >= len(self._lines):
            return Strip.blank(self._width, self.rich_style)
        line = self._lines[at]
        parts = self._row_parts(line.row) if line.row else [(line.text, line.style)]
        here = at == self._at and self.has_focus
        text = Text(no_wrap=True)
        for part, style in parts:
            text.append(part, self.get_component_rich_style("frame--cursor" if here else f"frame--{style}"))
        if self._found:
            text.highlight_words(
                [self._found], self.get_component_rich_style("frame--found"), case_sensitive=False
            )
        strip = Strip(Segment(each.text, each.style) for each in text.render(_WRAPPER))
        filling = self.get_component_rich_style("frame--cursor") if here else self.rich_style
        return strip.adjust_cell_length(self._width, filling)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _row_parts(self, row: Row) -> list[tuple[str, str]]:
        sign = ("▾ " if row.open else "▸ ") if row.folds else "  "
        lead = " " * (_INDENT * min(len(row.place) - 1, _DEEPEST)) + sign
        key = "" if row.key is None else f"{safe(row.key, _KEY)}: ".replace("\n", " ")
        told = words(row.value)
        size = f"  {told.size}" if told.size else ""
        room = self._width - len(lead) - len(key) - len(size)
        value = told.text
        if size and len(value) > room:
            value = f"{value[: max(8, room - 1)]}…"
        if row.open and isinstance(row.value, str):
            value = ""
        return [(lead, "aside"), (key, "key"), (value, told.style), (size, "aside")]

    def _lay_out(self) -> None:
        width = self._width
        if self._frame is None or not width:
            return
        lines = [_Line(self._title, "aside")]
        if self._reading.sound:
            lines += _sound_lines(self._reading.sound, width)
        if self._reading.value is not msgspec.UNSET:
            for row in rows(self._reading.value, self._toggled.get(self._reading.kind, frozenset())):
                lines.append(_Line(row=row))
                if row.open and isinstance(row.value, str):
                    lines += _unfolded(row.value, _INDENT * min(len(row.place) + 1, _DEEPEST), width)
        elif isinstance(self._frame.content, str):
            lines += _unfolded(self._frame.content, 0, width)
        else:
            columns = 16 if width >= _WIDE_DUMP else 8
            lines += [_Line(line) for line in hex_dump(self._frame.content, columns)]
        self._lines = lines
        self._at = min(self._at, len(lines) - 1)
        self.virtual_size = Size(width, len(lines))
        self.refresh()

    def _go(self, at: int) -> None:
        before, self._at = self._at, max(0, min(len(self._lines) - 1, at))
        top, height = self.scroll_offset.y, self.size.height
        if not top <= self._at < top + height:
            top = self._at if self._at < top else self._at - height + 1
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
            self.refresh()
        for each in (before, self._at):
            self.refresh(Region(0, each - top, self._width, 1))


def _sound_lines(sound: Sound, width: int) -> list[_Line]:
    peaks = sound.peaks(width)
    loud = decibels(max(peaks, default=0.0))
    about = f"audio, {sound.seconds * 1000:,.0f} ms at {sound.rate / 1000:g} kHz, peak {loud}"
    return [_Line(about, "aside"), *(_Line(row, "wave") for row in shape(peaks, _WAVE_LINES))]


def _unfolded(text: str, indent: int, width: int) -> list[_Line]:
    shown = Text(safe(text, SHOWN_OPEN))
    pieces = [line.plain.rstrip() for line in shown.wrap(_WRAPPER, max(8, width - indent))]
    lines = [_Line(" " * indent + piece) for piece in pieces]
    if len(text) > SHOWN_OPEN:
        lines.append(_Line(f"{' ' * indent}… {len(text) - SHOWN_OPEN:,} more characters", "aside"))
    return lines
