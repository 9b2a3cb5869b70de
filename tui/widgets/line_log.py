"""A log of entries, drawn line by line.

Textual's line API, with jumps of half a pane: most updates then repaint only the line that grows, which at
16 panes costs a fifth of the CPU and a tenth of the bytes that RichLog takes (measured).
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessions.state.log import Entry, Role
from sessions.text import plain

_LEAD: dict[Role, str] = {"speech": "• ", "user": "You  ", "answer": "← ", "note": "· ", "fault": "! "}
_TALL = 8
"""Lines from which on a log jumps by half of them; a lower one needs all its lines."""
_WRAPPER = Console(width=80, color_system=None)


class LineLog(ScrollView, can_focus=True):
    """Shows settled entries, which never change, and after them those that are still being written."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--speech",
        "log--user",
        "log--answer",
        "log--note",
        "log--fault",
        "log--mark",
        "log--tail",
        "log--remark",
    }

    def __init__(self, empty: str = "") -> None:
        super().__init__()
        self._empty = Entry("note", empty)
        self._entries: Sequence[Entry] = ()
        self._live: tuple[Entry, ...] = ()
        self._current: int | None = None
        self._taken = 0
        self._settled: list[Strip] = []
        self._open: list[Strip] = []
        self._anchor = 0
        """The first line of the current entry, or the line after the last."""
        self._wrapped_at = 0
        self._following = True
        self._jumping = False

    def show(self, entries: Sequence[Entry], live: tuple[Entry, ...], current: int | None = None) -> None:
        """Show these entries; `entries` may only have grown since the last call.

        `current`: which of `live` must be in sight while the log follows its end; the last if none.
        """
        if len(entries) == self._taken and live == self._live and self._wrapped_at:
            return
        self._entries, self._live, self._current = entries, live, current
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._wrapped_at = 0
        if self.is_attached and self.size.width:
            self._lay_out()

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        settled = len(self._settled)
        if at < settled:
            strip = self._settled[at]
        elif at < settled + len(self._open):
            strip = self._open[at - settled]
        else:
            strip = Strip.blank(self.size.width)
        return strip.adjust_cell_length(self.size.width, self.rich_style).apply_style(self.rich_style)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if not self._jumping:
            self._following = new >= self.max_scroll_y

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        if width != self._wrapped_at:
            self._settled, self._taken, self._wrapped_at = [], 0, width
        known = len(self._settled)
        for entry in self._entries[self._taken :]:
            self._settled += self._wrap(entry, width)
        self._taken = len(self._entries)
        live = self._live or (() if self._entries or not self._empty.text else (self._empty,))
        before = self._open
        wrapped = [self._wrap(entry, width) for entry in live]
        self._open = [strip for strips in wrapped for strip in strips]
        self._anchor = len(self._settled) + sum(len(strips) for strips in wrapped[: self._current])
        same = 0
        if known == len(self._settled):
            pairs = zip(before, self._open, strict=False)
            same = next(
                (n for n, (old, new) in enumerate(pairs) if old != new), min(len(before), len(self._open))
            )
        self._fit(known + same, max(known + len(before), len(self._settled) + len(self._open)))

    def _fit(self, first: int, last: int) -> None:
        """Grow to what there is, follow the end, and repaint the lines from `first` up to `last`."""
        height = self.scrollable_content_region.height
        lines = len(self._settled) + len(self._open)
        before = top = self.scroll_offset.y
        if lines <= height:
            top = 0
        elif self._following and not top <= min(self._anchor, lines - 1) < lines <= top + height:
            jump = height // 2 if height >= _TALL else 0
            top = min(lines - height + jump, self._anchor)
        else:
            top = min(top, lines - 1)
        self._jumping = True
        # Room below the last line, so that the end can be shown in the middle of the pane.
        self.virtual_size = Size(self._wrapped_at, max(lines, top + height))
        if top != before:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self._jumping = False
        if top == before and last > first:
            self.refresh(Region(0, first - top, self.size.width, last - first))
        elif top != before:
            self.refresh()

    def _wrap(self, entry: Entry, width: int) -> list[Strip]:
        style = self.get_component_rich_style(f"log--{entry.role}")
        lead = _LEAD[entry.role]
        text = Text(plain(entry.text), style)
        if entry.mark:
            # Through `plain` too, which may lengthen what stands before the mark.
            begin, end = (len(plain(entry.text[:at])) for at in entry.mark)
            text.stylize(self.get_component_rich_style("log--mark"), begin, end)
        if entry.tail:
            if entry.text:
                text.append(" ")
            text.append(plain(entry.tail), self.get_component_rich_style("log--tail"))
        if entry.remark:
            text.append(f"  ({plain(entry.remark)})", self.get_component_rich_style("log--remark"))
        indent = cell_len(lead)
        lines = text.wrap(_WRAPPER, max(1, width - indent)) or [Text("")]
        strips = []
        for number, line in enumerate(lines):
            line.rstrip()
            prefix = Text("", style)
            prefix.append(lead if number == 0 else " " * indent, Style(dim=True))
            strips.append(Strip((prefix + line).render(_WRAPPER)))
        return strips
