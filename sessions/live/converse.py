"""A conversation by text and voice, with barge-in."""

import itertools
from contextlib import suppress

import msgspec

from sessions.audio.manager import AudioManager
from sessions.commands import (
    AddContext,
    AnswerToolCall,
    CancelAnswer,
    Command,
    Finalize,
    Forget,
    ImpossibleCommand,
    SendText,
    SetInstructions,
    Truncate,
)
from sessions.config import SessionTable
from sessions.events import (
    AnswerDone,
    Audio,
    AudioEnd,
    Closed,
    Event,
    Failed,
    Interrupted,
    Ready,
    SpeechStarted,
)
from sessions.live.actions import Action, AnswerCall, Inform, Instruct, Resend, Say
from sessions.live.base import LiveSession
from sessions.openings import Opening
from sessions.providers.catalogue import Offer
from sessions.state.conversation import Conversation
from sessions.state.log import Entry
from sessions.state.snapshot import SessionView
from sessions.transport import Transport


class ConverseSession(LiveSession):
    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, table, offer, model, audio)
        self._conversation = Conversation(self.log)
        self._names = itertools.count(1)
        self._instructions: str | None = None
        """Those that were given since it was opened, if any."""

    async def run(self, transport: Transport, opening: Opening) -> None:
        self._instructions = None
        await super().run(transport, opening)

    async def do(self, action: Action) -> str:
        match action:
            case Say(text=text):
                self._say(text)
            case Resend(text=text):
                return self._resend(text)
            case AnswerCall():
                self._answer_call(action)
            case Instruct(text=text):
                self._send_now(SetInstructions(text))
                self._instructions = text
                self.table = msgspec.structs.replace(self.table, instructions=text)
                return "the new instructions hold from the next answer on"
            case Inform(text=text):
                self._send_now(AddContext(text))
                self._conversation.note(f"told in the background: {text}")
            case _:
                return await super().do(action)
        return ""

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
            case Ready() if self._instructions is not None:
                self.send(SetInstructions(self._instructions))
            case _:
                pass
        self._conversation.apply(event)

    def view(self) -> SessionView:
        sounding = self.mixer.sounding(self.name)
        return msgspec.structs.replace(
            self.base_view(),
            live=self._conversation.live,
            answering=self._conversation.answering or bool(sounding),
            calls=self._conversation.calls,
        )

    def listen(self, *, on: bool) -> None:
        """What was said before the microphone was taken away is a turn, where the provider finds none."""
        super().listen(on=on)
        if not on:
            self.talk_ended()

    def talk_ended(self) -> None:
        if self.phase == "ready":
            with suppress(ImpossibleCommand):  # most find the end of a turn by themselves
                self.send(Finalize())

    def stop(self) -> None:
        self._barge_in()
        self._conversation.stop_calls()
        if self.phase == "ready":
            self.send(CancelAnswer())

    def entries(self) -> list[Entry]:
        return [*self.log, *self._conversation.live]

    def _say(self, text: str) -> None:
        item = f"voxdeck-{next(self._names)}"
        self._barge_in()
        self.send(SendText(item, text))
        self._conversation.say(item, text)

    def _resend(self, text: str) -> str:
        latest = self._conversation.latest
        if not latest:
            raise ImpossibleCommand("there is no turn of yours that could be taken back")
        self._barge_in()
        said = ""
        try:
            self._send_now(Forget(latest))
            self._conversation.take_back()
        except ImpossibleCommand as error:
            said = f"{error}: sent as a new turn"
        self._say(text)
        return said

    def _answer_call(self, action: AnswerCall) -> None:
        if not self._conversation.waits(action.call):
            raise ImpossibleCommand("the model does not wait for that any more")
        self._send_now(AnswerToolCall(action.call, action.output, action.failed))
        self._conversation.answered(action.call, action.output, failed=action.failed)

    def _send_now(self, command: Command) -> None:
        """Send what makes no sense in a connection that is yet to come."""
        if self.phase != "ready":
            raise ImpossibleCommand("the session is not open")
        self.send(command)

    def _barge_in(self) -> None:
        """Silence the answer and tell the provider how much of it was heard."""
        for item in self.mixer.sounding(self.name):
            heard = self.mixer.stop(item)
            self._conversation.stopped(item, heard)
            with suppress(ImpossibleCommand):  # the session may have ended meanwhile
                self.send(Truncate(item, heard))
        self.mixer.pause(self.name, paused=False)
