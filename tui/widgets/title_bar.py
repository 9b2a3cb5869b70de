"""The deck's top line: gateway, sessions, and by what way sound comes in and goes out."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from sessions.audio.view import InputView, OutputView
from sessions.state.snapshot import DeckView
from sessions.text import one_line
from tui.widgets.line import METER_CELLS, Line, meter
from tui.words import is_silent, output_trouble, route_in_a_word, route_words, times

WIDE = 110
"""Columns from which on words are written in full."""
_LEAST = 13
"""Cells of a device's name that are shown at least."""
_GAP = "  "


class TitleBar(Horizontal):
    """Each part is a widget of its own, so that what moves repaints alone."""

    def compose(self) -> ComposeResult:
        yield Line(" Voxdeck  starting …", name="title")
        yield Line(name="input")
        yield Line(name="input-state")
        yield Line(name="output")

    def show(self, view: DeckView) -> None:
        wide = self.size.width >= WIDE
        audio = view.audio
        title = _title(view, wide)
        state, state_style = _input_state(audio.input, wide)
        after = _output_state(audio.output, wide)
        into, out = _names(audio.input, audio.output, wide)
        fixed = len(_GAP) * 2 + len("in: ") + 1 + len(state) + len("out: ") + len(after) + 1
        into, out = _fit(into, out, self.size.width - len(title) - fixed)
        strong, rest = title[: len(" Voxdeck ")], title[len(" Voxdeck ") :]
        self.query_one("#title", Line).show((strong, "strong"), (rest, "aside"))
        self.query_one("#input", Line).show((f"{_GAP}in: ", "aside"), (f"{into} ", ""), fit=True)
        self.query_one("#input-state", Line).show((state, state_style), fit=True)
        gone = "warning" if audio.output.waiting else ""
        self.query_one("#output", Line).show(
            (f"{_GAP}out: ", "aside"), (out, gone), (f"{after} ", "warning"), fit=True
        )


def _title(view: DeckView, wide: bool) -> str:
    parts = [f"{one_line(view.gateway, 40 if wide else 20)}{' starts …' if view.starting else ''}"]
    if view.sessions:
        ready = sum(session.phase == "ready" for session in view.sessions)
        # Where there is little room, the gateway's name may be cut off.
        parts.insert(1 if wide else 0, f"{ready} of {len(view.sessions)} open")
    return f" Voxdeck  {' · '.join(parts)}"


def _input_state(view: InputView, wide: bool) -> tuple[str, str]:
    lost = f" {view.lost} lost" if view.lost else ""
    if not view.open:
        return f"off{lost}", "aside"
    if is_silent(view):
        return f"{'no sound for' if wide else 'silent'} {view.silent_for:.0f} s{lost}", "warning"
    if view.clipping:
        return f"{'CLIP':<{METER_CELLS}}{lost}", "warning"
    return f"{meter(view.level)}{lost}", "good"


def _output_state(view: OutputView, wide: bool) -> str:
    if not view.underruns:
        return ""
    return f" · {times(view.underruns, 'underrun')}" if wide else f", {times(view.underruns, 'gap')}"


def _names(into: InputView, out: OutputView, wide: bool) -> tuple[str, str]:
    words = route_words if wide else route_in_a_word
    return words(into.route, into.name), output_trouble(out, short=not wide) or words(out.route, out.name)


def _fit(first: str, second: str, room: int) -> tuple[str, str]:
    """Shorten the longer of two names, or both, until they have room."""
    half = max(_LEAST, room // 2)
    if len(first) + len(second) > room:
        if len(first) <= half:
            second = one_line(second, max(_LEAST, room - len(first)))
        elif len(second) <= half:
            first = one_line(first, max(_LEAST, room - len(second)))
        else:
            first, second = one_line(first, half), one_line(second, half)
    return first, second
