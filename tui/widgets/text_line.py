"""An input line into which anything may be pasted, or written from outside."""

from textual.events import Paste
from textual.widgets import Input

from sessions.text import plain


class TextLine(Input):
    def on_mount(self) -> None:
        # A cursor that blinks would send something to the terminal twice a second.
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Nothing in it acts."""
        return plain(value).replace("\n", " ")

    def _on_paste(self, event: Paste) -> None:
        """Several lines become one, where Textual's own input drops all but the first."""
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(plain(" ".join(event.text.split())))
