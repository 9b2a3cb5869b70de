"""The pane of a conversation."""

from sessions.state.snapshot import DeckView, SessionView
from tui.panes.pane import Pane
from tui.panes.sound import hearing_remarks, speaking_remarks
from tui.words import microphone_state


class ConversePane(Pane):
    TITLE = "Converse"
    EMPTY = "Ask by text, or press Ctrl+L and speak. Esc stops an answer, and so does speaking."
    PLACEHOLDER = "Ask something, such as: which keys are there?"

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        if view.answering:
            return "paused" if view.paused else "answering"
        return microphone_state(view) if _listens(view) else "ready"

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        after = view.answer_after
        answered = [] if after is None else [f"answered after {after * 1000:.0f} ms"]
        microphone = [microphone_state(view)] if view.answering and _listens(view) else []
        return [*microphone, *answered, *speaking_remarks(view, deck), *hearing_remarks(view, deck)]


def _listens(view: SessionView) -> bool:
    return view.listening or view.microphone == "push-to-talk"
