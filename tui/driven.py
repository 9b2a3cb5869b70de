"""How the deck is driven and dressed: keys, menu, jump mode and tour, themes, and its pace on the line."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from textual.app import App
from textual.binding import Binding
from textual.css.query import NoMatches
from textual.events import DescendantFocus, Event, InputEvent, Key, MouseDown
from textual.notifications import SeverityLevel
from textual.timer import Timer
from textual.widget import Widget

from tui import memory, themes
from tui.actions import BY_ID
from tui.actions.registry import DeckAction, key_name
from tui.keymap import SUBJECTS, Keymap, key_map
from tui.line import INTERVAL, Line, Pace
from tui.memory import Memory
from tui.panes.pane import Pane
from tui.widgets.title_bar import TitleBar

_MENU_AFTER = 0.15
"""Seconds; who types a chord faster knows it."""
CLOCK = 1.0
"""Seconds at most from one drawing of all to the next, for what goes by time."""
_LOOK_EVERY = 1.0
"""Seconds between two looks at the folder of themes."""
_WHERE_ARE_YOU = "\x1b[6n"
"""Asks the terminal for the place of its cursor; it answers when all before that is drawn."""


@dataclass(frozen=True)
class Manner:
    """What the command line and the configuration say of it. As it stands, nothing is read or written."""

    keys: Keymap = field(default_factory=key_map)
    theme: str = themes.DARK
    """Empty for what suits the terminal."""
    low_bandwidth: bool = False
    line: Line = field(default_factory=Line)
    folder: Path | None = None
    """Of the user's themes."""
    memory: Memory | None = None
    """What is remembered; with none, nothing is, and there is no tour."""


class _KeyTaker(Protocol):
    """Gets the next keys before anybody else."""

    async def take(self, event: Key) -> None: ...

    def remove(self) -> object: ...


