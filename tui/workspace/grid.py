"""The panes in their places."""

from textual.containers import VerticalScroll
from textual.events import Resize

from tui.panes.pane import Pane
from tui.widgets.removing import remove
from tui.workspace.layout import LEAST_HEIGHT, Arrangement, arrange


class PaneGrid(VerticalScroll):
    """Panes in rows that arrange themselves by number and room; the order is the children's."""

    can_focus = False

    def __init__(self, panes: list[Pane]) -> None:
        super().__init__(*panes, id="panes")
        self.zoomed = False
        """The pane in front has all the room."""
        self._front: Pane | None = panes[0] if panes else None
        self.arrangement = Arrangement(())

    @property
    def panes(self) -> list[Pane]:
        return [child for child in self.children if isinstance(child, Pane)]

    @property
    def front(self) -> Pane | None:
        """The pane that has, or had last, the focus."""
        return self._front if self._front in self.panes else next(iter(self.panes), None)

    @front.setter
    def front(self, pane: Pane | None) -> None:
        if pane is not self._front:
            self._front = pane
            if self.alone:
                self.rearrange()

    @property
    def alone(self) -> bool:
        """Only the pane in front is in sight."""
        return self.zoomed or self.arrangement.single

    async def put(self, pane: Pane, after: Pane | None = None) -> None:
        """Add a pane, behind another or at the end."""
        await self.mount(pane, after=after if after in self.panes else None)
        self._front = pane
        self.rearrange()

    async def take(self, pane: Pane) -> None:
        """Take a pane away; the one beside it comes to the front."""
        panes = self.panes
        at = panes.index(pane)
        beside = [*panes[at + 1 :], *reversed(panes[:at])]
        await remove(pane)
        self._front = beside[0] if beside else None
        self.rearrange()

    def move(self, pane: Pane, step: int) -> None:
        """Move a pane a place on (1) or back (-1), round the ends."""
        panes = self.panes
        if len(panes) < 2:
            return
        at = panes.index(pane)
        to = (at + step) % len(panes)
        if to > at:
            self.move_child(pane, after=panes[to])
        else:
            self.move_child(pane, before=panes[to])
        self.rearrange()

    def on_resize(self, event: Resize) -> None:
        self.rearrange()

    def rearrange(self) -> None:
        """Give every pane its place, anew."""
        panes = self.panes
        for number, pane in enumerate(panes, 1):
            pane.number = number
        if not panes or not self.size.width:
            return
        self.arrangement = arrange(len(panes), self.size.width, self.size.height)
        alone = self.alone
        self.set_class(alone and len(panes) > 1, "-alone")
        spans = self.arrangement.spans()
        self.styles.grid_size_columns = 1 if alone else self.arrangement.columns
        self.styles.grid_rows = "1fr" if alone or self.arrangement.fits else str(LEAST_HEIGHT)
        for pane, span in zip(panes, spans, strict=True):
            pane.display = not alone or pane is self.front
            pane.styles.column_span = 1 if alone else span
