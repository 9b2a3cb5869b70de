"""Deepgram speak v1 (Aura text-to-speech), as Workers AI serves `@cf/deepgram/aura-1` and `aura-2-*`."""

import json
import uuid
from collections import deque
from typing import Any, cast

import anyio
import anyio.lowlevel
from starlette.websockets import WebSocket

from sessions.local.engines import Engines
from sessions.local.refusals import bad_parameter
from sessions.local.session import Query, messages
from sessions.local.synthesiser import MODEL_VERSION, RATE, Synthesiser
from sessions.local.wire_audio import AudioFormat, Encoder, Encoding

SPEAKERS = {
    "@cf/deepgram/aura-1": """
        angus asteria arcas orion orpheus athena luna zeus perseus helios hera stella
    """,
    "@cf/deepgram/aura-2-en": """
        luna amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia delia
        draco electra harmonia helena hera hermes hyperion iris janus juno jupiter mars minerva neptune
        odysseus ophelia orion orpheus pandora phoebe pluto saturn thalia theia vesta zeus
    """,
    "@cf/deepgram/aura-2-es": """
        aquila sirio nestor carina celeste alvaro diana selena estrella javier
    """,
}
"""Voices of each model, the default first. All of them are spoken by the one voice there is."""

FLUSHES = 20
FLUSH_PERIOD = 60.0
"""At most so many flushes in so many seconds (Deepgram documentation)."""
LONGEST_TEXT = 2000
"""Characters in one Speak (Deepgram's limit over HTTP)."""

_SAMPLE_RATES = {
    "linear16": (8000, 16000, 24000, 32000, 48000),
    "mulaw": (8000, 16000),
    "alaw": (8000, 16000),
}


class FlushLimit:
    """A sliding window of the flushes that were obeyed."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def allows(self, now: float) -> bool:
        while self._times and now - self._times[0] >= FLUSH_PERIOD:
            self._times.popleft()
        if len(self._times) >= FLUSHES:
            return False
        self._times.append(now)
        return True


class SpeakSession:
    """Reads on while it speaks, so that a Clear stops the speech at once.

    Whole sentences are spoken before the Flush. A Flush that a Clear overtakes is not acknowledged.
    """

    _websocket: WebSocket

    def __init__(self, model: str, query: Query, engines: Engines) -> None:
        speakers = tuple(SPEAKERS[model].split())
        self._speaker = query.choice("speaker", speakers) or speakers[0]
        self._model = model
        self._format = _audio_format(query)
        self._synthesiser: Synthesiser = engines.synthesiser
        self._encoder = Encoder(RATE, self._format)
        self._limit = FlushLimit()
        self._sequence = 0
        self._text = ""
        self._inbox: deque[dict[str, Any]] = deque()
        self._arrived = anyio.Event()
        self._speaking = anyio.CancelScope()

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        await self._send(self._metadata())
        if self._model.endswith("-es"):
            await self._warn("ENGLISH_VOICE", "the embedded gateway has an English voice only")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._work)
            await self._read()
            tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        async for frame in messages(self._websocket):
            if isinstance(frame, bytes):
                await self._websocket.close(1003, "MESSAGE-0000: a text message was expected")
                return
            try:
                message = parse(frame)
            except ValueError as error:
                await self._send({"type": "Error", "code": "DATA-0000", "description": str(error)})
                await self._websocket.close(1008, "DATA-0000: the message could not be read")
                return
            if message["type"] == "Clear":
                kept = [one for one in self._inbox if one["type"] in {"Clear", "Close"}]
                self._inbox = deque(kept)
                self._speaking.cancel()
            self._inbox.append(message)
            self._arrived.set()

    async def _work(self) -> None:
        while True:
            while not self._inbox:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            message = self._inbox.popleft()
            with anyio.CancelScope() as scope:
                if message["type"] != "Clear":
                    self._speaking = scope
                await self._obey(message)
            if message["type"] == "Close":
                await self._websocket.close(1000)
                return

    async def _obey(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "Speak":
                await self._add(message["text"])
            case "Flush":
                if not self._limit.allows(anyio.current_time()):
                    await self._warn(
                        "TOO_MANY_FLUSHES", f"more than {FLUSHES} flushes in {FLUSH_PERIOD:.0f} s"
                    )
                    return
                await self._finish()
                await self._acknowledge("Flushed")
            case "Clear":
                self._text = ""
                self._encoder.flush()
                await self._acknowledge("Cleared")
            case "Close":
                await self._finish()

    async def _add(self, text: str) -> None:
        if not text.strip():
            await self._warn("EMPTY_TEXT", "there is nothing to speak")
        if len(text) > LONGEST_TEXT:
            await self._warn("TEXT_TOO_LONG", f"text of more than {LONGEST_TEXT} characters is not spoken")
            return
        whole, self._text = await self._synthesiser.complete(self._text + text)
        await self._speak(whole)

    async def _finish(self) -> None:
        text, self._text = self._text, ""
        await self._speak(text)
        await self._send_audio(self._encoder.flush())

    async def _speak(self, text: str) -> None:
        async for samples in self._synthesiser.speak(text):
            await self._send_audio(self._encoder.push(samples))

    async def _send_audio(self, frames: list[bytes]) -> None:
        for frame in frames:
            await self._websocket.send_bytes(frame)
            await anyio.lowlevel.checkpoint()

    async def _acknowledge(self, kind: str) -> None:
        await self._send({"type": kind, "sequence_id": self._sequence})
        self._sequence += 1

    async def _warn(self, code: str, description: str) -> None:
        await self._send({"type": "Warning", "code": code, "description": description})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message))

    def _metadata(self) -> dict[str, Any]:
        name = self._model.removeprefix("@cf/deepgram/")
        model_name = f"aura-{self._speaker}-en" if name == "aura-1" else f"aura-2-{self._speaker}-{name[-2:]}"
        return {
            "type": "Metadata",
            "request_id": str(uuid.uuid4()),
            "model_name": model_name,
            "model_version": MODEL_VERSION,
            "model_uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, model_name)),
        }


def parse(frame: str) -> dict[str, Any]:
    """Return a message of a type that the protocol knows; raises ValueError, in words for the client."""
    try:
        message = json.loads(frame)
    except ValueError:
        raise ValueError("the message is not JSON") from None
    kind = message.get("type") if isinstance(message, dict) else None
    if kind not in {"Speak", "Flush", "Clear", "Close"}:
        raise ValueError("the message's type is not one of Speak, Flush, Clear, Close")
    if kind == "Speak" and not isinstance(message.get("text"), str):
        raise ValueError("Speak needs a text")
    return cast("dict[str, Any]", message)


def _audio_format(query: Query) -> AudioFormat:
    encoding = cast(Encoding, query.choice("encoding", ("linear16", "mulaw", "alaw")) or "linear16")
    query.choice("container", ("none",))
    rates = _SAMPLE_RATES[encoding]
    rate = query.number("sample_rate", 24000 if encoding == "linear16" else 8000, 1, 48000)
    if rate not in rates:
        raise bad_parameter("sample_rate", f"must be one of {', '.join(map(str, rates))} for {encoding}")
    return AudioFormat(encoding, rate)
