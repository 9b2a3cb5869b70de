"""A picture of the tokens that a conversation used."""

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from sessions.events import Usage
from tui.words import dollars, percent

_LABEL = 4
"""Cells before the bars."""
_LONGEST = 40
_SHORTEST = 12
"""Cells of a bar from which on the figures beside it are written out."""
_GAUGE = 5


class UsagePicture(Widget):
    """Two lines, input and output, in one scale. In the bars ▒ is text and █ audio."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"usage--text", "usage--audio", "usage--words"}

    def __init__(self) -> None:
        super().__init__()
        self._usage = Usage()
        self._cost: float | None = None
        self.display = False

    def show(self, usage: Usage, cost: float | None) -> None:
        """`cost`: US dollars, where they are known."""
        if (usage, cost) != (self._usage, self._cost):
            self._usage, self._cost = usage, cost
            self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for number, line in enumerate(drawn(self._usage, self._cost, self.size.width)):
            text.append("\n" if number else "")
            for part, kind in line:
                text.append(part, self.get_component_rich_style(f"usage--{kind}"))
        return text


def drawn(usage: Usage, cost: float | None, width: int) -> list[list[tuple[str, str]]]:
    """Return the two lines as parts, each with its kind: text, audio or words."""
    into, out = (usage.input_text, usage.input_audio), (usage.output_text, usage.output_audio)
    spent = "" if cost is None else dollars(cost)
    for full in (True, False):
        words = _words(into, _cached(usage, full=full), full=full), _words(out, spent, full=full)
        room = min(_LONGEST, width - _LABEL - 1 - max(map(len, words)))
        if room >= _SHORTEST:
            break
    most = max(sum(into), sum(out))
    return [
        [(label.ljust(_LABEL), "words"), *_bar(*tokens, most, room), (told, "words")]
        for label, tokens, told in zip(("in", "out"), (into, out), words, strict=True)
    ]


def _bar(text: int, audio: int, most: int, room: int) -> list[tuple[str, str]]:
    if room < 2 or not most:
        return []
    # What is there at all has a cell at least.
    cells = [max(1, round(tokens * (room - 1) / most)) if tokens else 0 for tokens in (text, audio)]
    rest = " " * (room + 1 - sum(cells))
    return [("▒" * cells[0], "text"), ("█" * cells[1], "audio"), (rest, "words")]


def _words(tokens: tuple[int, int], aside: str, *, full: bool) -> str:
    text, audio = (f"{sign} {count:,}" for sign, count in zip("▒█", tokens, strict=True))
    parts = (f"{text} text", f"{audio} audio", aside) if full else (text, audio, aside)
    return (" · " if full else " ").join(part for part in parts if part)


def _cached(usage: Usage, *, full: bool) -> str:
    """The cached share of the input, as a gauge and in figures."""
    if not usage.cached:
        return ""
    share = min(1.0, usage.cached / max(1, usage.input_text + usage.input_audio))
    filled = round(share * _GAUGE)
    return f"{'▮' * filled}{'▯' * (_GAUGE - filled)} {percent(share)}{' cached' if full else ''}"
