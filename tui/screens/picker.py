"""What opens sessions, by provider and model or as the configuration names them; and changes open ones."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from sessions.config import Config, SessionTable
from sessions.providers.catalogue import find
from sessions.text import one_line
from tui.widgets.form import SettingsForm
from tui.widgets.session_list import SessionList
from tui.widgets.text_line import TextLine

_TITLE = "Open a session"
_CHOOSING = (
    "[@click=screen.open]Enter opens[/] · [@click=screen.settings]Tab settings[/] · "
    "[@click=screen.mark](Ctrl+)Space marks[/] · [@click=screen.back]Esc closes[/]"
)
_SETTING = "[@click=screen.open]Ctrl+S opens[/] · [@click=screen.back]Esc goes back[/]"
_CHANGING = "[@click=screen.done]Ctrl+S changes it[/] · [@click=screen.dismiss]Esc closes[/]"


@dataclass(frozen=True)
class Picked:
    """What to open. `compare`: side by side, driven by one input and one microphone."""

    tables: tuple[SessionTable, ...]
    compare: bool = False


class Search(TextLine):
    """What is typed filters the list; the other keys act on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move('cursor_up')", "Up", show=False),
        Binding("down", "screen.move('cursor_down')", "Down", show=False),
        Binding("pageup", "screen.move('page_up')", "Page up", show=False),
        Binding("pagedown", "screen.move('page_down')", "Page down", show=False),
        Binding("tab", "screen.settings", "Settings", show=False),
        Binding("right", "right", "Right, or settings", show=False),
        Binding("insert,ctrl+@,ctrl+space", "screen.mark", "Mark", show=False),
    ]

    async def _on_key(self, event: Key) -> None:
        """Enter and Space are carried out at once, before the keys behind them."""
        action = {"enter": "open", "space": "" if self.value else "mark"}.get(event.key)
        if action:
            event.prevent_default()
            event.stop()
            await self.run_action(f"screen.{action}")
        else:
            await super()._on_key(event)

    async def action_right(self) -> None:
        if self.cursor_position < len(self.value):
            self.action_cursor_right()
        else:
            await self.run_action("screen.settings")


