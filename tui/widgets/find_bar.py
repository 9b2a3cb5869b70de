"""The line under a log in which one types what is to be found there."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Click
from textual.widgets import Input, Static

from sessions.text import plain
from tui.widgets.line import Line
from tui.widgets.line_log import LineLog
from tui.widgets.removing import remove
from tui.widgets.text_line import TextLine
from tui.widgets.utterances import Utterances

if TYPE_CHECKING:
    from tui.panes.pane import Pane


class FindBar(Horizontal):
    """Finds while one types. Enter or Down goes on, Up or Shift+Enter back, Esc closes and stays there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "step(1)", "Next", show=False, priority=True),
        Binding("up,shift+enter", "step(-1)", "Previous", show=False, priority=True),
        Binding("escape", "close", "Close", show=False, priority=True),
    ]

    def __init__(self, pane: "Pane", log: LineLog | Utterances) -> None:
        super().__init__()
        self._pane, self._log = pane, log

    def compose(self) -> ComposeResult:
        yield Line("Find ")
        yield TextLine(placeholder="any case; Enter next, Up previous, Esc closes", compact=True)
        yield Line(name="found")
        yield Static("↑", id="previous", markup=False)
        yield Static("↓", id="next", markup=False)
        yield Static("✕", id="close", markup=False)

    def on_mount(self) -> None:
        self.watch(self._log, "found", self._tell, init=False)
        # The focus asks where the cursor is, for which Textual places all widgets; that the log is lower by
        # then, it does not notice.
        self.call_after_refresh(self._log.on_resize)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._log.find(plain(event.value))
        self._tell(self._log.found)

    async def on_click(self, event: Click) -> None:
        match event.widget.id if event.widget else None:
            case "previous":
                self.action_step(-1)
            case "next":
                self.action_step(1)
            case "close":
                await self.action_close()

    def action_step(self, step: int) -> None:
        self._log.find_next(step)

    async def action_close(self) -> None:
        self._log.find("")
        self.screen.set_focus(self._pane.entry_point, scroll_visible=False)
        await remove(self)

    def _tell(self, found: tuple[int, int]) -> None:
        current, total = found
        typed = self.query_one(Input).value
        told = f" {current:,} of {total:,} " if total else " not found " if typed else " "
        self.query_one("#found", Line).show((told, "aside" if total else "warning"), fit=True)


async def open_find(pane: "Pane", log: LineLog | Utterances) -> None:
    """Open the bar under the pane's log, or go to the one that is there."""
    bar = next(iter(pane.query(FindBar)), None)
    if bar is None:
        bar = FindBar(pane, log)
        await pane.mount(bar, after=log)
    # At once, not by a message: what is typed behind the key is to be found.
    pane.screen.set_focus(bar.query_one(Input), scroll_visible=False)