class DrivenApp(App[None]):
    """A part of the app. `drive` is to be called once, when the app is made."""

    low_bandwidth = False
    """No meters, no waveforms, no pictures but of half blocks."""

    def __init__(self) -> None:
        super().__init__()
        self._taker: _KeyTaker | None = None
        self._tour: Widget | None = None
        self._shows_rate = False
        self._leaves = False
        self._themes_set = ""
        self._is_dressed = False
        self._drawing: Timer | None = None

    def drive(self, manner: Manner) -> None:
        """Take the keys, the theme and the pace that are wanted."""
        self.manner = manner
        self.low_bandwidth = manner.low_bandwidth
        self.pace = Pace(manner.line, low_bandwidth=manner.low_bandwidth)
        if manner.low_bandwidth:
            self.animation_level = "none"
        # Textual's own key maps can neither take a key away nor leave one to two actions of different panes.
        bound = self._bindings.key_to_bindings
        bound.pop("ctrl+q", None)
        for binding in Binding.make_bindings(map(_binding, *zip(*manner.keys.single, strict=True))):
            bound[binding.key] = [*bound.get(binding.key, ()), binding]
        for theme in themes.ours():
            self.register_theme(theme)
        self._folder = themes.ThemeFolder(manner.folder) if manner.folder else None
        self._wrong_themes = self._take_themes()
        known = manner.theme in self.available_themes  # a remembered one may be gone
        before = self.theme
        self._themes_set = self.theme = manner.theme if known else themes.usual(self.console.color_system)
        self.stylesheet.set_variables(self.get_css_variables())
        self._is_dressed = self.theme != before

    # Of the app itself

    @property
    def pane(self) -> Pane | None:
        raise NotImplementedError

    def go_to(self, pane: Pane | None) -> None:
        raise NotImplementedError

    def applies(self, action: DeckAction) -> bool:
        raise NotImplementedError

    async def action_perform(self, action: str) -> None:
        raise NotImplementedError

    # Keys

    def keys_of(self, action: str) -> str:
        """The keys of an action as they are written on keyboards; empty if it has none."""
        return self.manner.keys.names_of(action)

    async def on_event(self, event: Event) -> None:
        """Keys go to the menu or to jump mode first: here, so that all are carried out in their order."""
        if isinstance(event, InputEvent) and not self.screen_stack:
            return  # the deck is being left
        if isinstance(event, Key) and not event.is_forwarded:
            self.put_tour_away()
            if self._taker and len(self.screen_stack) == 1:
                await self._taker.take(event)
                return
        pressed = isinstance(event, MouseDown) and not event.is_forwarded
        await super().on_event(event)
        if pressed and self._taker:
            menu = next(iter(self.screen.query("#menu")), None)
            if not (menu and menu.region.contains_point(self.mouse_position)):
                self._release()

    def action_menu(self) -> None:
        """Have the next key choose one of the chords that apply."""
        from tui.widgets.menu import Menu  # noqa: PLC0415 - when first opened

        keys: dict[str, list[str]] = {}
        for key, action in self.manner.keys.chords:
            keys.setdefault(action.id, []).append(key)
        subjects = [
            (title, [(key, each) for each in actions for key in keys.get(each.id, ()) if self.applies(each)])
            for title, actions in SUBJECTS
        ]
        menu = Menu(subjects, self._choose, self._release, self.size.width)
        self._grab(menu)
        self.set_timer(_MENU_AFTER, lambda: self._show_menu(menu))

    def _show_menu(self, menu: _KeyTaker) -> None:
        from tui.widgets.menu import Menu  # noqa: PLC0415 - as above

        if self._taker is menu and isinstance(menu, Menu) and len(self.screen_stack) == 1:
            self.screen.mount(menu)

    async def _choose(self, action: str) -> None:
        self._release()
        if self.applies(BY_ID[action]):
            await self.action_perform(action)

    def action_jump(self) -> None:
        from tui.widgets.jump import Jump, places  # noqa: PLC0415 - when first opened

        self._grab(Jump(self, places(self.screen, self.go_to), self._release))

    def _grab(self, taker: _KeyTaker) -> None:
        self._release()
        self._taker = taker

    def _release(self) -> None:
        if self._taker:
            self._taker.remove()
            self._taker = None

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Tell a warning by a sign, too: its colour may not be seen."""
        if severity != "information":
            title, message = (f"! {title}", message) if title else ("", f"! {message}")
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    # The tour

    def action_tour(self) -> None:
        from tui.widgets.tour import Tour  # noqa: PLC0415 - once, for most

        self.put_tour_away()
        self._tour = Tour(self.keys_of, self.put_tour_away)
        self.screen.mount(self._tour)

    def welcome(self) -> None:
        """Show the tour to who has not seen it, and what is wrong with a theme: when the deck is drawn."""
        if self.manner.memory and not self.manner.memory.toured:
            self.action_tour()
        self._tell_wrong_themes()
        if self._folder:
            self.set_interval(_LOOK_EVERY, self._look_at_themes)

    def put_tour_away(self) -> None:
        if self._tour:
            self._tour.remove()
            self._tour = None
            if self.manner.memory:
                memory.remember(toured=True)

    # Themes

    def watch_theme(self, theme: str) -> None:
        """Remember the theme that was chosen in the palette."""
        if self._themes_set not in ("", theme):
            self._themes_set = theme
            if self.manner.memory:
                memory.remember(theme=theme)

    def refresh_css(self, animate: bool = True) -> None:
        """Not for the theme of the start, which stood before any CSS was read: that takes long."""
        if self._is_dressed:
            self._is_dressed = False
        else:
            super().refresh_css(animate)

    def _take_themes(self) -> list[str]:
        """Register the user's themes that are new or changed; return what is wrong with which."""
        if self._folder is None:
            return []
        found, wrong = self._folder.changed()
        for theme in found:
            self.register_theme(theme)
            if theme.name == self.theme and self.is_running:
                self.mutate_reactive(App.theme)
        return wrong

    def _look_at_themes(self) -> None:
        self._wrong_themes = self._take_themes()
        self._tell_wrong_themes()

    def _tell_wrong_themes(self) -> None:
        for line in self._wrong_themes:
            self.notify(line, title="Theme", severity="warning", markup=False)

    # The line

    def draw_with(self, draw: Callable[[], None]) -> None:
        """From now on have the deck drawn, as often as the line bears it, but while it `rest`s."""

        def turn() -> None:
            if self.pace.due():
                draw()
                self._show_line()
                self._ask()

        self._drawing = self.set_interval(INTERVAL, turn)
        self.set_interval(CLOCK, self.draw_soon)

    def draw_soon(self) -> None:
        if self._drawing:
            self._drawing.resume()

    def rest(self) -> None:
        """There is nothing to be drawn: ten looks a second would cost as much as all else that idles."""
        if self._drawing:
            self._drawing.pause()

    def action_line_rate(self) -> None:
        self._shows_rate = not self._shows_rate
        self._show_line()

    def _show_line(self) -> None:
        rate = self.manner.line.rate if self._shows_rate else None
        with suppress(NoMatches):  # the screen is being made or taken down
            self.screen_stack[0].query_one(TitleBar).show_line(rate, slowed=self.pace.slowed)

    def _ask(self) -> None:
        """Over SSH much can be under way that is not yet drawn: only the terminal itself knows when."""
        if "SSH_CONNECTION" in os.environ and self._driver and not self._leaves and self.pace.wants_answer():
            self._driver.write(_WHERE_ARE_YOU)

    async def action_quit(self) -> None:
        """Leave, with the terminal's last answer, which would stand in the shell's line later."""
        self._leaves = True
        await asyncio.sleep(self.pace.last_answer_within())
        self.exit()

    def on_resize(self) -> None:
        self._release()

    def on_cursor_position(self) -> None:
        self.pace.answered()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if self.low_bandwidth and getattr(event.widget, "cursor_blink", False):
            event.widget.cursor_blink = False  # type: ignore[attr-defined]


def _binding(key: str, action: DeckAction) -> Binding:
    # With priority they are carried out in the order in which keys come: text typed right behind one that
    # moves the focus goes where it is meant to.
    return Binding(
        key,
        f"app.perform('{action.id}')",
        action.label,
        show=action.footer > 0,
        key_display=key_name(key),
        tooltip=action.help,
        priority=True,
        id=action.id,
    )
