"""The pane of a live transcription."""

from sessions.state.snapshot import DeckView, SessionView
from tui.panes.pane import Pane
from tui.panes.sound import hearing_remarks
from tui.words import microphone_state


class TranscribePane(Pane):
    TITLE = "Transcribe"
    EMPTY = "What is said appears here: first as interim text, then settled."

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        return microphone_state(view)

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        return hearing_remarks(view, deck)
