"""The pane of a conversation."""

from sessions.state.snapshot import DeckView, SessionView
from tui.panes.pane import Pane


class ConversePane(Pane):
    TITLE = "Converse"
    EMPTY = "Ask by text, or press Ctrl+L and speak. Esc stops an answer, and so does speaking."
    PLACEHOLDER = "Ask something, such as: which keys are there?"

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        if view.answering:
            return "paused" if view.paused else "answering"
        return "listening" if view.listening else "ready"

    def remark(self, view: SessionView, deck: DeckView) -> str:
        parts = []
        if view.listening:
            parts.append(f"hears: {deck.microphone.source}")
        if view.answer_after is not None:
            parts.append(f"answered after {view.answer_after * 1000:.0f} ms")
        return " · ".join(parts)
