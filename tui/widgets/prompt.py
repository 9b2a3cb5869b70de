"""The input of a pane: a line that grows to a few, with the texts sent before."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key, Paste
from textual.geometry import Size
from textual.message import Message
from textual.widgets import TextArea

from sessions.text import plain
from tui.widgets.text_lines import TextLines

HIGHEST = 6
"""Lines; beyond them it scrolls."""
KEPT = 100
"""Texts sent before that can be recalled."""
LONGEST = 20_000
"""Characters; wrapping more at every key would hold up the screen."""

_OF_THE_DECK = ("f6", "f7", "ctrl+w", "ctrl+y", "pageup", "pagedown", "shift+up", "shift+down")
"""Keys of a text area that are the deck's; left here, they would stand first in the footer."""

LINE_BREAK = "Ctrl+J: new line"
"""The one key for it that every terminal passes on; Shift+Enter needs the Kitty keyboard protocol."""


class Prompt(TextLines):
    """Enter sends what is written. At its first line Up recalls the text before, at its last Down the next.

    All that is changed here, sending too, can be undone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", show=False),
        Binding("ctrl+j,shift+enter,alt+enter", "break_line", "Line break", show=False),
        Binding("up", "up", "Up, or the text before", show=False),
        Binding("down", "down", "Down, or the next text", show=False),
    ]

    class Sent(Message):
        """The user has sent a text, which is in the prompt no more."""

        def __init__(self, prompt: "Prompt", text: str) -> None:
            super().__init__()
            self.prompt, self.text = prompt, text

        @property
        def control(self) -> "Prompt":
            return self.prompt

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self.set_reactive(TextArea.match_cursor_bracket, False)
        for key in _OF_THE_DECK:
            self._bindings.key_to_bindings.pop(key, None)
        self._inviting = Content(placeholder)
        self._earlier: list[str] = []
        self._at = 0
        self._draft = ""

    @property
    def earlier(self) -> list[str]:
        """The texts sent before, oldest first; at most KEPT."""
        return list(self._earlier)

    @earlier.setter
    def earlier(self, texts: list[str]) -> None:
        self._earlier = [plain(text) for text in texts[-KEPT:]]
        self._at = len(self._earlier)

    def remember(self, text: str) -> None:
        """Have the text among those that can be recalled."""
        same = self._earlier[-1:] == [text]
        self.earlier = self._earlier if same else [*self._earlier, text]

    def give_back(self, text: str) -> None:
        """Take back a text that could not be sent. Where something else is written by now, Up recalls it."""
        if not self.text:
            self._write(text)

    def take_up(self, text: str) -> None:
        """Have this text written. What was written before can be recalled."""
        if before := self.text.strip():
            self.remember(before)
        self._write(text)

    def load_text(self, text: str) -> None:
        """Replace all that is written, which then cannot be undone."""
        super().load_text(plain(text))
        self.move_cursor(self.document.end)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as its text, but at most a third of the pane."""
        return max(1, min(HIGHEST, container.height // 3, self.wrapped_document.height))

    def on_resize(self) -> None:
        whole = Content(f"{self._inviting} · {LINE_BREAK}")
        fits = whole.cell_length <= self.size.width
        self.placeholder = whole if fits else self._inviting.truncate(self.size.width, ellipsis=True)

    async def _on_key(self, event: Key) -> None:
        """Its keys are carried out at once: as bindings they would come after the characters behind them."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.prevent_default()
                event.stop()
                return
        await super()._on_key(event)

    async def _on_paste(self, event: Paste) -> None:
        if len(self.text) + len(plain(event.text)) > LONGEST:
            event.prevent_default()
            event.stop()
            told = f"too long to paste: a text has at most {LONGEST:,} characters"
            self.notify(told, severity="warning", markup=False)
        else:
            await super()._on_paste(event)

    def action_send(self) -> None:
        text = self.text.strip()
        if text:
            self.remember(text)
            self._draft = ""
            self._write("")
            self.post_message(self.Sent(self, text))

    def action_break_line(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def action_up(self) -> None:
        if not self.navigator.is_first_wrapped_line(self.cursor_location):
            self.action_cursor_up()
        else:
            self._recall(-1)

    def action_down(self) -> None:
        if not self.navigator.is_last_wrapped_line(self.cursor_location):
            self.action_cursor_down()
        else:
            self._recall(1)

    def _recall(self, step: int) -> None:
        at = max(0, min(len(self._earlier), self._at + step))
        if at == self._at:
            return
        if self._at == len(self._earlier):
            self._draft = self.text
        self._at = at
        self._write(self._earlier[at] if at < len(self._earlier) else self._draft)

    def _write(self, text: str) -> None:
        self.history.checkpoint()
        self.replace(plain(text), self.document.start, self.document.end, maintain_selection_offset=False)
        self.move_cursor(self.document.end)
