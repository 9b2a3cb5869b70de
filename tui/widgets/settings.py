"""Settings of one line each: changed by the left and right keys or by a click, and at once."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from tui.wish import Wish

T = TypeVar("T")

_LABEL = 15
"""Cells of the label, with the mark of the focus before it."""


class Setting(Widget, Generic[T], can_focus=True):
    """A label and a value. `show` tells the value that holds; `Changed` what the user wants instead."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"setting--label", "setting--value", "setting--other"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Before", show=False),
        Binding("right,space", "step(1)", "Next", show=False),
        Binding("up", "app.focus_previous", "Up", show=False),
        Binding("down", "app.focus_next", "Down", show=False),
    ]

    class Changed(Message):
        def __init__(self, setting: "Setting[Any]", value: Any) -> None:
            super().__init__()
            self.setting, self.value = setting, value

        @property
        def control(self) -> "Setting[Any]":
            return self.setting

    def __init__(self, label: str, value: T, name: str) -> None:
        super().__init__(id=name)
        self._label, self._value = label, value
        self._wish: Wish[T] = Wish()

    @property
    def value(self) -> T:
        return self._value

    def show(self, value: T) -> None:
        value = self._wish.or_shown(value)
        if value != self._value:
            self._value = value
            self.refresh()

    def action_step(self, direction: int) -> None:
        self.want(self.beside(direction))

    def want(self, value: T) -> None:
        if value != self._value:
            self._wish.make(value)
            self.show(value)
            self.post_message(self.Changed(self, value))

    def beside(self, direction: int) -> T:
        """The value before or after the one that holds."""
        raise NotImplementedError

    def parts(self) -> list[tuple[str, T, bool]]:
        """The words to draw, each with the value that a click on it sets, and whether that holds."""
        raise NotImplementedError

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        mark = "▸ " if self.has_focus else "  "
        text.append(f"{mark}{self._label}".ljust(_LABEL), self.get_component_rich_style("setting--label"))
        for words, _, holds in self.parts():
            style = self.get_component_rich_style(f"setting--{'value' if holds else 'other'}")
            text.append(words, style)
        return text

    def on_click(self, event: Click) -> None:
        at = event.x - _LABEL
        for words, value, _ in self.parts():
            if 0 <= at < len(words):
                self.want(value)
            at -= len(words)


class Pick(Setting[str]):
    """One of a few words, all of which are seen."""

    def __init__(self, label: str, values: Sequence[str], value: str, name: str) -> None:
        super().__init__(label, value, name)
        self._values = tuple(values)

    def beside(self, direction: int) -> str:
        at = self._values.index(self._value) + direction
        return self._values[max(0, min(len(self._values) - 1, at))]

    def parts(self) -> list[tuple[str, str, bool]]:
        return [(f" {value} ", value, value == self._value) for value in self._values]


class Dial(Setting[float]):
    """A number from `low` to `high`, by tenths."""

    def __init__(
        self, label: str, low: float, high: float, value: float, words: Callable[[float], str], name: str
    ) -> None:
        super().__init__(label, value, name)
        self._low, self._high, self._words = low, high, words

    def beside(self, direction: int) -> float:
        return max(self._low, min(self._high, round(self._value + direction / 10, 2)))

    def parts(self) -> list[tuple[str, float, bool]]:
        value = f" {self._words(self._value)} "
        return [(" ◂ ", self.beside(-1), False), (value, self._value, True), (" ▸ ", self.beside(1), False)]
