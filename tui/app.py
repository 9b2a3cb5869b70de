"""The deck's app: wiring between the engine, the panes and the actions."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Footer

import styles
from sessions.commands import ImpossibleCommand
from sessions.live.actions import (
    Action,
    AudioAction,
    Front,
    Reopen,
    Replay,
    Save,
    Say,
    Stop,
    ToggleListening,
    TogglePause,
)
from sessions.text import one_line, plain
from tui.actions import ACTIONS, DeckAction, key_name
from tui.panes.converse import ConversePane
from tui.panes.pane import Pane
from tui.panes.speak import SpeakPane
from tui.panes.transcribe import TranscribePane
from tui.screens.live import LiveScreen
from tui.sound_actions import SoundActions
from tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessions.engine import Engine
    from sessions.state.snapshot import DeckView

REFRESH = 0.1
_BY_ID = {action.id.partition("(")[0]: action for action in ACTIONS}


def _binding(action: DeckAction) -> Binding:
    # With priority they are carried out in the order in which keys come: text typed right behind one that
    # moves the focus goes where it is meant to.
    return Binding(
        action.keys, f"app.{action.id}", action.label, show=action.footer, tooltip=action.help, priority=True
    )


class DeckApp(SoundActions, App[None]):
    """Three panes over an engine. `make_engine` is called after the first paint: its imports are slow."""

    TITLE = "Voxdeck"
    CSS_PATH = styles.DECK
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (120, "-wide"), (180, "-widest")]  # noqa: RUF012 - Textual declares it as an instance variable
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (18, "-high")]  # noqa: RUF012 - as above
    BINDINGS: ClassVar[list[BindingType]] = [_binding(action) for action in ACTIONS if action.keys]

    def __init__(self, make_engine: "Callable[[], Engine]", save_into: Path) -> None:
        super().__init__()
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._started = asyncio.Event()
        self._view: DeckView | None = None
        self._front = ""
        self.save_into = save_into
        self.panes: tuple[Pane, ...] = (
            TranscribePane("transcribe"),
            SpeakPane("speak"),
            ConversePane("converse"),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Container(id="panes"):
            yield from self.panes

    def on_mount(self) -> None:
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        """After the first paint: the rest of the screen, then the engine."""
        for pane in self.panes:
            await pane.fill()
        await self.mount(Footer())
        self.panes[-1].entry_point.focus()
        self.run_worker(self._start_engine, thread=True)

    def on_unmount(self) -> None:
        if self._engine:
            self._engine.stop()

    def _start_engine(self) -> None:
        engine = self._make_engine()
        engine.start()
        self.call_from_thread(self._join, engine)

    def _join(self, engine: "Engine") -> None:
        self._engine = engine
        self._started.set()
        self.set_interval(REFRESH, lambda: self.show(engine.view))

    def show(self, view: "DeckView") -> None:
        """Draw the deck as it is now; under another screen it would be drawn whole each time."""
        self._view = view
        with suppress(NoMatches):  # the screen is being made or taken down
            if len(self.screen_stack) > 1:
                if isinstance(self.screen, LiveScreen):
                    self.screen.show(view)
                return
            self.screen_stack[0].query_one(TitleBar).show(view)
            for pane, session in zip(self.panes, view.sessions, strict=False):
                pane.show(session, view)

    @property
    def pane(self) -> Pane | None:
        """The pane that has the focus."""
        widget = self.screen_stack[0].focused if self.screen_stack else None
        return next((pane for pane in self.panes if widget and pane in widget.ancestors_with_self), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show and allow a pane's actions only where they apply."""
        known = _BY_ID.get(action)
        if known is None or action == "quit":
            return True
        if len(self.screen_stack) > 1:
            return False  # help or palette is in front, and has its own keys
        if known.panes is None:
            return True
        return self.pane is not None and self.pane.session in known.panes

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()
        if self.pane and self.pane.session != self._front:
            self._front = self.pane.session
            self.run_worker(self._tell_front(Front(self._front)), group="front", exclusive=True)

    async def _tell_front(self, front: Front) -> None:
        with suppress(ImpossibleCommand):  # the deck could not start, which its panes tell
            await self.carry_out("", front)

    async def on_pane_said(self, event: Pane.Said) -> None:
        if not await self.do(event.pane, Say(event.text)):
            event.pane.give_back(event.text)

    async def carry_out(self, session: str, action: Action) -> str:
        """Have the engine carry out an action; return what to show. Raises ImpossibleCommand."""
        await self._started.wait()
        assert self._engine is not None
        return await asyncio.wrap_future(
            self._engine.post("" if isinstance(action, AudioAction) else session, action)
        )

    async def do(self, pane: Pane | None, action: Action) -> bool:
        """Carry out an action of a pane, and tell the user what came of it."""
        if pane is None:
            return False
        try:
            said = await self.carry_out(pane.session, action)
        except ImpossibleCommand as error:
            self.notify(one_line(str(error)), title=pane.TITLE, severity="warning", markup=False)
            return False
        if said:
            self.notify(one_line(said), title=pane.TITLE, markup=False)
        return True

    async def action_stop(self) -> None:
        await self.do(self.pane, Stop())

    async def action_toggle_pause(self) -> None:
        await self.do(self.pane, TogglePause())

    async def action_replay(self) -> None:
        await self.do(self.pane, Replay())

    async def action_toggle_listening(self) -> None:
        await self.do(self.pane, ToggleListening())

    async def action_save(self) -> None:
        await self.do(self.pane, Save(self.save_into))

    async def action_reopen(self) -> None:
        await self.do(self.pane, Reopen())

    def action_copy(self) -> None:
        if self.pane and (text := self.pane.text()):
            self.copy_to_clipboard(plain(text))
            self.notify("copied", title=self.pane.TITLE)

    def action_next_pane(self) -> None:
        self.screen.focus_next()

    def action_focus_pane(self, number: int) -> None:
        self.panes[number].entry_point.focus()

    def action_scroll_log(self, direction: int) -> None:
        if self.pane:
            log = self.pane.log_view
            (log.scroll_page_up if direction < 0 else log.scroll_page_down)(animate=False)

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - Markdown is slow to import

        self.push_screen(HelpScreen())

    def open_audio(self, *, at_source: bool = False) -> None:
        from tui.screens.audio import AudioScreen  # noqa: PLC0415 - when first opened

        if not self.pane or not self._view:
            self.notify("the deck is still starting")
            return
        self.push_screen(AudioScreen(self.pane.session, self._view, self.carry_out, at_source=at_source))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action that applies here, beside Textual's own commands."""
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Quit"):
                yield command
        if screen is not self.screen_stack[0]:
            return
        pane = self.pane.session if self.pane else ""
        for action in ACTIONS:
            if action.id != "quit" and (action.panes is None or pane in action.panes):
                key = f"Key: {key_name(action.keys)}" if action.keys else ""
                yield SystemCommand(action.help, key, self._runner(action.id))

    def _runner(self, action: str) -> "Callable[[], None]":
        def run() -> None:
            self.call_later(self.run_action, action)

        return run
