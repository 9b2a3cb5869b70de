"""A text-to-speech session: an utterance for each text, played as it comes."""

import io
import time
import wave

import msgspec

from sessions.audio.manager import AudioManager
from sessions.audio.pcm import BYTES_PER_SAMPLE
from sessions.commands import Clear, ImpossibleCommand, Speak
from sessions.events import Audio, AudioEnd, Closed, Event, Failed
from sessions.live.actions import Action, Replay, Say
from sessions.live.base import LiveSession
from sessions.providers.catalogue import Offer
from sessions.state.snapshot import SessionView
from sessions.state.speech import SpeechList

KEPT_AUDIO = 64 * 1024 * 1024
"""Bytes of speech kept for replay and saving (about 20 minutes); the oldest goes first."""


class SpeakSession(LiveSession):
    def __init__(self, name: str, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, offer, model, audio)
        self._list = SpeechList()
        self._kept: dict[str, bytearray] = {}
        self._rate = 0
        self._count = 0

    async def do(self, action: Action) -> str:
        match action:
            case Say(text=text):
                self._say(text)
            case Replay():
                self._replay()
            case _:
                return await super().do(action)
        return ""

    def apply(self, event: Event, t: float) -> None:
        self._list.apply(event, t)
        match event:
            case Audio(utterance=name, pcm=pcm, rate=rate):
                self._keep(name, pcm, rate)
                self.mixer.add(name, self.name, pcm, rate)
            case AudioEnd(utterance=name):
                self.mixer.end(name)
            case Closed() | Failed():
                for name in self.mixer.sounding(self.name):
                    self.mixer.end(name)
            case _:
                pass

    def view(self) -> SessionView:
        speech = self._list.view(self.mixer.progress(self.name))
        return msgspec.structs.replace(self.base_view(), speech=speech)

    def stop(self) -> None:
        playing = self.mixer.sounding(self.name)
        for name in playing:
            self.mixer.stop(name)
        self._list.clear(set(playing))
        self.mixer.pause(self.name, paused=False)
        self._waiting.clear()
        if self.phase == "ready":
            self.send(Clear())

    def to_save(self) -> tuple[str, bytes, str]:
        name = self._list.latest
        if name is None or name not in self._kept:
            raise ImpossibleCommand("nothing has been spoken yet")
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(BYTES_PER_SAMPLE)
            file.setframerate(self._rate)
            file.writeframes(bytes(self._kept[name]))
        remark = "" if self._list.is_over(name) else "what has come so far "
        return "wav", out.getvalue(), remark

    def _say(self, text: str) -> None:
        self._count += 1
        name = f"{self.name}-{self._count}"
        self.send(Speak(name, text))
        self._list.ask(name, text, time.monotonic())
        # New text is meant to be heard, even where the one before it was paused.
        self.mixer.pause(self.name, paused=False)

    def _replay(self) -> None:
        name = self._list.latest
        if name is None or name not in self._kept:
            raise ImpossibleCommand("nothing has been spoken yet")
        self.mixer.stop(name)
        self.mixer.forget(name)
        self.mixer.add(name, self.name, bytes(self._kept[name]), self._rate)
        if self._list.again(name):
            self.mixer.end(name)
        self.mixer.pause(self.name, paused=False)

    def _keep(self, name: str, pcm: bytes, rate: int) -> None:
        self._rate = rate
        self._kept.setdefault(name, bytearray()).extend(pcm)
        total = sum(len(each) for each in self._kept.values())
        for old in list(self._kept):
            if total <= KEPT_AUDIO or old == name:
                break
            total -= len(self._kept.pop(old))
