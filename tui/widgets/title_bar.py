"""The deck's top line: workspace, sessions, gateway, line, and by what way sound comes in and goes out."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from sessions.audio.view import InputView, OutputView
from sessions.state.snapshot import DeckView
from sessions.text import one_line
from tui.widgets.line import METER_CELLS, Line, meter
from tui.widgets.part import Part
from tui.words import is_silent, output_trouble, route_in_a_word, route_words, times

WIDE = 110
"""Columns from which on words are written in full."""
_LEAST = 13
"""Cells of a device's name that are shown at least."""
_GAP = "  "


class TitleBar(Horizontal):
    """Each part is a widget of its own, so that what moves repaints alone. A click on one acts."""

    def compose(self) -> ComposeResult:
        yield Part("title", "workspaces", " Voxdeck  starting …")
        yield Part("line", "line_rate")
        yield Part("input", "audio")
        yield Line(name="input-state")
        yield Part("output", "audio")

    def show(self, view: DeckView, workspace: str = "") -> None:
        wide = self.size.width >= WIDE
        audio = view.audio
        name = f" Voxdeck {f'{one_line(workspace, 20)} ' if workspace else ''} "
        opened, failed, gateway = _title(view, wide)
        state, state_style = _input_state(
            audio.input, wide, meters=not getattr(self.app, "low_bandwidth", False)
        )
        after = _output_state(audio.output, wide)
        into, out = _names(audio.input, audio.output, wide)
        fixed = len(_GAP) * 2 + len("in: ") + 1 + len(state) + len("out: ") + len(after) + 1
        line = self.query_one("#line", Line)
        title = len(name) + len(opened) + len(failed) + len(gateway) + line.size.width
        into, out = _fit(into, out, self.size.width - title - fixed)
        self.query_one("#title", Line).show(
            (name, "strong"), (opened, "aside"), (failed, "warning"), (gateway, "aside")
        )
        self.query_one("#input", Line).show((f"{_GAP}in: ", "aside"), (f"{into} ", ""), fit=True)
        self.query_one("#input-state", Line).show((state, state_style), fit=True)
        gone = "warning" if audio.output.waiting else ""
        self.query_one("#output", Line).show(
            (f"{_GAP}out: ", "aside"), (out, gone), (f"{after} ", "warning"), fit=True
        )

    def show_line(self, rate: float | None, *, slowed: bool) -> None:
        """Tell the bytes a second that go to the terminal, where they are wanted, and that it is slow."""
        told = "" if rate is None else f"{_GAP}{rate / 1000:.1f} kB/s"
        self.query_one("#line", Line).show(
            (told, ""), (f"{_GAP}slow line" if slowed else "", "warning"), fit=True
        )


def _title(view: DeckView, wide: bool) -> tuple[str, str, str]:
    """Tell how many sessions are open, how many have failed, and the gateway, whose name may be cut off."""
    gateway = f"{one_line(view.gateway, 40 if wide else 20)}{' starts …' if view.starting else ''}"
    if not view.sessions:
        return "", "", gateway
    ready = sum(session.phase == "ready" for session in view.sessions)
    failed = sum(session.phase == "failed" for session in view.sessions)
    told = f" · ! {failed} failed" if failed else ""
    return f"{ready} of {len(view.sessions)} open", told, f" · {gateway}"


def _input_state(view: InputView, wide: bool, *, meters: bool) -> tuple[str, str]:
    lost = f" {view.lost} lost" if view.lost else ""
    if not view.open:
        return f"off{lost}", "aside"
    if is_silent(view):
        return f"{'no sound for' if wide else 'silent'} {view.silent_for:.0f} s{lost}", "warning"
    if view.clipping:
        return f"{'CLIP':<{METER_CELLS}}{lost}", "warning"
    return f"{meter(view.level) if meters else 'on'}{lost}", "good"


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
