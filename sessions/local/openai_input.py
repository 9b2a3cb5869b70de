"""The input audio buffer of an OpenAI Realtime session: turn detection, commits, transcription."""

import base64
import binascii
from typing import Any, Literal, Protocol

import numpy as np

from sessions.audio.pcm import Samples
from sessions.local.audio_queue import STEP, AudioQueue
from sessions.local.endpointing import RATE
from sessions.local.engines import Engines
from sessions.local.listener import Heard, Listener, SpeechStarted, SpeechStopped
from sessions.local.openai_config import BadEvent, audio_format
from sessions.local.openai_conversation import Conversation, Item, spoken_item
from sessions.local.wire_audio import Decoder

SHORTEST_COMMIT = 0.1
"""Seconds (OpenAI documentation)."""
_SEMANTIC_VAD = {"threshold": 0.5, "silence_duration_ms": 500, "prefix_padding_ms": 300}
"""Meaning is not looked at: semantic detection is a detection of silence."""

Action = Literal["commit", "clear"]


class Owner(Protocol):
    """The session that the buffer belongs to."""

    settings: dict[str, Any]
    conversation: Conversation

    async def send(self, kind: str, **fields: Any) -> None: ...

    async def send_error(self, error: BadEvent, event_id: Any) -> None: ...

    def speech_started(self) -> None: ...

    async def speech_committed(self) -> None: ...


