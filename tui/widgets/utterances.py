"""The utterances of a text-to-speech session, one of which may be chosen."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessions.state.log import Entry
from sessions.state.snapshot import Speech, SpeechPhase
from sessions.text import plain
from tui.widgets.log_lines import wrap
from tui.widgets.repaint import changed_cells

SIGNS: dict[SpeechPhase, str] = {
    "queued": "…",
    "synthesising": "…",
    "playing": "▶",
    "paused": "⏸",
    "done": "✓",
    "cleared": "■",
    "broken": "!",
}
SOUNDING: tuple[SpeechPhase, ...] = ("playing", "paused")
_SOUNDING_SIGNS = {SIGNS[phase] for phase in SOUNDING}
_LEAD = 3
"""Cells before each line: whether it is chosen, its sign, a space."""


class _Item(NamedTuple):
    """All that decides how an utterance, or an entry of the log between them, is drawn."""

    name: str
    """Of the utterance; empty for an entry."""
    role: str
    sign: str
    text: str
    mark: tuple[int, int] = (0, 0)
    remark: str = ""
    chosen: bool = False


class _Drawn(NamedTuple):
    lines: list[Strip]
    marked: int
    """Which of them has the mark."""


class Utterances(ScrollView, can_focus=True):
    """A list that follows what sounds. Where another word is marked, only the two words are repainted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "The text before", show=False),
        Binding("down", "choose(1)", "The next text", show=False),
        Binding("enter", "app.perform('replay')", "Replay"),
        Binding("s", "app.perform('save')", "Save"),
        Binding("e", "app.perform('edit_text')", "Edit"),
        Binding("x,delete", "app.perform('drop')", "Take out"),
        Binding("escape", "app.perform('to_prompt')", "Back"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "utterances--speech",
        "utterances--note",
        "utterances--fault",
        "utterances--sign",
        "utterances--mark",
        "utterances--remark",
        "utterances--chosen",
    }
    ALLOW_SELECT = False
    found: var[tuple[int, int]] = var((0, 0), init=False)
    """Which of the utterances that hold what is to be found is chosen, from 1, and how many there are."""

    def __init__(self, empty: str) -> None:
        super().__init__()
        self.chosen = ""
        """The name of the utterance that is chosen; empty for none."""
        self._needle = ""
        self._empty = _Item("", "note", "·", empty)
        self._log: Sequence[Entry] = ()
        self._speech: tuple[Speech, ...] = ()
        self._fault: tuple[Entry, ...] = ()
        self._drawn: dict[_Item, _Drawn] = {}
        self._lines: list[Strip] = []
        self._owners: list[str] = []
        """Of each line, the utterance."""
        self._sounding: int | None = None
        """The line that sounds."""
        self._wrapped_at = 0
        self._following = True
        self._jumping = False

    def show(self, log: Sequence[Entry], speech: tuple[Speech, ...], fault: tuple[Entry, ...]) -> None:
        """Show utterances between the entries of the log, and a fault at the end.

        A new utterance is the latest, so that nothing is chosen any more, unless the list has the focus.
        """
        if (len(log), speech, fault) == (len(self._log), self._speech, self._fault) and self._wrapped_at:
            return
        names = {each.name for each in speech}
        is_new = [each.name for each in speech[-1:]] != [each.name for each in self._speech[-1:]]
        if (is_new and not self.has_focus) or self.chosen not in names:
            self.chosen = ""
        self._log, self._speech, self._fault = log, speech, fault
        self._lay_out()

    def choose(self, name: str) -> None:
        """Mark an utterance, and bring it into sight."""
        self.chosen = name
        self._lay_out(choosing=True)

    def action_choose(self, step: int) -> None:
        names = [each.name for each in self._speech]
        if names:
            at = names.index(self.chosen) + step if self.chosen in names else len(names) - 1
            self.choose(names[max(0, min(len(names) - 1, at))])

    def find(self, text: str) -> None:
        """Choose the latest utterance in which the text occurs, whatever the case of its letters."""
        self._needle = text.casefold()
        self.find_next(0)

    def find_next(self, step: int) -> None:
        """Choose another one in which it occurs, so many further on."""
        matches = [each.name for each in self._speech if self._needle in plain(each.text).casefold()]
        if not self._needle or not matches:
            self.found = (0, 0)
            return
        at = matches.index(self.chosen) + step if self.chosen in matches else -1
        self.found = (at % len(matches) + 1, len(matches))
        self.choose(matches[at % len(matches)])

    def on_focus(self) -> None:
        if not self.chosen:
            self.action_choose(0)

    async def on_click(self, event: Click) -> None:
        line = event.y + self.scroll_offset.y
        if line < len(self._owners) and self._owners[line]:
            self.choose(self._owners[line])
            if event.chain == 2:
                await self.run_action("app.perform('replay')")

    def on_resize(self) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._wrapped_at = 0
        if self.is_attached and self.size.width:
            self.call_later(self._lay_out)  # the parts' own styles come after this

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        strip = self._lines[at] if at < len(self._lines) else Strip([])
        return strip.adjust_cell_length(self.size.width, self.rich_style).apply_style(self.rich_style)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if not self._jumping:
            self._following = new >= self.max_scroll_y

    def _items(self) -> Iterator[_Item]:
        told = 0
        for speech in self._speech:
            for entry in self._log[told : speech.after]:
                yield _of_entry(entry)
            told = max(told, speech.after)
            yield _of_speech(speech, chosen=speech.name == self.chosen)
        for entry in (*self._log[told:], *self._fault):
            yield _of_entry(entry)

    def _lay_out(self, *, choosing: bool = False) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        if width != self._wrapped_at:
            self._drawn, self._wrapped_at = {}, width
        before, known = self._lines, self._drawn
        self._lines, self._drawn, self._owners, self._sounding = [], {}, [], None
        for item in [*self._items()] or [self._empty]:
            drawn = self._drawn[item] = known.get(item) or self._draw(item, width)
            if item.sign in _SOUNDING_SIGNS:
                self._sounding = len(self._lines) + drawn.marked
            self._lines += drawn.lines
            self._owners += [item.name] * len(drawn.lines)
        if choosing:
            self._fit(before, self._place_of(self.chosen))
            return
        at = len(self._lines) - 1 if self._sounding is None or self._fault else self._sounding
        follows = self._following and self.chosen in ("", self._owners[at])
        self._fit(before, (at, at) if follows else None)

    def _fit(self, before: list[Strip], wanted: tuple[int, int] | None) -> None:
        """Bring the lines that are wanted into sight, and repaint what is drawn otherwise than before."""
        height, lines = self.scrollable_content_region.height, len(self._lines)
        before_top = self.scroll_offset.y
        top = min(before_top, max(0, lines - height))
        if wanted and not top <= wanted[0] <= wanted[1] < top + height:
            top = max(0, min(wanted[0] - height // 4, lines - height))
        self._jumping = True
        self.virtual_size = Size(self._wrapped_at, lines)
        if top != before_top:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self._jumping = False
        if top != before_top or not before:
            self.refresh()
            return
        blank = Strip([])
        for at in range(top, top + height):
            old, new = (each[at] if at < len(each) else blank for each in (before, self._lines))
            if old is not new and (changed := changed_cells(old, new)):
                self.refresh(Region(changed[0], at - top, changed[1] - changed[0], 1))

    def _place_of(self, name: str) -> tuple[int, int]:
        """The first line of an utterance, and the last that can be seen together with it."""
        first = self._owners.index(name)
        return first, first + min(self._owners.count(name), self.scrollable_content_region.height) - 1

    def _draw(self, item: _Item, width: int) -> _Drawn:
        body = plain(item.text)
        whole = f"{body}  {item.remark}" if item.remark else body
        # Through `plain` too, which may lengthen what stands before the mark.
        first, last = (len(plain(item.text[:at])) for at in item.mark)
        styles = [self.get_component_rich_style(f"utterances--{item.role}")] * len(whole)
        styles[first:last] = [self.get_component_rich_style("utterances--mark")] * (last - first)
        styles[len(body) :] = [self.get_component_rich_style("utterances--remark")] * (len(whole) - len(body))
        lead = ("›" if item.chosen else " ") + item.sign
        sign = self.get_component_rich_style("utterances--sign")
        chosen = self.get_component_rich_style("utterances--chosen") if item.chosen else Style()
        over = Style(bgcolor=chosen.bgcolor, bold=chosen.bold)
        lines = wrap(whole, max(1, width - _LEAD))
        strips = []
        for number, (begin, end) in enumerate(lines):
            segments = [Segment((lead if number == 0 else "").ljust(_LEAD), sign + over)]
            segments += [
                Segment(char, style + over)
                for char, style in zip(whole[begin:end], styles[begin:end], strict=True)
            ]
            strip = Strip(Segment.simplify(segments))
            strips.append(strip.adjust_cell_length(width, over) if item.chosen else strip)
        return _Drawn(strips, bisect_right(lines, first, key=lambda line: line[0]) - 1)


def _of_entry(entry: Entry) -> _Item:
    return _Item("", entry.role, "!" if entry.role == "fault" else "·", entry.text)


def _of_speech(speech: Speech, *, chosen: bool) -> _Item:
    begin, end = speech.word or speech.sentence or (0, 0)
    mark = begin, begin + len(speech.text[begin:end].rstrip())
    return _Item(speech.name, "speech", SIGNS[speech.phase], speech.text, mark, _remark(speech), chosen)


def _remark(speech: Speech) -> str:
    match speech.phase:
        case "done":
            return f"({speech.length:.1f} s)" if speech.length else ""
        case "cleared" if speech.played:
            return f"(cleared after {speech.played:.1f} s)"
        case phase:
            return f"({phase})"
