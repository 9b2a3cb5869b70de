"""The deck's bottom line: the keys that apply where the user is."""

from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual.binding import ActiveBinding
from textual.events import Click, MouseMove
from textual.screen import Screen
from textual.widget import Widget

from tui.actions import BY_ID
from tui.actions.registry import key_name

_GAP = "  "


class _Key(NamedTuple):
    """`shown` is the key as it is written on keyboards."""

    key: str
    shown: str
    label: str
    help: str = ""

    @property
    def cells(self) -> int:
        return cell_len(f"{self.shown} {self.label}")


_PALETTE = _Key("ctrl+p", "Ctrl+P", "Palette", "Every action by its name")


def _place(active: ActiveBinding) -> int:
    """The actions of a widget come first, then the deck's in their order."""
    action = BY_ID.get(active.binding.id or "")
    return action.footer if action else 0


class KeyLine(Widget):
    """Shows as many keys as have room in whole, and the palette's at the right; a click on one is as a press.

    Textual's own footer is a widget for each key, all of them made anew when the focus moves.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._show)

    def _show(self, screen: Screen[object]) -> None:
        if screen is not self.app.screen:  # all of them come back with it
            return
        keys: dict[str, _Key] = {}
        for _, binding, _, tooltip in sorted(screen.active_bindings.values(), key=_place):
            if binding.show:
                shown = binding.key_display or key_name(binding.key)
                key = _Key(binding.key, shown, binding.description, tooltip or binding.tooltip)
                keys.setdefault(binding.action, key)
        if (told := tuple(keys.values())) != self._keys:
            self._keys = told
            self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True)
        for x, key in self._in_sight():
            text.append(" " * (x - text.cell_len))
            text.append(key.shown, self.get_component_rich_style("keys--key"))
            text.append(f" {key.label}", self.get_component_rich_style("keys--label"))
        return text

    def on_click(self, event: Click) -> None:
        if key := self._at(event.x):
            self.app.simulate_key(key.key)

    def on_mouse_move(self, event: MouseMove) -> None:
        key = self._at(event.x)
        self.tooltip = Text(key.help) if key and key.help else None

    def _at(self, x: int) -> _Key | None:
        return next((key for begin, key in self._in_sight() if begin <= x < begin + key.cells), None)

    def _in_sight(self) -> list[tuple[int, _Key]]:
        """Each key that has room with the column where it begins."""
        found, x, end = [], 1, self.size.width - _PALETTE.cells - 1
        for key in self._keys:
            if x + key.cells + len(_GAP) > end:
                break
            found.append((x, key))
            x += key.cells + len(_GAP)
        return [*found, (max(1, end), _PALETTE)]
