"""How an entry of a log is drawn: its text, what stands out in it, and its lines at a width.

Own wrapping, because a log of 10,000 entries is wrapped anew at every change of width: `rich.Text.wrap` takes
thirty times as long (measured). Lines are kept as places in the text, so that what is selected or found there
is the same at every width.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from rich.cells import split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from sessions.state.log import Entry, Role
from sessions.state.words import places, speaker_name
from sessions.text import plain

DOUBTFUL = 0.6
"""The confidence of a word below which it is drawn as doubtful."""

# All of them single cells.
_LEAD: dict[Role, str] = {"speech": "• ", "user": "› ", "answer": "← ", "note": "· ", "fault": "! "}


class Span(NamedTuple):
    """A part of an entry's text that is drawn in a style of its own, by the name of its class."""

    begin: int
    end: int
    style: str


class Shape(NamedTuple):
    """What decides how entries are laid out."""

    width: int
    timestamps: bool = False
    confidence: bool = True

    def lead(self, entry: Entry) -> str:
        """Return what stands before the text of an entry, on its first line."""
        if not self.timestamps:
            return _LEAD[entry.role]
        time = "" if entry.start is None else clock(entry.start)
        return f"{time:>7} {_LEAD[entry.role]}"

    def room(self, entry: Entry) -> int:
        """Return the cells that a line of its text has."""
        return max(1, self.width - len(self.lead(entry)))


class _Column(int):
    """Where a selection ends that is dragged into the lead of a line: always at the line's text."""

    def __add__(self, _: int) -> "_Column":
        return self


