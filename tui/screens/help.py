"""The help: every action with its keys, and the guide that also answers in the Converse pane. What is typed
narrows it down.
"""

from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sessions.guide import sections
from tui.actions.registry import DeckAction
from tui.keymap import SUBJECTS
from tui.widgets.text_line import TextLine

_KEYS = 12
"""Cells of the column of keys."""
_ALWAYS = (
    ("Enter", "Send or speak what is written"),
    ("Ctrl+J", "Begin a new line, in a prompt"),
    ("Up, Down", "Earlier texts, in a prompt"),
    ("Shift+Tab", "Go to the pane before"),
    ("Ctrl+P", "Every action by its name"),
    ("Ctrl+C", "Copy what is selected"),
    ("", "In brackets: an action's id, by which [keys] in the configuration gives it other keys"),
)


def help_text(names_of: Callable[[str], str], wanted: str = "", width: int = 90) -> Text:
    """Return what has every word of `wanted` in it, for `width` cells. `names_of` tells an action's keys."""
    words = wanted.lower().split()

    def has(*texts: str) -> bool:
        return all(any(word in text.lower() for text in texts) for word in words)

    text = Text()
    for title, rows in (("Always", _ALWAYS), *_subjects(names_of)):
        found = [(keys, what) for keys, what in rows if has(title, keys, what)]
        if found:
            text.append(f"{title}\n", "bold underline")
        for keys, what in found:
            text.append(f"{keys.ljust(_KEYS)} ", "bold")
            text.append(f"\n{' ' * (_KEYS + 1)}".join(wrap(what, max(10, width - _KEYS - 1))) + "\n")
        if found:
            text.append("\n")
    for section in sections():
        if has(section.title, section.text):
            text.append(f"{section.title}\n", "bold underline")
            text.append(f"{section.text}\n\n")
    text.rstrip()
    return text or Text("nothing here has these words")


def _subjects(names_of: Callable[[str], str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for title, actions in SUBJECTS:
        yield title, [(names_of(action.id) or "Ctrl+P", _told(action)) for action in actions]


def _told(action: DeckAction) -> str:
    known = action.label.lower() in action.help.lower()
    return f"{action.help if known else f'{action.label}: {action.help}'} [{action.id}]"


class HelpScreen(ModalScreen[None]):
    """One text in one widget: Textual's Markdown takes half a second for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,f1", "dismiss", "Close"),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, names_of: Callable[[str], str]) -> None:
        super().__init__()
        self._names_of = names_of

    def compose(self) -> ComposeResult:
        with Vertical(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "type to search · ↑ ↓ PgUp PgDn scroll · Esc closes"
            yield TextLine(placeholder="search", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(markup=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def _show(self) -> None:
        wanted, width = self.query_one(Input).value, self.query_one(Static).size.width
        self.query_one(Static).update(help_text(self._names_of, wanted, width))

    def action_move(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
