"""The workspaces: open one, save this one under another name, delete one."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from sessions.text import one_line
from tui.widgets.line import Line
from tui.widgets.text_line import TextLine
from tui.workspace.store import BadWorkspace, Store, WorkspaceState


class WorkspacesScreen(ModalScreen[tuple[str, WorkspaceState | None] | None]):
    """Gives the workspace to go to, by name and content, or (without content) the new name of this one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        Binding("delete", "delete", "Delete", show=False),
    ]

    def __init__(self, store: Store, current: str, state: WorkspaceState) -> None:
        super().__init__()
        self._store, self._current, self._state = store, current, state
        self._doomed = ""
        """Del was pressed on this one, and a second time deletes it."""

    def compose(self) -> ComposeResult:
        with Vertical(id="workspaces") as box:
            box.border_title = "Workspaces"
            box.border_subtitle = "Enter opens · Del deletes · Esc closes"
            yield OptionList(id="workspace-names")
            yield TextLine(
                placeholder="A new name: saves these panes under it, and goes on there",
                compact=True,
                id="workspace-name",
            )
            yield Line(name="workspace-said")

    def on_mount(self) -> None:
        self._list()
        self.query_one(OptionList).focus()

    def on_key(self, event: Key) -> None:
        """What is typed is meant for the new name."""
        field = self.query_one(TextLine)
        if event.is_printable and event.character and self.focused is not field:
            event.stop()
            field.focus()
            field.insert_text_at_cursor(event.character)

    def _list(self) -> None:
        names = self._store.names()
        if self._current not in names:
            names.append(self._current)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(self._named(name), id=f"w-{at}") for at, name in enumerate(names))
        options.highlighted = names.index(self._current)
        self._names = names

    def _named(self, name: str) -> Text:
        text = Text(one_line(name, 60), no_wrap=True)
        if name == self._current:
            text.append("  (open)", "dim")
        elif self._store.is_configured(name):
            saved = self._store.is_saved(name)
            text.append("  (as it was left; Del: as configured)" if saved else "  (as configured)", "dim")
        return text

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        name = self._names[event.option_index]
        try:
            self.dismiss((name, self._store.load(name)))
        except BadWorkspace as error:
            self._say(str(error))

    @on(Input.Submitted)
    def _save_as(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        if not name:
            return
        try:
            if name in self._store.names() or name == self._current:
                raise BadWorkspace(f"there is a workspace {name!r} already; take another name")
            self._store.save(name, self._state)
        except BadWorkspace as error:
            self._say(str(error))
            return
        self.dismiss((name, None))

    def action_delete(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        name = self._names[at]
        if name == self._current:
            self._say("this one is open: go to another first")
        elif not self._store.is_saved(name):
            self._say("nothing of it is saved here")
        elif self._doomed != name:
            self._doomed = name
            self._say(f"Del again deletes {name}, with its drafts")
        else:
            self._doomed = ""
            try:
                self._store.delete(name)
            except BadWorkspace as error:
                self._say(str(error))
            else:
                self._list()
                self._say(f"{name} is deleted")

    def _say(self, text: str) -> None:
        self.query_one("#workspace-said", Line).show((one_line(text, 200), "warning"))
