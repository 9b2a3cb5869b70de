"""A text-to-speech session: an utterance for each text, played as it comes."""

import io
import time
import wave
from dataclasses import dataclass, field

import msgspec

from sessions.audio.manager import AudioManager
from sessions.audio.pcm import BYTES_PER_SAMPLE
from sessions.commands import Clear, ImpossibleCommand, Speak
from sessions.config import SessionTable
from sessions.events import Audio, AudioEnd, Closed, Event, Failed
from sessions.live.actions import Action, Drop, Replay, Save, Say
from sessions.live.base import LiveSession
from sessions.providers.catalogue import Offer
from sessions.state.snapshot import SessionView
from sessions.state.speech import SpeechList

KEPT_AUDIO = 64 * 1024 * 1024
"""Bytes of speech kept for replay and saving (about 20 minutes); the oldest goes first."""


@dataclass
class _Sound:
    """What has come of an utterance, as in `Audio`."""

    rate: int
    pcm: bytearray = field(default_factory=bytearray)


class SpeakSession(LiveSession):
    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, table, offer, model, audio)
        self._list = SpeechList()
        self._kept: dict[str, _Sound] = {}
        self._count = 0

    async def do(self, action: Action) -> str:
        match action:
            case Say(text=text):
                self._say(text)
            case Replay(utterance=name):
                self._replay(name)
            case Drop(utterance=name):
                return self._drop(name)
            case _:
                return await super().do(action)
        return ""

    def apply(self, event: Event, t: float) -> None:
        self._list.apply(event, t)
        match event:
            case Audio(utterance=name, pcm=pcm, rate=rate):
                self._keep(name, pcm, rate)
                if self._list.is_wanted(name):
                    self.mixer.add(name, self.name, pcm, rate)
            case AudioEnd(utterance=name):
                self.mixer.end(name)
            case Closed() | Failed():
                for name in self.mixer.sounding(self.name):
                    self.mixer.end(name)
            case _:
                pass

    def view(self) -> SessionView:
        speech = self._list.view(self.mixer.progress(self.name), connected=self.phase == "ready")
        return msgspec.structs.replace(self.base_view(), speech=speech, latencies=self._list.latencies)

    def stop(self) -> None:
        playing = self.mixer.sounding(self.name)
        for name in playing:
            self.mixer.stop(name)
        self._list.clear(set(playing))
        self.mixer.pause(self.name, paused=False)
        self._waiting.clear()
        if self.phase == "ready":
            self.send(Clear())

    def to_save(self, wanted: Save) -> tuple[str, bytes, str]:
        name, sound = self._sound(wanted.utterance)
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(BYTES_PER_SAMPLE)
            file.setframerate(sound.rate)
            file.writeframes(bytes(sound.pcm))
        remark = "" if self._list.is_over(name) else "what has come so far "
        return "wav", out.getvalue(), remark

    def _say(self, text: str) -> None:
        self._count += 1
        name = f"{self.name}-{self._count}"
        self.send(Speak(name, text))
        self._list.ask(name, text, time.monotonic(), len(self.log))
        # New text is meant to be heard, even where the one before it was paused.
        self.mixer.pause(self.name, paused=False)

    def _replay(self, name: str) -> None:
        name, sound = self._sound(name)
        self.mixer.stop(name)
        self.mixer.forget(name)
        self.mixer.add(name, self.name, bytes(sound.pcm), sound.rate)
        if self._list.again(name):
            self.mixer.end(name)
        self.mixer.pause(self.name, paused=False)

    def _drop(self, name: str) -> str:
        """No codec can take back a single text: what was sent is still made, and not heard."""
        unsent = [
            command for command in self._waiting if isinstance(command, Speak) and command.utterance == name
        ]
        sounding = name in self.mixer.sounding(self.name)
        if not unsent and not sounding and self._list.is_over(name):
            raise ImpossibleCommand("it is no longer in the queue")
        self._waiting = [command for command in self._waiting if command not in unsent]
        self.mixer.stop(name)
        self._list.drop(name)
        return "" if unsent else "it will not be heard, but the provider has it already"

    def _sound(self, name: str) -> tuple[str, _Sound]:
        """Return name and sound of an utterance, or of the latest. Raises ImpossibleCommand."""
        name = name or self._list.latest or ""
        if sound := self._kept.get(name):
            return name, sound
        if self._list.is_heard(name):
            raise ImpossibleCommand("its sound is no longer kept: send the text again")
        raise ImpossibleCommand("nothing has been spoken yet")

    def _keep(self, name: str, pcm: bytes, rate: int) -> None:
        self._kept.setdefault(name, _Sound(rate)).pcm.extend(pcm)
        total = sum(len(each.pcm) for each in self._kept.values())
        for old in list(self._kept):
            if total <= KEPT_AUDIO or old == name:
                break
            total -= len(self._kept.pop(old).pcm)
