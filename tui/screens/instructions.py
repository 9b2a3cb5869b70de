"""The system instructions of a conversation, to be read and changed."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.widgets.text_lines import TextLines


class InstructionsScreen(ModalScreen[str | None]):
    """Gives the instructions as they are to be, which may be empty; nothing after Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+s", "accept", "Apply"), ("escape", "dismiss", "Cancel")]

    def __init__(self, pane: str, instructions: str) -> None:
        super().__init__()
        self._pane, self._instructions = pane, instructions

    def compose(self) -> ComposeResult:
        with Vertical(id="instructions") as box:
            box.border_title = Content(f"System instructions · {self._pane}")
            box.border_subtitle = "Ctrl+S applies · Esc cancels"
            yield TextLines(self._instructions, placeholder="Such as: be brief")
            yield Static(
                "They hold from the next answer on where the provider can change them (OpenAI). "
                "Elsewhere the session begins anew with them, and the model forgets what was said.",
                markup=False,
            )

    def on_mount(self) -> None:
        editor = self.query_one(TextLines)
        editor.move_cursor(editor.document.end)

    def action_accept(self) -> None:
        self.dismiss(self.query_one(TextLines).text.strip())
