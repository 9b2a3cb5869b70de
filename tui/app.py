"""The deck's app: wiring between the engine, the panes and the actions."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.screen import Screen

import styles
from sessions.commands import ImpossibleCommand
from sessions.config import Config, SessionTable
from sessions.live.actions import (
    Action,
    DeckWide,
    Front,
    Open,
    Say,
    Seek,
    SetMicrophone,
    SetSource,
    Skip,
    Stop,
    ToggleListening,
    TogglePause,
)
from tui.actions import ACTIONS, BY_ID
from tui.actions.registry import HEARING, SPOKEN, DeckAction
from tui.driven import CLOCK, Manner
from tui.line import INTERVAL
from tui.panes.pane import Pane
from tui.screens.live import LiveScreen
from tui.sound_actions import SoundActions
from tui.widgets.title_bar import TitleBar
from tui.wish import Wishes
from tui.workspace.actions import WorkspaceActions, openings
from tui.workspace.store import DEFAULT, Store, WorkspaceState, usual
from tui.workspace.strip import Strip

if TYPE_CHECKING:
    from sessions.engine import Engine
    from sessions.state.snapshot import DeckView

SAVE_EVERY = 2.0
"""Seconds between looks whether the workspace is another than on disk."""
AT_ONCE = 6
"""Panes that are drawn in one go; where there are more, they take turns, so that keys need not wait."""
_TAKES_TEXT = ("speak", "converse", "image")


class DeckApp(SoundActions, WorkspaceActions):
    """Panes over an engine. `make_engine` is called after the first paint: its imports are slow."""

    TITLE = "Voxdeck"
    CSS_PATH = styles.FRAME
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (120, "-wide"), (180, "-widest")]  # noqa: RUF012 - Textual declares it as an instance variable
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (18, "-high")]  # noqa: RUF012 - as above
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+tab", "app.next_pane(-1)", show=False, priority=True),
    ]

    def __init__(
        self,
        make_engine: "Callable[[tuple[Open, ...]], Engine]",
        save_into: Path,
        config: Config | None = None,
        manner: Manner | None = None,
        *,
        workspace: str = DEFAULT,
        state: WorkspaceState | None = None,
        lacks: Callable[[SessionTable], str] = lambda table: "",
    ) -> None:
        config, state = config or Config(Path()), state or usual()
        super().__init__(config, Store(config), workspace, state)
        self.drive(manner or Manner())
        self.wishes = Wishes()
        self._make_engine = make_engine
        self.lacks = lacks
        """Tells what is missing to open a session, in one line; it may take its time."""
        self._engine: Engine | None = None
        self._started = asyncio.Event()
        self.view: DeckView | None = None
        self._first = state
        self._told_front = ""
        self._shown_on: Screen[object] | None = None
        self._ticked_at = 0.0
        self._turn = self._turns_left = 0
        self.save_into = save_into

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield self.grid
        yield Strip()

    def on_mount(self) -> None:
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        """After the first paint: the rest of the screen, then the engine."""
        from tui.widgets.key_line import KeyLine  # noqa: PLC0415

        self.stylesheet.read(styles.INSIDE)
        for pane in self.panes:
            await pane.fill()
        await self.mount(KeyLine())
        front = next((pane for pane in self.panes if pane.session == self._first.front), None)
        self.go_to(front or self.grid.front)
        self.welcome()
        self.run_worker(self._start_engine, thread=True)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; while the panes are still there, what they hold is kept."""
        self.save_workspace()
        super().exit(result, return_code, message)

    def on_unmount(self) -> None:
        if self._engine:
            self._engine.on_news = lambda: None
            self._engine.stop()

    def _start_engine(self) -> None:
        engine = self._make_engine(tuple(openings(self._first)))
        engine.start()
        self.call_from_thread(self._join, engine)

    def _join(self, engine: "Engine") -> None:
        self._engine = engine
        self._started.set()
        self.draw_with(lambda: self._show_news(engine.view))
        loop = asyncio.get_running_loop()
        engine.on_news = lambda: loop.call_soon_threadsafe(self.draw_soon)
        self.set_interval(SAVE_EVERY, self.save_workspace)

    def _show_news(self, view: "DeckView") -> None:
        """Draw what is new, in turns if there are many panes; else, once a second, what goes by time."""
        if not self.screen_stack:
            return
        now, turns = time.monotonic(), max(1, math.ceil(len(self._in_sight) / AT_ONCE))
        if view is not self.view or self.screen is not self._shown_on:
            self._turns_left, self._shown_on = turns, self.screen
        if self._turns_left > 0:
            self._turns_left -= 1
            self._turn = (self._turn + 1) % turns
            self.show(view, self._turn)
        elif now > self._ticked_at + CLOCK - INTERVAL / 2:  # a timer is never quite on time
            self._ticked_at = now
            self._tick(view)
        elif len(self.screen_stack) == 1:
            self.rest()

    def _tick(self, view: "DeckView") -> None:
        if len(self.screen_stack) > 1:
            self.show(view)
            return
        for pane in self._in_sight:
            pane.tick()

    def _draw_all_soon(self) -> None:
        self._shown_on = None
        self.draw_soon()

    @property
    def _in_sight(self) -> list[Pane]:
        return [pane for pane in self.panes if pane.display]

    def show(self, view: "DeckView", turn: int | None = None) -> None:
        """Draw the deck as it is now; under another screen it would be drawn whole each time.

        `turn`: draw only those of the panes that are AT_ONCE a turn.
        """
        self.view = view
        if not self.screen_stack:
            return
        with suppress(NoMatches):  # the screen is being made or taken down
            if len(self.screen_stack) > 1:
                if isinstance(self.screen, LiveScreen):
                    self.screen.show(view)
                return
            workspace = "" if self.workspace == DEFAULT else self.workspace
            self.screen_stack[0].query_one(TitleBar).show(view, workspace)
            sessions = {session.name: session for session in view.sessions}
            for pane in self.panes:
                if session := sessions.get(pane.session):
                    pane.take(session, view)
            for number, pane in enumerate(self._in_sight):
                if (session := sessions.get(pane.session)) and turn in (None, number // AT_ONCE):
                    pane.show(session, view)
            self._show_strip()

    def _show_strip(self) -> None:
        strip = self.screen_stack[0].query_one(Strip)
        strip.display = not self.panes or (self.grid.alone and len(self.panes) > 1)
        if strip.display:
            new, back = self.keys_of("new"), self.keys_of("undo_close")
            strip.show(
                self.panes, self.grid.front, f"no pane is open: {new} opens one, {back} brings one back"
            )

    @property
    def pane(self) -> Pane | None:
        """The pane in front: the one that has the focus, or had it last."""
        widget = self.screen_stack[0].focused if self.screen_stack else None
        focused = next((pane for pane in self.panes if widget and pane in widget.ancestors_with_self), None)
        return focused or self.grid.front

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if not self.screen_stack:  # it is the end, and panes go one by one
            return
        self.refresh_bindings()
        self._draw_all_soon()
        self.grid.front = pane = self.pane
        if pane and pane.session != self._told_front:
            self._told_front = pane.session
            self.run_worker(self._tell_front(Front(pane.session)), group="front", exclusive=True)

    async def _tell_front(self, front: Front) -> None:
        with suppress(ImpossibleCommand):  # the deck could not start, which its panes tell
            await self.carry_out("", front)

    def on_strip_chosen(self, event: Strip.Chosen) -> None:
        self.action_focus_pane(event.number)

    # Actions

    def applies(self, action: DeckAction) -> bool:
        """Whether an action can be carried out where the user is."""
        number = action.call.removeprefix("focus_pane(").rstrip(")")
        if number.isdigit() and int(number) >= max(3, len(self.panes)):
            return False
        return action.panes is None or (self.pane is not None and self.pane.table.kind in action.panes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show and allow a pane's actions only where they apply; another screen in front has its own keys."""
        if action not in ("perform", "next_pane") or parameters == ("quit",):
            return True
        if len(self.screen_stack) != 1:
            return False
        if parameters == ("stop",) and self.screen.query("FindBar:focus-within, Utterances:focus"):
            return False  # Esc closes it
        return action == "next_pane" or self.applies(BY_ID[str(parameters[0])])

    async def action_perform(self, action: str) -> None:
        """Have the pane in front carry an action of the registry out, or else the app."""
        method = BY_ID[action].method
        pane = self.pane
        on_pane = pane is not None and hasattr(pane, f"action_{method.partition('(')[0]}")
        await self.run_action(method, pane if on_pane else self)
        self._draw_all_soon()  # it may concern what the views do not tell

    async def carry_out(self, session: str, action: Action) -> str:
        """Have the engine carry out an action; return what to show. Raises ImpossibleCommand."""
        await self._started.wait()
        assert self._engine is not None
        return await asyncio.wrap_future(
            self._engine.post("" if isinstance(action, DeckWide) else session, action)
        )

    async def do(self, pane: Pane | None, action: Action) -> bool:
        """Carry out an action of a pane, and of its group, and tell the user what came of it."""
        if pane is None:
            return False
        first, *others = self.addressed(pane)
        done = await self._do_alone(first, action)
        for other in others:
            if _is_shared(action, first, other):
                await self._do_alone(other, action)
        return done

    async def _do_alone(self, pane: Pane, action: Action) -> bool:
        try:
            said = await self.carry_out(pane.session, action)
        except ImpossibleCommand as error:
            pane.say_to_user(str(error), warning=True)
            return False
        if said:
            pane.say_to_user(said)
        return True

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - when first opened

        self.push_screen(HelpScreen(self.keys_of))

    def open_audio(self, *, at_source: bool = False) -> None:
        from tui.screens.audio import AudioScreen  # noqa: PLC0415 - when first opened

        if not self.pane or not self.view:
            self.notify("the deck is still starting")
            return
        self.push_screen(AudioScreen(self.pane.session, self.view, self.carry_out, at_source=at_source))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action that applies here, beside Textual's own commands."""
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Quit"):
                yield command
        if screen is not self.screen_stack[0]:
            return
        for action in ACTIONS:
            if action.id != "quit" and self.applies(action):
                keys = self.keys_of(action.id)
                yield SystemCommand(action.help, f"Key: {keys}" if keys else "", self._runner(action.id))

    def _runner(self, action: str) -> "Callable[[], None]":
        def run() -> None:
            self.call_later(self.action_perform, action)

        return run


def _is_shared(action: Action, first: Pane, other: Pane) -> bool:
    """Whether what one pane of a group does is done by another one too."""
    kind = other.table.kind
    match action:
        case Say():
            return kind in _TAKES_TEXT
        case Stop() | TogglePause() | Skip():
            return kind in SPOKEN
        case ToggleListening():
            # Those that differ come to be as the first.
            same = first.view and other.view and first.view.listening == other.view.listening
            return bool(same) and kind in HEARING
        case SetMicrophone() | SetSource() | Seek():
            return kind in HEARING
        case _:
            return False
