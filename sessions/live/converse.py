"""A conversation by text and voice, with barge-in."""

import itertools
import time
from contextlib import suppress

import msgspec

from sessions.audio.manager import AudioManager
from sessions.commands import CancelAnswer, ImpossibleCommand, SendText, Truncate
from sessions.events import (
    AnswerDone,
    Audio,
    AudioEnd,
    Closed,
    Event,
    Failed,
    Interrupted,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
)
from sessions.live.actions import Action, Say
from sessions.live.base import LiveSession, log_as_text
from sessions.providers.catalogue import Offer
from sessions.state.conversation import Conversation
from sessions.state.log import Entry
from sessions.state.snapshot import SessionView


class ConverseSession(LiveSession):
    def __init__(self, name: str, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, offer, model, audio)
        self._conversation = Conversation(self.log)
        self._names = itertools.count(1)

    async def do(self, action: Action) -> str:
        if isinstance(action, Say):
            self._say(action.text)
            return ""
        return await super().do(action)

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Audio(utterance=item, pcm=pcm, rate=rate):
                self.mixer.add(item, self.name, pcm, rate)
            case AudioEnd(utterance=item):
                self.mixer.end(item)
            case AnswerDone() | Closed() | Failed():
                for item in self.mixer.sounding(self.name):
                    self.mixer.end(item)
            case SpeechStarted() | Interrupted():
                self._barge_in()
            case ToolCall(name=name, arguments=arguments):
                self.log.append(Entry("note", f"the model asks for {name}({arguments})"))
            case SpeechStopped():
                self._conversation.asked(t)
            case _:
                pass
        self._conversation.apply(event, t)

    def view(self) -> SessionView:
        sounding = self.mixer.sounding(self.name)
        return msgspec.structs.replace(
            self.base_view(),
            live=self._conversation.live,
            answering=self._conversation.answering or bool(sounding),
            answer_after=self._conversation.answer_after,
        )

    def stop(self) -> None:
        self._barge_in()
        if self.phase == "ready":
            self.send(CancelAnswer())

    def to_save(self) -> tuple[str, bytes, str]:
        return "txt", log_as_text([*self.log, *self._conversation.live]), ""

    def _say(self, text: str) -> None:
        item = f"voxdeck-{next(self._names)}"
        self._barge_in()
        self.send(SendText(item, text))
        self._conversation.say(item, text, time.monotonic())

    def _barge_in(self) -> None:
        """Silence the answer and tell the provider how much of it was heard."""
        for item in self.mixer.sounding(self.name):
            heard = self.mixer.stop(item)
            self._conversation.stopped(item, heard)
            with suppress(ImpossibleCommand):  # the session may have ended meanwhile
                self.send(Truncate(item, heard))
        self.mixer.pause(self.name, paused=False)
