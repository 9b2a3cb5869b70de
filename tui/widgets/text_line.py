"""An input line into which anything may be pasted."""

from textual.events import Paste
from textual.widgets import Input

from sessions.text import plain


class TextLine(Input):
    def _on_paste(self, event: Paste) -> None:
        """Several lines become one, where Textual's own input drops all but the first, and none acts."""
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(plain(" ".join(event.text.split())))
