"""The app's actions on panes and workspaces; each has a line in the registry of actions."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from sessions.commands import ImpossibleCommand
from sessions.config import Config, SessionTable
from sessions.live.actions import Action, Change, Close, Open, Restore
from sessions.text import one_line
from tui.driven import DrivenApp
from tui.panes.kinds import pane_for
from tui.panes.pane import Pane
from tui.workspace.grid import PaneGrid
from tui.workspace.store import KEPT_HISTORY, BadWorkspace, PaneState, Store, WorkspaceState

if TYPE_CHECKING:
    from tui.screens.picker import Picked

KEPT_CLOSED = 20


@dataclass(frozen=True)
class _Closed:
    state: PaneState
    at: int
    """Its place among the panes."""


class WorkspaceActions(DrivenApp):
    """A part of the app: it opens, closes and orders panes, and keeps workspaces."""

    lacks: Callable[[SessionTable], str]

    def __init__(self, config: Config, store: Store, workspace: str, state: WorkspaceState) -> None:
        super().__init__()
        self.config, self.store, self.workspace = config, store, workspace
        self._saved = state
        """As it is on disk, or was when the deck began: an untouched deck writes nothing."""
        self._closed_panes: list[_Closed] = []
        self._names = {pane.name for pane in state.panes}
        """Of all sessions there ever were: closed ones keep theirs."""
        self._listens = {pane.name: pane.listens for pane in state.panes}
        self._recent: list[SessionTable] = []
        self.grid = PaneGrid([_pane(pane) for pane in state.panes])
        self.grid.zoomed = state.zoomed

    @property
    def panes(self) -> list[Pane]:
        return self.grid.panes

    @property
    def pane(self) -> Pane | None:
        raise NotImplementedError

    async def carry_out(self, session: str, action: Action) -> str:
        raise NotImplementedError

    # Panes

    def name_of(self, session: str) -> str:
        """What the pane of a session is called on the screen: `2 Speak`."""
        pane = next((pane for pane in self.panes if pane.session == session), None)
        return f"{pane.number} {pane.name_shown}" if pane else session

    def go_to(self, pane: Pane | None) -> None:
        """Bring a pane to the front and give it the focus."""
        if pane:
            self.grid.front = pane
            self.grid.scroll_to_widget(pane, animate=False)
            # At once, not by a message: what is typed behind the key is meant for this pane.
            pane.screen.set_focus(pane.entry_point, scroll_visible=False)

    def action_focus_pane(self, number: int) -> None:
        if number < len(self.panes):
            self.go_to(self.panes[number])

    def action_next_pane(self, step: int = 1) -> None:
        panes = self.panes
        if self.pane in panes:
            self.go_to(panes[(panes.index(self.pane) + step) % len(panes)])
        elif panes:
            self.go_to(panes[0])

    def action_inside(self) -> None:
        """Go to the pane's next part that takes keys."""
        if not (pane := self.pane):
            return
        parts = [each for each in pane.query("*").results() if each.focusable]
        if parts:
            at = parts.index(self.focused) if self.focused in parts else -1
            parts[(at + 1) % len(parts)].focus()

    def action_to_prompt(self) -> None:
        self.go_to(self.pane)

    async def open_pane(self, table: SessionTable, after: Pane | None, *, grouped: bool = False) -> None:
        """Open a session in a pane of its own. What cannot be opened is told, and leaves no pane."""
        name = self._new_name(table)
        pane = pane_for(name, table)
        pane.grouped = grouped
        if await self._open(pane, Open(name, table), after):
            self._recent = [table, *(each for each in self._recent if each != table)]

    async def _open(self, pane: Pane, opening: Action, after: Pane | None) -> bool:
        try:
            await self.carry_out("", opening)
        except ImpossibleCommand as error:
            self.notify(one_line(str(error)), severity="warning", markup=False)
            return False
        await self.grid.put(pane, after)
        await pane.fill()
        self.go_to(pane)
        return True

    def action_new(self) -> None:
        from tui.screens.picker import PickerScreen  # noqa: PLC0415 - when first opened

        self.push_screen(PickerScreen(self.config, self.lacks, self._recent), self._open_picked)

    async def _open_picked(self, picked: "Picked | None") -> None:
        if picked is None:
            return
        if picked.compare:
            if any(pane.grouped for pane in self.panes):
                self.notify("the group there was before is dissolved")
            for pane in self.panes:
                pane.grouped = False
        for table in picked.tables:
            await self.open_pane(table, None, grouped=picked.compare)

    async def action_close(self) -> None:
        if pane := self.pane:
            await self._close(pane)
            key = self.keys_of("undo_close")
            self.notify(f"{pane.name_shown} is closed; {key} brings it back", markup=False)

    async def action_close_others(self) -> None:
        for pane in [each for each in self.panes if each is not self.pane]:
            await self._close(pane)

    async def _close(self, pane: Pane) -> None:
        closed = _Closed(self._state_of(pane), self.panes.index(pane))
        self._closed_panes = [*self._closed_panes, closed][-KEPT_CLOSED:]
        await self._leave(pane)
        self.go_to(self.grid.front)

    async def _leave(self, pane: Pane) -> None:
        with suppress(ImpossibleCommand):  # it was never opened, or is gone already
            await self.carry_out("", Close(pane.session))
        await self.grid.take(pane)

    async def action_undo_close(self) -> None:
        if not self._closed_panes:
            self.notify("no pane was closed")
            return
        closed = self._closed_panes.pop()
        pane = _pane(closed.state)
        after = self.panes[closed.at - 1] if 0 < closed.at <= len(self.panes) else None
        if await self._open(pane, Restore(pane.session), after) and closed.at == 0 and len(self.panes) > 1:
            self.grid.move(pane, 1)
            self.go_to(pane)

    def action_zoom(self) -> None:
        self.grid.zoomed = not self.grid.zoomed
        self.grid.rearrange()
        self.go_to(self.grid.front)

    def action_move(self, step: int) -> None:
        if pane := self.pane:
            self.grid.move(pane, step)

    def action_rename(self) -> None:
        from tui.screens.ask import AskScreen  # noqa: PLC0415 - when first opened

        if pane := self.pane:

            async def rename(title: str | None) -> None:
                if title is not None:
                    await pane.rename(title)

            self.push_screen(AskScreen("Title of the pane", pane.title, pane.TITLE), rename)

    async def action_duplicate(self) -> None:
        if pane := self.pane:
            await self.open_pane(pane.table, pane)

    def action_change(self) -> None:
        from sessions.providers.catalogue import UnknownModel  # noqa: PLC0415 - when first opened
        from tui.screens.picker import SettingsScreen  # noqa: PLC0415 - as above

        if pane := self.pane:

            async def change(table: SessionTable | None) -> None:
                if table is not None and table != pane.table:
                    await pane.do(Change(table))

            try:
                self.push_screen(SettingsScreen(pane.table), change)
            except UnknownModel as error:
                pane.say_to_user(str(error), warning=True)

    def action_compare(self) -> None:
        if pane := self.pane:
            pane.grouped = not pane.grouped

    def addressed(self, pane: Pane) -> list[Pane]:
        """The panes that one prompt and one microphone drive: the group of this pane, which comes first."""
        if not pane.grouped:
            return [pane]
        return [pane, *(other for other in self.panes if other.grouped and other is not pane)]

    # Workspaces

    def action_workspaces(self) -> None:
        from tui.screens.workspaces import WorkspacesScreen  # noqa: PLC0415 - when first opened

        self.push_screen(WorkspacesScreen(self.store, self.workspace, self.state()), self._go_to_workspace)

    async def _go_to_workspace(self, chosen: "tuple[str, WorkspaceState | None] | None") -> None:
        """Put the panes of another workspace in the place of these, which are saved."""
        if chosen is None or chosen[0] == self.workspace:
            return
        name, state = chosen
        if state is None:
            self.workspace, self._saved = name, self.state()
            self.notify(f"saved as {name}, which is open now", markup=False)
            return
        self.save_workspace()
        self.workspace = name
        for pane in self.panes:
            await self._leave(pane)
        self._closed_panes = []
        self._saved = state
        self.grid.zoomed = state.zoomed
        front: Pane | None = None
        for saved in state.panes:
            new = self._new_name(saved.table)
            pane = _pane(msgspec.structs.replace(saved, name=new))
            await self._open(pane, Open(new, saved.table, saved.title, saved.listens), None)
            front = pane if saved.name == state.front else front
        self.go_to(front or self.grid.front)

    def state(self) -> WorkspaceState:
        """The workspace as it is now."""
        front = self.grid.front
        return WorkspaceState(
            tuple(self._state_of(pane) for pane in self.panes),
            front.session if front else "",
            self.grid.zoomed,
        )

    def save_workspace(self) -> None:
        """Write the workspace if it is another than on disk. A fault is told once."""
        state = self.state()
        if state == self._saved:
            return
        self._saved = state
        try:
            self.store.save(self.workspace, state)
        except BadWorkspace as error:
            self.notify(f"the workspace is not saved: {error}", severity="warning", markup=False)

    def _state_of(self, pane: Pane) -> PaneState:
        listens = pane.view.listening if pane.view else self._listens.get(pane.session, False)
        return PaneState(
            pane.session,
            pane.table,
            pane.title,
            pane.draft,
            tuple(pane.history[-KEPT_HISTORY:]),
            listens,
            pane.grouped,
        )

    def _new_name(self, table: SessionTable) -> str:
        """A name that no session has or had: `speak`, `speak-2`."""
        names = (f"{table.kind}{f'-{number}' if number > 1 else ''}" for number in itertools.count(1))
        name = next(name for name in names if name not in self._names)
        self._names.add(name)
        return name


def _pane(state: PaneState) -> Pane:
    pane = pane_for(state.name, state.table, state.title)
    pane.grouped = state.grouped
    pane.draft, pane.history = state.draft, list(state.history)
    return pane


def openings(state: WorkspaceState) -> Sequence[Open]:
    return [pane.opening() for pane in state.panes]