class InputAudio:
    """Times that events carry are milliseconds of all audio that was ever appended."""

    def __init__(self, owner: Owner, engines: Engines) -> None:
        self._owner = owner
        self._engines = engines
        self._queue: AudioQueue[tuple[Action, Any]] = AudioQueue()
        self._wire_format = self._settings["format"]
        self._decoder = Decoder(audio_format(self._wire_format), RATE)
        self._position = 0
        self._detection: dict[str, Any] | None = None
        self._listener: Listener | None = None
        self._buffer: list[Samples] = []
        self._utterance = Utterance()

    async def append(self, audio: Any) -> None:
        """Take base64 audio; waits while far too much is waiting already. Raises `BadEvent`."""
        if self._settings["format"] != self._wire_format:
            self._wire_format = self._settings["format"]
            self._decoder = Decoder(audio_format(self._wire_format), RATE)
        try:
            payload = base64.b64decode(audio, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise BadEvent("invalid_value", "The audio is not base64.", "audio") from None
        await self._queue.put_audio(self._decoder.push(payload))

    def put(self, action: Action, event_id: Any) -> None:
        """Commit or clear, after the audio that was appended before."""
        self._queue.put_command((action, event_id))

    async def run(self) -> None:
        while True:
            samples, command = await self._queue.get()
            if self._settings["turn_detection"] is not self._detection:
                self._detection = self._settings["turn_detection"]
                self._start_anew()
            if samples is not None:
                await self._hear(samples)
            elif command is not None:
                await self._obey(*command)

    @property
    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self._owner.settings["audio"]["input"]
        return settings

    def _start_anew(self) -> None:
        self._buffer.clear()
        self._utterance = Utterance()
        self._listener = None
        if self._detection is not None:
            detection = _SEMANTIC_VAD | self._detection
            self._listener = self._new_listener(
                threshold=detection["threshold"],
                silence=detection["silence_duration_ms"] / 1000,
                padding=detection["prefix_padding_ms"] / 1000,
            )

    def _new_listener(self, **settings: Any) -> Listener:
        engines = self._engines
        return Listener(
            engines.detectors, engines.recogniser, self._queue.backlog, start=self._position, **settings
        )

    async def _hear(self, samples: Samples) -> None:
        if self._listener is None:
            self._buffer.append(samples)
        else:
            interims = self._settings["transcription"] is not None
            async for heard in self._listener.hear(samples, interims=interims):
                await self._tell(heard)
        self._position += len(samples)

    async def _obey(self, action: Action, event_id: Any) -> None:
        if action == "clear":
            self._start_anew()
            await self._owner.send("input_audio_buffer.cleared")
        elif self._listener is None and sum(map(len, self._buffer)) >= SHORTEST_COMMIT * RATE:
            await self._commit_buffer()
        elif self._listener is not None and self._listener.speaking:
            async for heard in self._listener.finish():
                await self._tell(heard)
        else:
            message = "The input audio buffer holds less than 100 ms of audio to commit."
            await self._owner.send_error(BadEvent("input_audio_buffer_commit_empty", message), event_id)

    async def _commit_buffer(self) -> None:
        samples = np.concatenate(self._buffer)
        self._buffer.clear()
        self._utterance = Utterance()
        await self._commit(len(samples) / RATE)
        listener = self._new_listener(silence=None)
        for at in range(0, len(samples), STEP):
            async for heard in listener.hear(samples[at : at + STEP], interims=False):
                await self._transcribe(heard)
        async for heard in listener.finish():
            await self._transcribe(heard)
        await self._settle()

    async def _tell(self, heard: Heard) -> None:
        if isinstance(heard, SpeechStarted):
            self._utterance = Utterance()
            self._utterance.began = heard.at
            padding = (_SEMANTIC_VAD | (self._detection or {}))["prefix_padding_ms"]
            self._owner.speech_started()
            await self._owner.send(
                "input_audio_buffer.speech_started",
                audio_start_ms=max(0, round(heard.at * 1000) - padding),
                item_id=self._utterance.item.id,
            )
        elif isinstance(heard, SpeechStopped):
            item_id = self._utterance.item.id
            await self._owner.send(
                "input_audio_buffer.speech_stopped", audio_end_ms=round(heard.at * 1000), item_id=item_id
            )
            await self._commit(heard.at - self._utterance.began)
            await self._owner.speech_committed()
        else:
            await self._transcribe(heard)
            if heard.final and heard.endpoint:
                await self._settle()

    async def _commit(self, seconds: float) -> None:
        item = self._utterance.item
        item.seconds = seconds
        previous = self._owner.conversation.add(item)
        await self._owner.send("input_audio_buffer.committed", item_id=item.id, previous_item_id=previous)
        await self._owner.send("conversation.item.added", previous_item_id=previous, item=item.wire)
        await self._owner.send("conversation.item.done", previous_item_id=previous, item=item.wire)

    async def _transcribe(self, heard: Heard) -> None:
        if not isinstance(heard, SpeechStarted | SpeechStopped):
            await self._send_delta(self._utterance.add(heard.text, final=heard.final))

    async def _settle(self) -> None:
        utterance = self._utterance
        utterance.item.wire["content"] = [{"type": "input_audio", "transcript": utterance.text}]
        utterance.item.settled.set()
        if self._settings["transcription"] is not None:
            await self._owner.send(
                "conversation.item.input_audio_transcription.completed",
                item_id=utterance.item.id,
                content_index=0,
                transcript=utterance.text,
                usage={"type": "duration", "seconds": round(utterance.item.seconds, 3)},
            )

    async def _send_delta(self, delta: str) -> None:
        if delta and self._settings["transcription"] is not None:
            await self._owner.send(
                "conversation.item.input_audio_transcription.delta",
                item_id=self._utterance.item.id,
                content_index=0,
                delta=delta,
            )


class Utterance:
    """The words of one item, and which of them have been told: deltas can only be added to.

    A word is told when two interims agree on it and on all words before it, or when it is final.
    """

    def __init__(self) -> None:
        self.item: Item = spoken_item()
        self.began = 0.0
        self.text = ""
        self._interim: list[str] = []
        self._told = 0

    def add(self, text: str, *, final: bool) -> str:
        """Take an interim or the final text of a segment; return what can be told now."""
        words = text.split()
        if final:
            delta = words[self._told :]
            lead = bool(self.text)
            self.text = f"{self.text} {text}".strip()
            self._interim, told, self._told = [], self._told, 0
        else:
            agreed = _agreement(words, self._interim)
            delta = words[self._told : agreed]
            lead = bool(self.text)
            self._interim, told, self._told = words, self._told, max(self._told, agreed)
        return ((" " if lead or told else "") + " ".join(delta)) if delta else ""


def _agreement(one: list[str], other: list[str]) -> int:
    """Return how many first words are the same."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count
