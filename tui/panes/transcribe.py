"""The pane of a live transcription."""

from textual.selection import SELECT_ALL

from sessions.state.snapshot import DeckView, SessionView
from tui.panes.exporting import ExportingPane
from tui.panes.sound import hearing_remarks
from tui.words import microphone_state


class TranscribePane(ExportingPane):
    TITLE = "Transcribe"
    EMPTY = "What is said appears here: first as interim text, then settled."
    ENDINGS = ("txt", "srt", "vtt", "json")

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        return microphone_state(view)

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        return hearing_remarks(view, deck)

    def text(self) -> str:
        """All that is drawn, with the speakers' names."""
        text, _ = self.log_view.get_selection(SELECT_ALL)
        return text

    def action_toggle_timestamps(self) -> None:
        self.log_view.timestamps = not self.log_view.timestamps

    def action_toggle_confidence(self) -> None:
        self.log_view.confidence = not self.log_view.confidence
        marked = "are underlined" if self.log_view.confidence else "look like all others"
        self.say_to_user(f"words that the provider is not sure of {marked}")
