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
        self._taken = 0
        self._settled: list[Strip] = []
        self._open: list[Strip] = []
        self._wrapped_at = 0
        self._following = True
        self._jumping = False

    def show(self, entries: Sequence[Entry], live: tuple[Entry, ...]) -> None:
        """Show these entries; `entries` may only have grown since the last call."""
        if len(entries) == self._taken and live == self._live and self._wrapped_at:
            return
        self._entries, self._live = entries, live
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
        first_changed = len(self._settled)
        for entry in self._entries[self._taken :]:
            self._settled += self._wrap(entry, width)
        self._taken = len(self._entries)
        live = self._live if self._live or self._entries else (self._empty,) if self._empty.text else ()
        before, self._open = self._open, [strip for entry in live for strip in self._wrap(entry, width)]
        if first_changed == len(self._settled):
            same = (a == b for a, b in zip(before, self._open, strict=False))
            first_changed += next(
                (n for n, equal in enumerate(same) if not equal), min(len(before), len(self._open))
            )
        self._fit(first_changed)

    def _fit(self, first_changed: int) -> None:
        """Grow to what there is, follow the end, and repaint from the first changed line on."""
        height = self.size.height
        lines = len(self._settled) + len(self._open)
        top = self.scroll_offset.y
        if self._following and lines > top + height:
            top = max(top, lines - max(1, height // 2))
        elif lines < top:
            top = max(0, lines - height)
        self._jumping = True
        self.virtual_size = Size(self._wrapped_at, max(lines, top + height if self._following else 0))
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self._jumping = False
        y = max(0, first_changed - top)
        if y < height:
            self.refresh(Region(0, y, self.size.width, height - y))

    def _wrap(self, entry: Entry, width: int) -> list[Strip]:
        style = self.get_component_rich_style(f"log--{entry.role}", partial=True)
        lead = _LEAD[entry.role]
        text = Text(plain(entry.text), style)
        if entry.mark:
            # Through `plain` too, which may lengthen what stands before the mark.
            begin, end = (len(plain(entry.text[:at])) for at in entry.mark)
            text.stylize(self.get_component_rich_style("log--mark", partial=True), begin, end)
        if entry.tail:
            if entry.text:
                text.append(" ")
            text.append(plain(entry.tail), self.get_component_rich_style("log--tail", partial=True))
        if entry.remark:
            text.append(
                f"  ({plain(entry.remark)})", self.get_component_rich_style("log--remark", partial=True)
            )
        indent = cell_len(lead)
        lines = text.wrap(_WRAPPER, max(1, width - indent)) or [Text("")]
        strips = []
        for number, line in enumerate(lines):
            line.rstrip()
            prefix = Text("", style)
            prefix.append(lead if number == 0 else " " * indent, Style(dim=True))
            strips.append(Strip((prefix + line).render(_WRAPPER)))
        return strips
