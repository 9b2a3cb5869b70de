"""The help: every key, and the guide that also answers in the Converse pane."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Markdown

from sessions.guide import sections
from tui.actions import ACTIONS, key_name


def help_text() -> str:
    """Return the help as Markdown."""
    keys = [
        ("Enter", "Speak or send what was typed"),
        ("Up, Down", "Earlier texts, in an input line"),
        ("Ctrl+P", "Every action by name"),
        *((key_name(action.keys), action.help) for action in ACTIONS if action.keys),
    ]
    unkeyed = "\n".join(f"- {action.help}" for action in ACTIONS if not action.keys)
    rows = "\n".join(f"- **{key}**: {what}" for key, what in keys)
    guide = "\n\n".join(f"### {section.title}\n\n{section.text}" for section in sections())
    return f"## Keys\n\n{rows}\n\n## By name alone (Ctrl+P)\n\n{unkeyed}\n\n## Guide\n\n{guide}\n"


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("escape,f1,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Markdown(help_text())
