"""The pane of a live transcription."""

from sessions.state.snapshot import DeckView, SessionView
from tui.panes.pane import Pane


class TranscribePane(Pane):
    TITLE = "Transcribe"
    EMPTY = "What is said appears here: first as interim text, then settled."

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        return "listening" if view.listening else "not listening (Ctrl+L listens)"

    def remark(self, view: SessionView, deck: DeckView) -> str:
        if not view.listening:
            return ""
        return f"hears: {deck.microphone.source}"