class PickerScreen(ModalScreen[Picked | None]):
    """Is dismissed with what to open, or with nothing. The settings of a row take the place of the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]

    def __init__(
        self, config: Config, lacks: Callable[[SessionTable], str], recent: Sequence[SessionTable] = ()
    ) -> None:
        """`lacks` says why a session cannot be opened (see `sessions.openings.lacks`); it runs on a thread.

        `recent`: what was opened lately comes first in the list.
        """
        super().__init__()
        self._lacks = lacks
        self._rows = SessionList(config, recent)
        self._search = Search(placeholder="provider, model or kind", compact=True)
        self._search.cursor_blink = False
        self._forms: dict[int, SettingsForm] = {}
        """By row; what was typed in them stays as long as the picker."""

    def compose(self) -> ComposeResult:
        with Vertical(id="picker") as box:
            box.border_title = _TITLE
            box.border_subtitle = Content.from_markup(_CHOOSING)
            with Vertical(id="choosing"):
                yield self._search
                yield self._rows
                yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        self._rows.find("")
        self._search.focus()
        # A key may be in the system's keyring, which may ask its owner first.
        self.run_worker(self._look_for_lacks, thread=True)

    def _look_for_lacks(self) -> None:
        lacks = {at: self._lacks(each.table) for at, each in enumerate(self._rows.choices)}
        self.app.call_from_thread(self._show_lacks, lacks)

    def _show_lacks(self, lacks: dict[int, str]) -> None:
        if self.is_attached:
            self._rows.show_lacks(lacks)
            self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._search:
            self._rows.find(event.value)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._tell()

    def _tell(self, warning: str = "") -> None:
        """Say below the list what is to be known of the row, or what is wrong."""
        warning = warning or self._rows.lack(self._rows.at)
        match len(self._rows.marked):
            case 0:
                aside = "Enter opens it as it is, Tab shows its settings"
            case 1:
                aside = "1 marked: Enter opens it; mark more to compare them"
            case count:
                aside = f"{count} marked: Enter opens them side by side, driven by one input"
        about = self.query_one("#about", Static)
        about.set_class(bool(warning), "-warning")
        about.update(f"! {one_line(warning)}" if warning else aside)

    @property
    def _form(self) -> SettingsForm | None:
        """The one that is shown."""
        return next((form for form in self._forms.values() if form.display), None)

    def action_move(self, way: str) -> None:
        getattr(self._rows, f"action_{way}")()

    def action_mark(self, step: int = 1) -> None:
        """Mark the row, or not any more, and go on to the next."""
        at = self._rows.at
        if at is None or self._form:
            return
        if lack := self._rows.lack(at):
            self._tell(lack)
            return
        self._rows.toggle_mark(at)
        if step:
            self._rows.action_cursor_down()
        self._tell()

    async def action_settings(self) -> None:
        """Show the settings of the row."""
        self._rows.find(self._search.value)
        at = self._rows.at
        if at is not None and self._rows.choices[at].offer:
            (await self._show_form(at)).begin()

    async def _show_form(self, at: int) -> SettingsForm:
        choice = self._rows.choices[at]
        if at not in self._forms:
            assert choice.offer is not None
            self._forms[at] = SettingsForm(choice.offer, choice.table, "Open")
            await self.query_one("#picker").mount(self._forms[at])
        self._show(self._forms[at], f"{choice.name or choice.shown}: settings")
        return self._forms[at]

    def _show(self, form: SettingsForm | None, title: str) -> None:
        """Show a form in the place of the list, or the list again."""
        for each in self._forms.values():
            each.display = each is form
        self.query_one("#choosing").display = form is None
        box = self.query_one("#picker")
        box.border_title = Content(one_line(title, 60))
        box.border_subtitle = Content.from_markup(_SETTING if form else _CHOOSING)

    def action_back(self) -> None:
        if self._form:
            self._show(None, _TITLE)
            self._search.focus()
        else:
            self.dismiss(None)

    async def action_open(self) -> None:
        """Open what is marked, else the row; with the settings that were made, or as it is."""
        if self._form:
            self._form.action_done()
            return
        self._rows.find(self._search.value)
        at = self._rows.at
        await self._open(self._rows.marked or ([] if at is None else [at]))

    async def on_settings_form_done(self, event: SettingsForm.Done) -> None:
        at = next(at for at, form in self._forms.items() if form is event.form)
        await self._open(self._rows.marked if at in self._rows.marked else [at])

    async def _open(self, rows: list[int]) -> None:
        """Be dismissed with what to open, unless something is wrong with it or missing."""
        tables: list[SessionTable] = []
        for at in rows:
            form = self._forms.get(at)
            table = form.read() if form else self._rows.choices[at].table
            if table is None:  # the form has marked what is wrong
                await self._show_form(at)
                return
            if lack := await asyncio.to_thread(self._lacks, table):
                await self._refuse(at, table, lack)
                return
            tables.append(table)
        if tables:
            self.dismiss(Picked(tuple(tables), compare=len(tables) > 1))

    async def _refuse(self, at: int, table: SessionTable, lack: str) -> None:
        self._rows.go_to(at)
        offer = self._rows.choices[at].offer
        if offer and offer.wants_agent and not table.agent:
            (await self._show_form(at)).complain("agent", "an agent's id is needed")
        elif self._form:
            self._form.warn(lack)
        else:
            self._tell(lack)


class SettingsScreen(ModalScreen[SessionTable | None]):
    """The settings of an open session. Is dismissed with those to change to, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close", show=False)]

    def __init__(self, table: SessionTable) -> None:
        """Raises UnknownModel."""
        super().__init__()
        self._table = table
        self._offer, self._model = find(table.kind, table.provider or None, table.model or None)

    def compose(self) -> ComposeResult:
        named = f"{self._offer.provider} {self._model.rpartition('/')[2]}"
        with Vertical(id="settings") as box:
            box.border_title = Content(one_line(f"{named}: settings", 60))
            box.border_subtitle = Content.from_markup(_CHANGING)
            yield SettingsForm(self._offer, self._table, "Change")

    def on_mount(self) -> None:
        self.query_one(SettingsForm).begin()

    def action_done(self) -> None:
        self.query_one(SettingsForm).action_done()

    def on_settings_form_done(self, event: SettingsForm.Done) -> None:
        self.dismiss(event.table)
