"""The pane of a text-to-speech session."""

from textual.widget import Widget

from sessions.live.actions import Drop, Replay, Save
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, SessionView, Speech
from tui.panes.pane import Pane, deck_of
from tui.panes.sound import speaking_remarks
from tui.widgets.playback import Playback
from tui.widgets.utterances import Utterances


class SpeakPane(Pane):
    TITLE = "Speak"
    EMPTY = (
        "What you type is spoken. {replay} speaks it again, {save} saves it as WAV, "
        "{choose_text} goes to the list of all that was said."
    )
    PLACEHOLDER = "Type a sentence and press Enter to hear it"

    def make_log(self) -> Widget:
        return Utterances(self.invitation)

    @property
    def utterances(self) -> Utterances:
        return self.query_one(Utterances)

    def status(self) -> list[Widget]:
        return [Playback()]

    def show(self, view: SessionView, deck: DeckView) -> None:
        super().show(view, deck)
        self.query_one(Playback).show(view.speech)

    def show_log(self, view: SessionView, fault: tuple[Entry, ...]) -> None:
        self.utterances.show(view.log, view.speech, fault)

    def state(self, view: SessionView) -> str:
        if view.phase == "ready" and any(speech.phase == "playing" for speech in view.speech):
            return "speaking"
        if view.phase == "ready" and view.paused:
            return "paused"
        return view.phase

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        return speaking_remarks(view, deck, deck_of(self).name_of)

    def text(self) -> str:
        """The text that is chosen, or else all."""
        if self.view is None:
            return ""
        chosen = [speech.text for speech in self.view.speech if speech.name == self.utterances.chosen]
        return "\n".join(chosen or [speech.text for speech in self.view.speech])

    # Each concerns the utterance that is chosen, or else the latest

    async def action_replay(self) -> None:
        await self.do(Replay(self.utterances.chosen))

    async def action_save(self) -> None:
        await self.do(Save(deck_of(self).save_into, self.utterances.chosen))

    async def action_drop(self) -> None:
        if speech := self._chosen():
            await self.do(Drop(speech.name))

    async def action_edit_text(self) -> None:
        """Take a text back into the prompt, and out of the queue where it still waits there."""
        speech = self._chosen()
        if speech is None or self.prompt is None:
            return
        if speech.phase in ("queued", "synthesising"):
            await self.do(Drop(speech.name))
        self.prompt.take_up(speech.text)
        self.prompt.focus()

    def action_choose_text(self) -> None:
        """Go to the list, or from there back to the prompt."""
        (self.entry_point if self.utterances.has_focus else self.utterances).focus()

    async def action_find(self) -> None:
        from tui.widgets.find_bar import open_find  # noqa: PLC0415 - when first wanted

        await open_find(self, self.utterances)

    def action_scroll_log(self, direction: int) -> None:
        log = self.utterances
        (log.scroll_page_up if direction < 0 else log.scroll_page_down)(animate=False)

    def _chosen(self) -> Speech | None:
        if self.view is None or not self.view.speech:
            self.say_to_user("nothing has been spoken yet", warning=True)
            return None
        named = [speech for speech in self.view.speech if speech.name == self.utterances.chosen]
        return next(iter(named), self.view.speech[-1])
