"""A log of entries, drawn line by line.

Textual's line API, with jumps of half a pane: most updates then repaint only the words that have come, which
at 16 panes costs a fifth of the CPU and a tenth of the bytes that RichLog takes (measured).
"""

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from sessions.state.log import Entry
from tui.widgets.log_layout import Layout, Place
from tui.widgets.log_lines import Shape, Span
from tui.widgets.log_search import Search, occurrences
from tui.widgets.repaint import changed_cells
from tui.words import times

_TALL = 4
"""Lines from which on a log jumps by half of them; a lower one needs all its lines."""
_BETWEEN = 0.005
"""Seconds from one slice of measuring to the next, for all else that wants its turn."""
_BELOW = Style.from_meta({"offset": (0, 1 << 30)})
"""Where a selection is that reaches below the last entry."""
_OVER = {"log--mark", "log--match", "log--current"}
"""Classes that add to a style and leave its colour."""


class LineLog(ScrollView, can_focus=False):
    """Shows settled entries, which never change, and after them those that are still being written."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--speech",
        "log--user",
        "log--answer",
        "log--note",
        "log--fault",
        "log--speaker",
        "log--doubtful",
        "log--tail",
        "log--remark",
        "log--more",
        *_OVER,
    }

    timestamps: var[bool] = var(False, init=False)
    """Whether each entry begins with its time."""
    confidence: var[bool] = var(True, init=False)
    """Whether those words look otherwise of which the provider is not sure."""
    found: var[tuple[int, int]] = var((0, 0), init=False)
    """Which of how many occurrences is the current one, counted from 1."""

    def __init__(self, empty: str = "") -> None:
        super().__init__()
        self._places = Layout(empty)
        self._current: int | None = None
        self._following = True
        self._jumping = False
        self._measuring = False
        self._drawn: dict[int, Strip] = {}
        """The lines in sight as they were painted last."""
        self._styles: dict[str, Style] = {}
        self._search: Search | None = None
        self._occurrence = 0
        self._search_from = 0

    def show(self, entries: Sequence[Entry], live: tuple[Entry, ...], current: int | None = None) -> None:
        """Show these entries.

        `current`: which of `live` must be in sight while the log follows its end; the last if none.
        """
        places = self._places
        if places.is_same(entries, live) and places.shape.width:
            return
        goes_on = places.goes_on(entries)
        places.entries, places.live, self._current = entries, live, current
        if goes_on:
            self._lay_out()
        else:
            self._following = True
            self._begin(places.shape)
        if self._search:
            self._search.look(entries, live)
            self._tell_found(min(self._occurrence, max(0, self._search.total - 1)))

    def on_resize(self) -> None:
        self._lay_out()

    def watch_timestamps(self) -> None:
        self._lay_out()

    def watch_confidence(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._places.forget_drawn()
        self._styles = {}

    def watch_scroll_y(self, old: float, new: float) -> None:
        if self._jumping:
            return  # all that must be painted then is known
        super().watch_scroll_y(old, new)
        self._following = new >= self.max_scroll_y

    # Not animated as Textual's: on the way to the other end of a long log each step would be drawn.

    def action_scroll_home(self) -> None:
        self.scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        self.scroll_end(animate=False)

    # Layout

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        shape = Shape(width, self.timestamps, self.confidence)
        if shape != self._places.shape:
            self._begin(shape, None if self._following else self._places.place_of(self.scroll_offset.y))
        elif changed := self._places.go_on():
            self._fit(*changed)
        else:
            self._begin(shape, None if self._following else self._places.place_of(self.scroll_offset.y))
        self._measure_later()

    def _begin(self, shape: Shape, place: Place | None = None) -> None:
        """Lay out anew, with this place at the top, or else the end in sight."""
        height = self._height
        self._places.begin(shape, place, height)
        end = min(self._places.lines - height, self._places.top_of_live(self._current))
        self._fit(0, 0, self._places.line_of(place) if place else max(0, end))
        self.refresh()

    def _measure_later(self) -> None:
        if not self._measuring and not self._places.is_measured:
            self._measuring = True
            self.set_timer(_BETWEEN, self._measure)

    def _measure(self) -> None:
        self._measuring = False
        lines = self._places.lines
        added = self._places.measure(all_above=self._following)
        self._fit(lines, self._places.lines, self.scroll_offset.y + added)
        self._measure_later()

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _fit(self, first: int, last: int, top: int | None = None) -> None:
        """Grow to what there is, follow the end, and repaint the lines from `first` up to `last`.

        `top`: the line that is at the top by now.
        """
        height, lines = self._height, self._places.lines
        before = self.scroll_offset.y
        top = before if top is None else top
        anchor = min(self._places.top_of_live(self._current), lines - 1)
        if lines <= height:
            top = 0
        elif self._following and not top <= anchor < lines <= top + height:
            jump = height // 2 if height >= _TALL else 0
            top = min(lines - height + jump, anchor)
        else:
            top = min(top, lines - 1)
        # Room below the last line, so that the end can be shown in the middle of the pane.
        self._scroll(top, Size(self._places.shape.width, max(lines, top + height)))
        self._repaint(range(height) if top != before else range(max(0, first - top), min(height, last - top)))

    def _repaint(self, lines: range) -> None:
        """Have those cells painted in which lines in sight are others, and what is told of those below."""
        regions = []
        for y in {*lines, max(0, self._height - 1)}:
            old, new = self._drawn.get(y), self._line(y)
            if new is not old:
                # One cell at least, for the line may be of another entry, which the mouse must find.
                begin, end = (changed_cells(old, new) or (0, 1)) if old else (0, self.size.width)
                regions.append(Region(begin, y, end - begin, 1))
        if regions:
            self.refresh(*regions)

    def _scroll(self, top: int, size: Size) -> None:
        """Have so many lines, and this one at the top.

        The screen is laid out anew only where the scrollbar comes or goes; of that only those cells are
        painted that look otherwise, as in a long log they seldom do.
        """
        bar, height = self.vertical_scrollbar, self._height
        stays = self.show_vertical_scrollbar and size.height > height
        if stays:
            self.set_reactive(LineLog.virtual_size, size)
        else:
            self.virtual_size = size
            self._refresh_scrollbars()  # a pane that became lower or higher has shown it for the size before
        if top != self.scroll_offset.y:
            self._jumping = True
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
            self._jumping = False
        before = _thumb(bar.position, bar.window_virtual_size, height)
        bar.set_reactive(type(bar).position, float(top))
        bar.set_reactive(type(bar).window_virtual_size, size.height)
        edges = zip(before, _thumb(top, size.height, height), strict=True)
        moved = [(min(edge) // 8, max(edge) // 8 + 1) for edge in edges if edge[0] != edge[1]]
        if stays and moved:
            bar.refresh(*(Region(0, begin, 1, end - begin) for begin, end in moved))

    def _lines_below(self) -> int:
        """Return how many lines are below what is in sight, if the end is not followed."""
        below = self._places.lines - self.scroll_offset.y - self._height
        return 0 if self._following else max(0, below)

    # Drawing

    def render_line(self, y: int) -> Strip:
        strip = self._drawn[y] = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        width, base = self.size.width, self._style("")
        if where := self._places.locate(y + self.scroll_offset.y):
            entry, line = where
            laid = self._places.lay(entry)
            strip = laid.strip(line, entry, self._marks(entry, laid.text), self._style)
        else:
            strip = Strip.blank(width, base + _BELOW)
        strip = strip.adjust_cell_length(width, base)
        if not self._following and y == self._height - 1 and (more := self._lines_below()):
            return self._with_more(strip, width, more)
        return strip

    def _with_more(self, strip: Strip, width: int, more: int) -> Strip:
        words = f" ↓ {times(more, 'more line')} "[:width]
        style = self._style("log--more") + Style.from_meta({"@click": "scroll_end"})
        return Strip.join([strip.crop(0, width - len(words)), Strip([Segment(words, style)], len(words))])

    def _style(self, name: str) -> Style:
        """Return the style of a class; that of the log itself for none."""
        if name not in self._styles:
            if not name:
                self._styles[name] = self.rich_style
            elif name == "screen--selection":
                self._styles[name] = self.screen.get_component_rich_style(name)
            elif name in _OVER:
                self._styles[name] = self.get_component_rich_style(name, partial=True)
            else:
                self._styles[name] = self.rich_style + self.get_component_rich_style(name)
        return self._styles[name]

    def _marks(self, entry: int, text: str) -> tuple[Span, ...]:
        """Return what is found and what is selected in an entry."""
        spans = []
        if self._search and self._search.total:
            current = self._search.place(self._occurrence)
            spans = [
                Span(begin, end, "log--current" if (entry, nth) == current else "log--match")
                for nth, (begin, end) in enumerate(occurrences(text, self._search.needle))
            ]
        if self.text_selection:
            begin, end = _selected(self.text_selection, entry, text)
            spans.append(Span(begin, end, "screen--selection"))
        return tuple(spans)

    # Selection. Its lines are entries, so that what is copied has no other breaks than theirs.

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self._places.count
        texts = []
        for entry in range(first, min(last + 1, self._places.count)):
            text = self._places.text(entry)
            texts.append(text[slice(*_selected(selection, entry, text))])
        return "\n".join(texts), "\n"

    # Search

    def find(self, text: str) -> None:
        """Mark where a text occurs, whatever its case, and go to the first from here on; none ends it."""
        before, places = self._search, self._places
        if before is None:
            self._search_from = places.place_of(self.scroll_offset.y).entry
        elif before.total:
            self._search_from = before.place(self._occurrence)[0]
        needle = text.casefold()
        if not needle:
            self._search = None
            self._following = places.lines <= self.scroll_offset.y + self._height
        elif before and before.needle in needle:
            self._search = before.narrow(needle, places.entries)
        else:
            self._search = Search(needle)
        if self._search:
            self._search.look(places.entries, places.live)
            self._go_to(self._search.first_from(self._search_from))
        else:
            self.found = (0, 0)
        self.refresh()

    def find_next(self, step: int) -> None:
        """Go so many occurrences on, or back; behind the last comes the first."""
        if self._search and self._search.total:
            self._go_to((self._occurrence + step) % self._search.total)
            self.refresh()

    def _tell_found(self, occurrence: int) -> None:
        assert self._search is not None
        self._occurrence = occurrence
        self.found = (min(occurrence + 1, self._search.total), self._search.total)

    def _go_to(self, occurrence: int) -> None:
        """Bring an occurrence into sight; the end, which would take it away, is followed no more."""
        assert self._search is not None
        self._tell_found(max(0, occurrence))
        if not self._search.total:
            return
        entry, nth = self._search.place(occurrence)
        place = Place(entry, occurrences(self._places.text(entry), self._search.needle)[nth][0])
        self._following = False
        if not self._places.holds(entry):
            self._begin(self._places.shape, place)
            self._measure_later()
        line = self._places.line_of(place)
        if not 0 <= line - self.scroll_offset.y < self._height - 1:
            top = max(0, line - self._height // 3)
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
            self._following = False


def _thumb(top: float, lines: int, height: int) -> tuple[int, int]:
    """Where Textual draws the thumb of a scrollbar, from and up to, in eighths of a cell."""
    size = max(1.0, height * height / max(1, lines))
    begin = int((height - size) * top / max(1, lines - height) * 8)
    return begin, begin + math.ceil(size * 8)


def _selected(selection: Selection, entry: int, text: str) -> tuple[int, int]:
    """Return begin and end of what is selected of an entry's text."""
    begin, end = selection.get_span(entry) or (0, 0)
    return min(begin, len(text)), len(text) if end < 0 else min(end, len(text))
