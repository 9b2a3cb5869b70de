"""One line that tells how far the speech is."""

from typing import ClassVar

from rich.console import Console
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sessions.state.snapshot import Speech
from tui.widgets.repaint import changed_cells
from tui.widgets.utterances import SIGNS, SOUNDING
from tui.words import milliseconds

_ACTIVE = (*SOUNDING, "synthesising", "queued")
_BAR, _SHORTEST = 30, 8
"""Cells of the bar at most, and at least where anything else stands beside it."""
_LONG = 10.0
"""Seconds from which on tenths are not worth the bytes."""
_CONSOLE = Console(width=80, color_system=None)


class Playback(Widget):
    """Shows what sounds, or is about to: its phase, the seconds played of those there are, a bar, what waits
    behind it and the first byte's time, as far as there is room. Only the cells that differ are repainted.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"playback--bar", "playback--rest", "playback--phase"}

    def __init__(self) -> None:
        super().__init__()
        self._speech: tuple[Speech, ...] = ()
        self._line = Strip([])

    def show(self, speech: tuple[Speech, ...]) -> None:
        """`speech`: all of the session."""
        self._speech = speech
        before, self._line = self._line, self._draw()
        if changed := changed_cells(before, self._line):
            self.refresh(Region(changed[0], 0, changed[1] - changed[0], 1))

    def on_resize(self) -> None:
        self.show(self._speech)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached:
            self.show(self._speech)

    def render_line(self, y: int) -> Strip:
        return self._line.adjust_cell_length(self.size.width, self.rich_style).apply_style(self.rich_style)

    def _draw(self) -> Strip:
        active = [speech for speech in self._speech if speech.phase in _ACTIVE]
        sounding = [speech for speech in active if speech.phase in SOUNDING]
        speech = next(iter((*sounding, *active, *self._speech[-1:])), None)
        line = Text(no_wrap=True, end="")
        if speech is None:
            return Strip([])
        line.append(
            f"{SIGNS[speech.phase]} {speech.phase} ", self.get_component_rich_style("playback--phase")
        )
        if speech.phase == "cleared":
            line.append(f"after {speech.played:.1f} s ")
        elif speech.length:
            more = "" if speech.complete else "+"
            tenths = 1 if speech.length < _LONG else 0
            line.append(f"{speech.played:.{tenths}f} / {speech.length:.{tenths}f}{more} s ")
            room = self.size.width - line.cell_len
            right = _fitting(_facts(speech, active), room - _SHORTEST)
            bar = max(0, min(_BAR, room - len(right)))
            done = min(bar, round(bar * speech.played / speech.length))
            line.append("━" * done, self.get_component_rich_style("playback--bar"))
            line.append("─" * (bar - done), self.get_component_rich_style("playback--rest"))
            line.append(right)
        else:
            line.append(_fitting(_facts(speech, active), self.size.width - line.cell_len))
        return Strip(line.render(_CONSOLE))


def _facts(speech: Speech, active: list[Speech]) -> list[str]:
    """What else is to be told, the most wanted first."""
    waiting = [f"{len(active) - 1} queued", f"{_time_left(active)} in all"] if len(active) > 1 else []
    first = [] if speech.first_byte is None else [f"first byte {milliseconds(speech.first_byte)}"]
    return [*waiting, *first]


def _fitting(facts: list[str], room: int) -> str:
    """As many of them as there is room for."""
    text = ""
    for fact in facts:
        longer = f"{text} · {fact}" if text else f" {fact}"
        if len(longer) > room:
            break
        text = longer
    return text


def _time_left(active: list[Speech]) -> str:
    """Of what has come; more comes where one is not complete. In whole seconds, as nobody reads more."""
    seconds = sum(speech.length - speech.played for speech in active)
    return f"{seconds:.0f}{'' if all(speech.complete for speech in active) else '+'} s"