def clock(seconds: float) -> str:
    """Return a time of the audio as `12:34.5`, and `1:02:03.4` from an hour on."""
    tenths = round(max(0.0, seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    second = f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{hours}:{second}" if hours else second


def entry_text(entry: Entry) -> str:
    """Return all of an entry as it is drawn, but for its lead: harmless, its newlines kept."""
    text = entry.text
    # What is printable is harmless, and sooner told than made so: it counts when 10,000 entries are searched.
    if not text.isprintable():
        text = plain(text)
    if entry.speaker is not None:
        text = f"{speaker_name(entry.speaker)}: {text}"
    if entry.tail:
        text = f"{text} {plain(entry.tail)}" if entry.text else f"{text}{plain(entry.tail)}"
    return f"{text}  ({plain(entry.remark)})" if entry.remark else text


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Return begin and end of each line of `text` at a width in cells, without the spaces between them.

    Words that are longer than a line are broken between graphemes. There is always at least one line.
    """
    if len(text) <= width and text.isascii() and "\n" not in text:
        return [(0, len(text))]
    lines, begin = [], 0
    for paragraph in text.split("\n"):
        reach = _reach_of_cells(paragraph, width)
        lines += [(begin + first, begin + last) for first, last in _fold(paragraph, reach)]
        begin += len(paragraph) + 1
    return lines


def _reach_of_cells(text: str, width: int) -> Callable[[int], int]:
    """Return what tells how far a line reaches that begins at a place of the text; one grapheme at least."""
    if text.isascii():
        return lambda at: at + width
    graphemes, _ = split_graphemes(text)
    ends = [end for _, end, _ in graphemes]
    cells = [0, *accumulate(cells for _, _, cells in graphemes)]

    def reach(at: int) -> int:
        first = bisect_right(ends, at)
        last = bisect_right(cells, cells[first] + width, first) - 1
        return ends[max(first, last - 1)]

    return reach


def _fold(text: str, reach: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    at, length = 0, len(text)
    while (end := reach(at)) < length:
        space = text.rfind(" ", at, end + 1)
        words = text[at : space + 1].rstrip(" ")
        if not words:
            yield at, end
            at = end
            continue
        yield at, at + len(words)
        at = space + 1
        while at < length and text[at] == " ":
            at += 1
        if at == length:
            return
    yield at, length


class Laid:
    """An entry, laid out. Its lines are made when they are drawn, and kept while what stands out stays."""

    __slots__ = ("_overlay", "_shape", "_spans", "_strips", "entry", "lead", "lines", "text")

    def __init__(self, entry: Entry, shape: Shape) -> None:
        self.entry, self._shape = entry, shape
        self.text = entry_text(entry)
        self.lead = shape.lead(entry)
        self.lines = wrap(self.text, shape.room(entry))
        self._spans: list[Span] | None = None
        self._overlay: tuple[Span, ...] = ()
        self._strips: dict[int, Strip] = {}

    def line_of(self, place: int) -> int:
        """Return the line in which a place of the text stands."""
        return max(0, bisect_right(self.lines, place, key=lambda line: line[0]) - 1)

    def row(self, line: int) -> object:
        """Return what decides how a line looks, but for what is found or selected in it."""
        return self.lead if line == 0 else "", self.pieces(line)

    def pieces(self, line: int, overlay: tuple[Span, ...] = ()) -> list[tuple[int, str, tuple[str, ...]]]:
        """Return place, text and styles of each part of a line that is drawn alike."""
        begin, end = self.lines[line]
        if self._spans is None:
            self._spans = _spans(self.entry, self._shape, len(self.text))
        spans = [span for span in (*self._spans, *overlay) if span.begin < end and span.end > begin]
        edges = sorted({begin, end, *(at for span in spans for at in span[:2] if begin < at < end)})
        role = f"log--{self.entry.role}"
        return [
            (
                first,
                self.text[first:last],
                (role, *(span.style for span in spans if span.begin <= first and last <= span.end)),
            )
            for first, last in pairwise(edges)
        ]

    def strip(
        self, line: int, index: int, overlay: tuple[Span, ...], style_of: Callable[[str], Style]
    ) -> Strip:
        """Return a line as it is drawn. Its cells know where they are, for selection: `index`, place."""
        if overlay != self._overlay:
            self._overlay, self._strips = overlay, {}
        if line not in self._strips:
            at = Style.from_meta({"offset": (_Column(self.lines[line][0]), index)})
            lead = self.lead if line == 0 else " " * len(self.lead)
            segments = [Segment(lead, style_of(f"log--{self.entry.role}") + Style(dim=True) + at)]
            for place, text, styles in self.pieces(line, overlay):
                style = Style.combine(style_of(name) for name in styles)
                segments.append(Segment(text, style + Style.from_meta({"offset": (place, index)})))
            begin, end = self.lines[line]
            length = len(self.lead) + end - begin if self.text.isascii() else None
            self._strips[line] = Strip(segments, length)
        return self._strips[line]


def _spans(entry: Entry, shape: Shape, length: int) -> list[Span]:
    """Return what stands out in the text of an entry, that of `entry_text`."""
    spans = []
    begin = 0
    if entry.speaker is not None:
        begin = len(speaker_name(entry.speaker)) + 2
        spans.append(Span(0, begin - 1, "log--speaker"))

    def drawn(at: int) -> int:
        """Where a place of the entry's own text is drawn: what is made visible takes room."""
        return begin + len(plain(entry.text[:at]))

    if shape.confidence:
        unsure = [word.confidence is not None and word.confidence < DOUBTFUL for word in entry.words]
        if any(unsure):
            spans += [
                Span(drawn(place[0]), drawn(place[1]), "log--doubtful")
                for place, doubt in zip(places(entry.text, entry.words), unsure, strict=True)
                if place and doubt
            ]
    if entry.mark:
        spans.append(Span(drawn(entry.mark[0]), drawn(entry.mark[1]), "log--mark"))
    remark = length - (len(plain(entry.remark)) + 4 if entry.remark else 0)
    if entry.tail:
        spans.append(Span(drawn(len(entry.text)), remark, "log--tail"))
    if entry.remark:
        spans.append(Span(remark, length, "log--remark"))
    return spans
