"""What all panes have: a frame that tells provider, model and state, and a log."""

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, SessionView
from sessions.text import one_line
from tui.panes.sound import with_recording
from tui.widgets.line_log import LineLog
from tui.widgets.text_line import TextLine


class Prompt(TextLine):
    """A pane's input line, with the texts sent before under the up and down keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "Earlier text", show=False),
        Binding("down", "recall(1)", "Later text", show=False),
    ]

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, compact=True)
        self._sent: list[str] = []
        self._at = 0
        self._draft = ""

    async def _on_key(self, event: Key) -> None:
        """Enter is carried out at once, before the keys behind it; as a binding it would come after them."""
        if event.key == "enter":
            event.prevent_default()
            event.stop()
            await self.action_submit()
        else:
            await super()._on_key(event)

    def remember(self, text: str) -> None:
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._at = len(self._sent)

    def action_recall(self, step: int) -> None:
        if self._at == len(self._sent):
            self._draft = self.value
        self._at = max(0, min(len(self._sent), self._at + step))
        self.value = self._sent[self._at] if self._at < len(self._sent) else self._draft
        self.cursor_position = len(self.value)


class Pane(Vertical):
    """Shows one session. It reads views and posts `Said`; it never touches a session."""

    class Said(Message):
        """The user has entered a text for the pane's session."""

        def __init__(self, pane: "Pane", text: str) -> None:
            super().__init__()
            self.pane, self.text = pane, text

    TITLE = ""
    EMPTY = ""
    PLACEHOLDER = ""
    """Of the input line; a pane without one has none."""

    def __init__(self, session: str) -> None:
        super().__init__(id=session, classes="pane")
        self.session = session
        self.view: SessionView | None = None
        self.border_title = self.TITLE

    async def fill(self) -> None:
        """Mount what is inside the frame, which alone is painted first: a third of the start is saved."""
        log = LineLog(self.EMPTY)
        log.can_focus = not self.PLACEHOLDER
        prompt = [Prompt(self.PLACEHOLDER)] if self.PLACEHOLDER else []
        await self.mount_all([log, *self.status(), *prompt])

    def status(self) -> list[Widget]:
        """Return what stands between log and input line."""
        return []

    @property
    def log_view(self) -> LineLog:
        return self.query_one(LineLog)

    @property
    def entry_point(self) -> Widget:
        """What gets the focus; the frame itself while there is nothing in it."""
        return next(iter(self.query(Prompt if self.PLACEHOLDER else LineLog)), self)

    def show(self, view: SessionView, deck: DeckView) -> None:
        """Draw the session as it is now."""
        self.view = view
        self._set_frame(view, deck)
        fault = (Entry("fault", view.notice),) if view.notice else ()
        self.show_log(view, fault)
        self.set_class(view.phase == "failed", "failed")

    def show_log(self, view: SessionView, fault: tuple[Entry, ...]) -> None:
        self.log_view.show(view.log, view.live + fault)

    def state(self, view: SessionView) -> str:
        """The session's state in a word, for the frame."""
        return "ready" if view.phase == "ready" else view.phase

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        """What the user should know about the sound of this pane, the most urgent first."""
        return []

    def text(self) -> str:
        """The pane's text, for the clipboard."""
        if self.view is None:
            return ""
        entries = [*self.view.log, *self.view.live]
        return "\n".join(f"{entry.text} {entry.tail}".strip() for entry in entries)

    def give_back(self, text: str) -> None:
        """A text that could not be sent returns to the input line, unless something else is there by now."""
        prompt = self.query_one(Prompt)
        if not prompt.value:
            prompt.value = text
            prompt.cursor_position = len(text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            prompt = self.query_one(Prompt)
            prompt.remember(text)
            prompt.value = ""
            self.post_message(self.Said(self, text))

    def _set_frame(self, view: SessionView, deck: DeckView) -> None:
        model = view.model.rpartition("/")[2]
        title = f"{self.TITLE} · {one_line(view.provider, 30)} {one_line(model, 40)} · {self.state(view)}"
        remark = with_recording(view, self.remarks(view, deck), self.size.width - 4)
        for name, value in (("border_title", title), ("border_subtitle", remark)):
            text = Text(value)
            if getattr(self, f"_frame_{name}", None) != value:
                setattr(self, f"_frame_{name}", value)
                setattr(self, name, text)
