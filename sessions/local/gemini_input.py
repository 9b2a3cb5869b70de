"""What the user says to Gemini Live: audio with automatic or manual detection of activity, typed text."""

from collections.abc import Awaitable
from typing import Any, Literal, Protocol

from sessions.local.audio_queue import AudioQueue
from sessions.local.endpointing import RATE
from sessions.local.engines import Engines
from sessions.local.gemini_messages import RealtimeInput, RealtimeInputConfig, audio_rate, decoded, invalid
from sessions.local.listener import Heard, Listener, SpeechStarted, SpeechStopped
from sessions.local.openai_input import Utterance
from sessions.local.wire_audio import AudioFormat, Decoder

_THRESHOLDS = {"START_SENSITIVITY_LOW": 0.7}
_SILENCES = {"END_SENSITIVITY_LOW": 0.8}
_THRESHOLD = 0.5
_SILENCE = 0.5
_PADDING = 0.3
"""Google names no figures for its sensitivities: probabilities of speech, and seconds."""

Mark = Literal["activity_start", "activity_end", "audio_stream_end"]


class Owner(Protocol):
    """The session that the input belongs to."""

    async def send(self, **fields: Any) -> None: ...

    async def activity_began(self) -> None: ...

    def said(self, text: str, seconds: float) -> Awaitable[None]: ...


class UserInput:
    """Everything is dealt with in the order it came; times are seconds of all audio that was sent."""

    def __init__(self, owner: Owner, engines: Engines, config: RealtimeInputConfig, *, told: bool) -> None:
        """`told`: whether the client wants to read what was heard."""
        self._owner = owner
        self._engines = engines
        self._told = told
        detection = config.automatic_activity_detection
        self._manual = detection.disabled
        self._settings: dict[str, Any] = {"silence": None}
        if not self._manual:
            silence, padding = detection.silence_duration_ms, detection.prefix_padding_ms
            self._settings = {
                "threshold": _THRESHOLDS.get(detection.start_of_speech_sensitivity, _THRESHOLD),
                "silence": _SILENCES.get(detection.end_of_speech_sensitivity, _SILENCE)
                if silence is None
                else silence / 1000,
                "padding": _PADDING if padding is None else padding / 1000,
            }
        self._queue: AudioQueue[Mark | tuple[str]] = AudioQueue()
        self._rate = 0
        self._position = 0
        self._listener = self._new_listener()
        self._utterance = Utterance()
        self._typed: list[str] = []
        self._active = False

    async def take(self, message: RealtimeInput) -> None:
        """Raise `SessionEnded` where the message does not fit the session."""
        marks: dict[Mark, bool] = {
            "activity_start": message.activity_start is not None,
            "activity_end": message.activity_end is not None,
            "audio_stream_end": message.audio_stream_end,
        }
        for mark, present in marks.items():
            if present and (mark == "audio_stream_end") == self._manual:
                state = "disabled" if self._manual else "enabled"
                raise invalid(f"{mark} is not supported while automatic activity detection is {state}.")
        if message.audio is not None:
            rate = audio_rate(message.audio)
            if rate != self._rate:
                self._rate = rate
                self._decoder = Decoder(AudioFormat("linear16", rate), RATE)
            await self._queue.put_audio(self._decoder.push(decoded(message.audio)))
        if message.text is not None:
            self._queue.put_command((message.text,))
        for mark, present in marks.items():
            if present:
                self._queue.put_command(mark)

    async def run(self) -> None:
        while True:
            samples, command = await self._queue.get()
            if samples is not None:
                if self._active or not self._manual:
                    async for heard in self._listener.hear(samples, interims=self._told):
                        await self._tell(heard)
                self._position += len(samples)
            elif isinstance(command, tuple):
                await self._take_text(command[0])
            elif command is not None:
                await self._obey(command)

    def _new_listener(self) -> Listener:
        engines = self._engines
        return Listener(
            engines.detectors, engines.recogniser, self._queue.backlog, start=self._position, **self._settings
        )

    async def _take_text(self, text: str) -> None:
        if self._active:
            self._typed.append(text)
        else:
            await self._owner.activity_began()
            await self._owner.said(text, 0.0)

    async def _obey(self, mark: Mark) -> None:
        if mark == "activity_start":
            self._listener = self._new_listener()
            self._utterance = Utterance()
            self._utterance.began = self._position / RATE
            self._active = True
            await self._owner.activity_began()
            return
        async for heard in self._listener.finish():
            await self._tell(heard)
        if mark == "activity_end" and self._active:
            self._active = False
            text = " ".join(filter(None, [self._utterance.text, *self._typed]))
            self._typed.clear()
            await self._owner.said(text, self._position / RATE - self._utterance.began)

    async def _tell(self, heard: Heard) -> None:
        if isinstance(heard, SpeechStarted):
            if not self._manual:
                self._utterance = Utterance()
                self._utterance.began = heard.at
                await self._voice_activity("ACTIVITY_START", heard.at)
                await self._owner.activity_began()
        elif isinstance(heard, SpeechStopped):
            if not self._manual:
                await self._voice_activity("ACTIVITY_END", heard.at)
        else:
            delta = self._utterance.add(heard.text, final=heard.final)
            if delta and self._told:
                await self._owner.send(serverContent={"inputTranscription": {"text": delta}})
            # Noise that turned out to have no words is nothing to answer.
            if heard.final and heard.endpoint and not self._manual and self._utterance.text:
                await self._owner.said(self._utterance.text, heard.until - self._utterance.began)

    async def _voice_activity(self, kind: str, at: float) -> None:
        await self._owner.send(voiceActivity={"type": kind, "audioOffset": f"{at:.3f}s"})
