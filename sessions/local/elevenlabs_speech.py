"""ElevenLabs text-to-speech, `stream-input` and `multi-stream-input`: letters and when they sound."""

import base64
import json
import re
from typing import Any, cast

import anyio
import anyio.lowlevel
import numpy as np
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from sessions.audio.pcm import Samples
from sessions.local.alignment import Span, audible, share
from sessions.local.engines import Engines
from sessions.local.mp3 import Mp3Encoder
from sessions.local.session import content
from sessions.local.synthesiser import RATE, Synthesiser
from sessions.local.wire_audio import AudioFormat, Encoder

DEFAULT_FORMAT = "mp3_44100_128"
SCHEDULE = (120, 160, 250, 290)
"""Characters that are waited for before each generation; the last goes on (ElevenLabs documentation)."""
SHORTEST_TRIGGERED = 50
"""Characters from which on `try_trigger_generation` has an effect."""

_PCM_RATES = ("8000", "16000", "22050", "24000", "44100", "48000")
_LONGEST_REASON = 123
"""Bytes that a close frame has for its reason."""


class BadMessage(Exception):
    """Ends the session: what is wrong goes to the client, and is the reason of the close."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


def stream_input(connection: HTTPConnection, engines: Engines) -> "StreamInputSession":
    return StreamInputSession(connection.query_params, engines)


def multi_stream_input(connection: HTTPConnection, engines: Engines) -> "StreamInputSession":
    return MultiStreamInputSession(connection.query_params, engines)


class StreamInputSession:
    """Any voice and model is the one voice there is; settings but `speed` are without effect."""

    _websocket: WebSocket

    def __init__(self, query: QueryParams, engines: Engines) -> None:
        self._output_format = query.get("output_format", DEFAULT_FORMAT)
        self._inactivity_timeout = query.get("inactivity_timeout", "20")
        self._auto_mode = query.get("auto_mode") == "true"
        self._synthesiser = engines.synthesiser
        self._speech: _Speech | None = None

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        try:
            # What cannot be spoken is refused before the first text.
            encoder(self._output_format)
            await self._serve(_seconds(self._inactivity_timeout))
        except BadMessage as bad:
            await self.send({"message": bad.message, "error": bad.error, "code": 1008})
            reason = bad.message.encode()[:_LONGEST_REASON].decode(errors="ignore")
            await websocket.close(1008, reason)

    async def send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message))
        await anyio.lowlevel.checkpoint()

    async def _serve(self, timeout: float) -> None:
        ended = False
        while not ended:
            with anyio.move_on_after(timeout) as waiting:
                received = await self._websocket.receive()
            if waiting.cancelled_caught:
                message = f"Have not received a new text input within the timeout of {timeout:g} seconds."
                raise BadMessage("input_timeout_exceeded", message)
            if received["type"] == "websocket.disconnect":
                return
            ended = await self._take(_parse(content(received)))
        await self._websocket.close(1000)

    async def _take(self, message: dict[str, Any]) -> bool:
        """Return whether the session is at its end."""
        if not isinstance(message.get("text"), str):
            raise BadMessage("invalid_message", "A message needs a text.")
        if self._speech is None:
            self._speech = self._open(message)
        if message["text"] == "":
            await self._speech.finish()
            return True
        await self._speech.add(message)
        return False

    def _open(self, message: dict[str, Any], **about: Any) -> "_Speech":
        settings = _settings(message, "voice_settings")
        speed = settings.get("speed") or 1.0
        if not _within(speed, 0.7, 1.2):
            raise BadMessage("invalid_message", "voice_settings.speed must be a number from 0.7 to 1.2.")
        schedule = _settings(message, "generation_config").get("chunk_length_schedule") or [*SCHEDULE]
        if not (isinstance(schedule, list) and all(_within(one, 50, 500) for one in schedule)):
            raise BadMessage(
                "invalid_message", "chunk_length_schedule must be a list of numbers from 50 to 500."
            )
        schedule = [0.0] if self._auto_mode else schedule
        return _Speech(self, self._synthesiser, encoder(self._output_format), schedule, speed, about)


class MultiStreamInputSession(StreamInputSession):
    """`multi-stream-input`: several texts by `context_id`, one after the other as they are due."""

    def __init__(self, query: QueryParams, engines: Engines) -> None:
        super().__init__(query, engines)
        self._contexts: dict[str, _Speech] = {}

    async def _take(self, message: dict[str, Any]) -> bool:
        if message.get("close_socket"):
            for context in self._contexts.values():
                await context.finish()
            return True
        name = str(message.get("context_id") or message.get("contextId") or "default")
        if message.get("close_context"):
            if name in self._contexts:
                await self._contexts.pop(name).finish()
            return False
        if name not in self._contexts:
            self._contexts[name] = self._open(message, contextId=name)
        text = message.get("text") or ""
        if not isinstance(text, str):
            raise BadMessage("invalid_message", "The text of a message must be a text.")
        await self._contexts[name].add({**message, "text": text})
        return False


class _Speech:
    """One text that grows, and what is spoken of it."""

    def __init__(
        self,
        session: StreamInputSession,
        synthesiser: Synthesiser,
        encoder: Encoder | Mp3Encoder,
        schedule: list[float],
        speed: float,
        about: dict[str, Any],
    ) -> None:
        """`about` goes into every message."""
        self._session = session
        self._synthesiser = synthesiser
        self._encoder = encoder
        self._schedule = schedule
        self._speed = speed
        self._about = about
        self._text = ""

    async def add(self, message: dict[str, Any]) -> None:
        # The opening, and what keeps the session alive, is a space.
        self._text = (self._text + message["text"]).lstrip()
        waited_for = self._schedule[0]
        if message.get("flush") or not waited_for:
            await self._generate(len(self._text))
            return
        if message.get("try_trigger_generation"):
            waited_for = min(waited_for, SHORTEST_TRIGGERED)
        if len(self._text) >= waited_for:
            if len(self._schedule) > 1:
                del self._schedule[0]
            # What comes next may belong to the last word.
            await self._generate(self._text.rfind(" ") + 1)

    async def finish(self) -> None:
        await self._generate(len(self._text))
        await self._session.send({"audio": None, "isFinal": True, **self._about})

    async def _generate(self, length: int) -> None:
        text, self._text = self._text[:length], self._text[length:]
        async for sentence, samples in self._synthesiser.read_aloud(text, self._speed):
            await self._send_sentence(sentence, samples)

    async def _send_sentence(self, sentence: str, samples: Samples) -> None:
        letters = letter_spans(sentence, samples)
        start = 0.0
        pieces = np.array_split(samples, max(1, round(len(samples) / RATE)))
        for number, piece in enumerate(pieces, start=1):
            end = start + len(piece) / RATE
            chunk = [
                (char, (begin - start, until - start)) for char, (begin, until) in letters if begin < end
            ]
            letters = letters[len(chunk) :]
            # What encoding kept back goes along with the last letters, as none are left to come with it.
            frames = self._encoder.push(piece)
            if number == len(pieces):
                frames += self._encoder.flush()
            await self._send_audio(b"".join(frames), chunk)
            start = end

    async def _send_audio(self, audio: bytes, letters: list[tuple[str, Span]]) -> None:
        alignment = _alignment(letters)
        await self._session.send(
            {
                "audio": base64.b64encode(audio).decode(),
                "isFinal": False,
                "normalizedAlignment": alignment,
                "alignment": alignment,
                **self._about,
            }
        )


def letter_spans(sentence: str, samples: Samples) -> list[tuple[str, Span]]:
    """Return the letters of a sentence and the space after it with estimates of when they sound."""
    start, end = audible(samples, RATE)
    length = len(samples) / RATE
    # A space at the very end would begin after the last piece of the audio.
    gap = (min(end, length - 0.001), length)
    return list(zip(f"{sentence} ", [*share((start, end), [1] * len(sentence)), gap], strict=True))


def encoder(output_format: str) -> Encoder | Mp3Encoder:
    """Raises `BadMessage`."""
    if mp3 := re.fullmatch(r"mp3_(22050_32|44100_(?:32|64|96|128|192))", output_format):
        sample_rate, kilobits = map(int, mp3[1].split("_"))
        return Mp3Encoder(RATE, sample_rate, kilobits)
    name, _, rate = output_format.partition("_")
    if name == "pcm" and rate in _PCM_RATES:
        return Encoder(RATE, AudioFormat("linear16", int(rate)))
    if output_format == "ulaw_8000":
        return Encoder(RATE, AudioFormat("mulaw", 8000))
    if output_format == "alaw_8000":
        return Encoder(RATE, AudioFormat("alaw", 8000))
    raise BadMessage(
        "invalid_output_format",
        f"The embedded gateway has no output_format {output_format}; pcm_24000 is one.",
    )


def _alignment(letters: list[tuple[str, Span]]) -> dict[str, Any]:
    return {
        "chars": [char for char, _ in letters],
        "charStartTimesMs": [round(start * 1000) for _, (start, _) in letters],
        "charDurationsMs": [round((end - start) * 1000) for _, (start, end) in letters],
    }


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 180):
        raise BadMessage("invalid_message", "inactivity_timeout must be a number of seconds up to 180.")
    return float(text)


def _parse(frame: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(frame)
    except ValueError:
        raise BadMessage("invalid_message", "The message is not JSON.") from None
    if not isinstance(message, dict):
        raise BadMessage("invalid_message", "A message is an object.")
    return cast("dict[str, Any]", message)


def _settings(message: dict[str, Any], name: str) -> dict[str, Any]:
    settings = message.get(name)
    return settings if isinstance(settings, dict) else {}


def _within(value: Any, lowest: float, highest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest
