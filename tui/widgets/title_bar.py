"""The deck's top line: gateway, sessions, microphone."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from sessions.state.snapshot import DeckView
from sessions.text import one_line

_LEVELS = " ▁▂▃▄▅▆▇█"
_CELLS = 6


def meter(level: float) -> str:
    """A level of 0..1 as a row of cells; quiet speech is meant to be seen, so by its square root."""
    filled = level**0.5 * _CELLS
    return "".join(_LEVELS[max(0, min(8, round((filled - cell) * 8)))] for cell in range(_CELLS))


class _Line(Widget):
    """A widget that repaints only when its text is another: a meter must not cost a whole line."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def show(self, text: Text) -> None:
        if text != self._text or text.spans != self._text.spans:
            self._text = text
            self.refresh()

    def render(self) -> Text:
        return self._text


class TitleBar(Horizontal):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"title--name", "title--meter", "title--aside"}

    def compose(self) -> ComposeResult:
        yield _Line(Text(" Voxdeck  starting …", no_wrap=True))
        yield _Line(Text(""))

    def show(self, view: DeckView) -> None:
        title, microphone = self.query(_Line)
        title.show(self._title(view))
        microphone.show(self._microphone(view))

    def _title(self, view: DeckView) -> Text:
        style = self.get_component_rich_style("title--name")
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(" Voxdeck ", style)
        line.append(f" {one_line(view.gateway, 40)}{' is starting …' if view.starting else ''}")
        ready = sum(session.phase == "ready" for session in view.sessions)
        aside = self.get_component_rich_style("title--aside")
        if view.sessions:
            line.append(f" · {ready} of {len(view.sessions)} sessions open", aside)
        return line

    def _microphone(self, view: DeckView) -> Text:
        aside = self.get_component_rich_style("title--aside")
        if not any(session.listening for session in view.sessions):
            return Text("mic off", aside)
        text = Text(no_wrap=True)
        text.append("mic ", aside)
        text.append(meter(view.microphone.level), self.get_component_rich_style("title--meter"))
        return text
