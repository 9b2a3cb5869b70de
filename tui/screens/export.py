"""Which kind of file a pane's text is to be written to."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessions.state.export import FORMATS


class ExportScreen(ModalScreen[str | None]):
    """Gives the chosen ending; nothing after Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Cancel")]

    def __init__(self, endings: Sequence[str]) -> None:
        super().__init__()
        self._endings = endings

    def compose(self) -> ComposeResult:
        options = (Option(f"{ending.upper():<5}{FORMATS[ending]}", id=ending) for ending in self._endings)
        choice = OptionList(*options)
        choice.border_title = "Export as"
        choice.border_subtitle = "Enter chooses · Esc cancels"
        yield choice

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)
