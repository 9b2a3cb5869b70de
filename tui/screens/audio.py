"""The audio screen: which microphone and speaker, and how the pane in front hears and is heard."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from sessions.audio.modes import (
    ARBITRATIONS,
    ECHO_MODES,
    FASTEST,
    LOUDEST,
    MICROPHONE_MODES,
    SLOWEST,
)
from sessions.audio.view import AudioView
from sessions.commands import ImpossibleCommand
from sessions.live.actions import (
    Action,
    ChooseInput,
    ChooseOutput,
    LookForDevices,
    SetArbitration,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
)
from sessions.state.snapshot import DeckView, SessionView
from sessions.text import one_line
from tui.actions.registry import HEARING, SPOKEN
from tui.screens.live import LiveScreen
from tui.widgets.device_list import DeviceList
from tui.widgets.line import Line, meter
from tui.widgets.settings import Dial, Pick, Setting
from tui.widgets.sparkline import latency_words, sparkline
from tui.widgets.text_line import TextLine
from tui.widgets.waveform import Waveform
from tui.words import decibels, is_silent, output_trouble, percent, route_words, times

CarryOut = Callable[[str, Action], Coroutine[Any, Any, str]]

_METER = 16
_SPARK = 16
_HEARD, _SILENCED = "heard", "silenced"


class AudioScreen(LiveScreen):
    """Changes are made at once; what is shown are the views that come back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,f6", "dismiss", "Close"),
        ("r", "look", "Look for devices again"),
    ]

    def __init__(self, session: str, view: DeckView, carry_out: CarryOut, *, at_source: bool) -> None:
        super().__init__()
        self._session, self._view, self._carry_out = session, view, carry_out
        self._at_source = at_source

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="audio", can_focus=False) as box:
            box.border_title = "Audio"
            box.border_subtitle = Content.from_markup(
                "Tab goes on · Enter chooses · ← → set · [@click=screen.look]r looks again[/] · "
                "[@click=screen.dismiss]Esc closes[/]"
            )
            for way in ("input", "output"):
                with Horizontal(classes="meters"):
                    yield Line(name=f"{way}-meter")
                    yield Line(name=f"{way}-details")
                yield Waveform(name=f"{way}-wave")
            yield Static(id="notices", markup=False)
            with Horizontal(id="devices"):
                yield DeviceList("Microphone", name="inputs")
                yield DeviceList("Speaker", name="outputs")
            audio = self._view.audio
            yield Pick("Echo", ECHO_MODES, audio.echo, name="echo")
            yield Pick("Panes speak", ARBITRATIONS, audio.arbitration, name="arbitration")
            if session := self._session_in(self._view):
                yield Line(f"{self._session.capitalize()} pane", name="pane-title")
                yield Line(name="latency")
                yield from _pane_settings(session)
            yield Line(name="said")

    def on_mount(self) -> None:
        self.show(self._view)
        self._do(LookForDevices())
        if self._at_source:
            self.query_one("#source").focus()

    def show(self, view: DeckView) -> None:
        self._view = view
        self._show_meters(view.audio)
        self.query_one("#inputs", DeviceList).show(view.audio.inputs, view.audio.input.chosen)
        self.query_one("#outputs", DeviceList).show(view.audio.outputs, view.audio.output.chosen)
        values: dict[str, object] = {"echo": view.audio.echo, "arbitration": view.audio.arbitration}
        if session := self._session_in(view):
            values |= {
                "microphone": session.microphone,
                "volume": session.volume,
                "muted": _SILENCED if session.muted else _HEARD,
                "speed": session.speed,
            }
            self.query_one("#latency", Line).show(
                ("  Latency      ", "aside"),
                (f" {sparkline(session.latencies, _SPARK)}", ""),
                (f"{' ' if session.latencies else ''}{latency_words(session.latencies)}", "aside"),
            )
            for source in self.query("#source").results(Source):
                source.show(session.source)
        for setting in self.query(Setting):
            setting.show(values[str(setting.id)])

    def on_device_list_chosen(self, event: DeviceList.Chosen) -> None:
        choose = ChooseInput if event.devices.id == "inputs" else ChooseOutput
        self._do(choose(event.device))

    def on_setting_changed(self, event: Setting.Changed) -> None:
        value = event.value
        match event.setting.id:
            case "echo":
                self._do(SetEcho(value))
            case "arbitration":
                self._do(SetArbitration(value))
            case "microphone":
                self._do(SetMicrophone(value))
            case "volume":
                self._do(SetVolume(value))
            case "muted":
                self._do(SetMuted(value == _SILENCED))
            case "speed":
                self._do(SetSpeed(value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._do(SetSource(event.value.strip()))

    def action_look(self) -> None:
        self._do(LookForDevices())

    def _do(self, action: Action) -> None:
        """Not a worker of the screen's: closing it would take the action back."""
        self.app.run_worker(self._carry_out_and_tell(action))

    async def _carry_out_and_tell(self, action: Action) -> None:
        try:
            said, style = await self._carry_out(self._session, action), "aside"
        except ImpossibleCommand as error:
            said, style = f"! {error}", "warning"
        if self.is_mounted and self.is_attached:
            self.query_one("#said", Line).show((one_line(said), style))

    def _session_in(self, view: DeckView) -> SessionView | None:
        return next((session for session in view.sessions if session.name == self._session), None)

    def _show_meters(self, audio: AudioView) -> None:
        for way, level, wave, details in (
            ("input", audio.input.level, audio.input.wave, _input_details(audio)),
            ("output", audio.output.level, audio.output.wave, _output_details(audio)),
        ):
            bar = (f"{meter(level, _METER)} ", "good"), (f"{decibels(level):>7} ", "")
            self.query_one(f"#{way}-meter", Line).show(
                (f"{'In' if way == 'input' else 'Out':<4}", "aside"), *bar
            )
            self.query_one(f"#{way}-details", Line).show(*details)
            self.query_one(f"#{way}-wave", Waveform).show(wave)
        notices = [
            f"{title}: {one_line(notice, 400)}"
            for title, notice in (("Microphone", audio.input.notice), ("Speaker", audio.output.notice))
            if notice
        ]
        shown = self.query_one("#notices", Static)
        if (text := "\n".join(notices)) != str(shown.content):
            shown.update(Text(text))
            shown.display = bool(notices)


class Source(TextLine):
    """Where the pane's sound comes from, by name; what is being typed is left alone."""

    def __init__(self, source: str) -> None:
        source = one_line(source)
        super().__init__(
            source, placeholder="microphone, file:PATH, tone:440 or pane:speak", id="source", compact=True
        )
        self._shown = source

    def show(self, source: str) -> None:
        source = one_line(source)
        if source != self._shown:
            self._shown = source
            if not self.has_focus:
                self.value = source


def _pane_settings(session: SessionView) -> Iterator[Widget]:
    """What applies to the session's kind, set to what holds now."""
    if session.kind in HEARING:
        yield Horizontal(Line("  Source"), Source(session.source), id="source-row")
        yield Pick("Microphone", MICROPHONE_MODES, session.microphone, name="microphone")
    if session.kind in SPOKEN:
        yield Dial("Volume", 0.0, LOUDEST, session.volume, percent, name="volume")
        yield Dial("Speed", SLOWEST, FASTEST, session.speed, "{:.1f}×".format, name="speed")
        yield Pick("Speaker", (_HEARD, _SILENCED), _SILENCED if session.muted else _HEARD, name="muted")


def _input_details(audio: AudioView) -> list[tuple[str, str]]:
    view = audio.input
    troubles = [
        "CLIP" if view.clipping else "",
        f"no sound for {view.silent_for:.0f} s" if is_silent(view) else "",
        f"{view.lost} lost" if view.lost else "",
    ]
    off = "" if view.open else " · off: no pane listens"
    return _details(troubles, f"{route_words(view.route, view.name)}{off}")


def _output_details(audio: AudioView) -> list[tuple[str, str]]:
    view = audio.output
    troubles = [output_trouble(view), times(view.underruns, "underrun") if view.underruns else ""]
    latency = f" · latency {view.latency * 1000:.0f} ms" if view.latency else ""
    return _details(troubles, f"{route_words(view.route, view.name)}{latency}")


def _details(troubles: list[str], rest: str) -> list[tuple[str, str]]:
    """What is wrong comes first: there may not be room for all."""
    warning = " · ".join(trouble for trouble in troubles if trouble)
    return [(f" {warning} ·", "warning"), (f" {rest}", "")] if warning else [(f" {rest}", "")]
