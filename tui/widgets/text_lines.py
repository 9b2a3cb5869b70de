"""Several lines of input into which anything may be pasted."""

from textual.events import Paste
from textual.widgets import TextArea

from sessions.text import plain


class TextLines(TextArea):
    """The cursor stands still: one that blinks would send something to the terminal twice a second."""

    def __init__(self, text: str = "", *, placeholder: str = "") -> None:
        super().__init__(plain(text), compact=True, highlight_cursor_line=False, placeholder=placeholder)
        self.set_reactive(TextArea.cursor_blink, False)

    async def _on_paste(self, event: Paste) -> None:
        """Lines stay lines, and nothing acts."""
        event.prevent_default()
        event.stop()
        text = plain(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        self.replace(text, *self.selection, maintain_selection_offset=False)
