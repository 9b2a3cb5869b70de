"""The pane of a text-to-speech session."""

from textual.widget import Widget

from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, SessionView, Speech
from tui.panes.pane import Pane
from tui.panes.sound import speaking_remarks
from tui.widgets.playback import Playback

_ACTIVE = ("playing", "paused", "synthesising", "queued")


class SpeakPane(Pane):
    TITLE = "Speak"
    EMPTY = "What you type is spoken. Ctrl+R speaks it again, Ctrl+S saves it as WAV."
    PLACEHOLDER = "Type a sentence and press Enter to hear it"

    def status(self) -> list[Widget]:
        return [Playback()]

    def show(self, view: SessionView, deck: DeckView) -> None:
        super().show(view, deck)
        active = [speech for speech in view.speech if speech.phase in _ACTIVE]
        sounding = [speech for speech in active if speech.phase in ("playing", "paused")]
        latest = next(iter((*sounding, *active, *view.speech[-1:])), None)
        self.query_one(Playback).show(latest, max(0, len(active) - 1))

    def show_log(self, view: SessionView, fault: tuple[Entry, ...]) -> None:
        sounding = [n for n, speech in enumerate(view.speech) if speech.phase in ("playing", "paused")]
        entries = tuple(_entry(speech) for speech in view.speech)
        self.log_view.show(view.log, entries + fault, sounding[0] if sounding and not fault else None)

    def state(self, view: SessionView) -> str:
        if view.phase == "ready" and any(speech.phase == "playing" for speech in view.speech):
            return "speaking"
        if view.phase == "ready" and view.paused:
            return "paused"
        return view.phase

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        return speaking_remarks(view, deck)

    def text(self) -> str:
        return "\n".join(speech.text for speech in self.view.speech) if self.view else ""


def _entry(speech: Speech) -> Entry:
    remark = "" if speech.phase == "done" else speech.phase
    mark = None
    if speech.sentence:
        begin, end = speech.sentence
        mark = begin, begin + len(speech.text[begin:end].rstrip())
    return Entry("speech", speech.text, remark=remark, mark=mark)
