"""A live transcription."""

from contextlib import suppress

import msgspec

from sessions.audio.manager import AudioManager
from sessions.commands import Finalize, ImpossibleCommand
from sessions.config import SessionTable
from sessions.events import Event
from sessions.live.base import LiveSession
from sessions.providers.catalogue import Offer
from sessions.state.log import Entry
from sessions.state.snapshot import SessionView
from sessions.state.transcript import Transcript


class TranscribeSession(LiveSession):
    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, table, offer, model, audio)
        self._transcript = Transcript(self.log)

    def apply(self, event: Event, t: float) -> None:
        self._transcript.apply(event, t)

    def view(self) -> SessionView:
        return msgspec.structs.replace(self.base_view(), live=self._transcript.live)

    def listen(self, *, on: bool) -> None:
        """What was said before the microphone was taken away is settled, not left open."""
        super().listen(on=on)
        if not on:
            self.talk_ended()

    def talk_ended(self) -> None:
        if self.phase == "ready":
            with suppress(ImpossibleCommand):  # some settle by themselves only
                self.send(Finalize())

    def stop(self) -> None:
        self.listen(on=False)

    def entries(self) -> list[Entry]:
        return [*self.log, *self._transcript.live]
