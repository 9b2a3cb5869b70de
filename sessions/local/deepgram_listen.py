"""Deepgram listen v1 (live speech-to-text), as Workers AI serves `@cf/deepgram/nova-3`."""

import hashlib
import json
import string
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

import anyio
from starlette.websockets import WebSocket

from sessions.audio.pcm import Samples
from sessions.local.alignment import word_spans
from sessions.local.audio_queue import AudioQueue
from sessions.local.endpointing import RATE
from sessions.local.engines import Engines
from sessions.local.listener import Heard, Listener, SpeechStarted, Transcript
from sessions.local.recogniser import MODEL_NAME, MODEL_VERSION
from sessions.local.refusals import bad_parameter
from sessions.local.session import Query, content
from sessions.local.wire_audio import AudioFormat, Decoder, Encoding, UndecodableAudio

IDLE_LIMIT = 10.0
"""Seconds without audio and text until the close with NET-0001 (Deepgram documentation)."""
SILENT_RESULTS_EVERY = 3.0
"""Seconds of silence that one empty final covers."""

Control = Literal["Finalize", "CloseStream"]


@dataclass(frozen=True)
class ListenOptions:
    """Query parameters that have an effect here; the others of nova-3 are accepted without one.

    `endpointing` in seconds, None for `false`. Deepgram's default is 10 ms; less than 200 ms of silence
    would take too much context from the recogniser, so at least that is waited.
    """

    audio_format: AudioFormat | None
    interim_results: bool
    vad_events: bool
    punctuated: bool
    endpointing: float | None
    utterance_end: float | None

    @classmethod
    def parse(cls, query: Query) -> "ListenOptions":
        """Raise `Refusal` that names the parameter at fault."""
        language = query.text("language", "en")
        if language != "multi" and language.partition("-")[0].lower() != "en":
            raise bad_parameter("language", f"the embedded gateway understands English, not {language}")
        endpointing = None
        if query.text("endpointing", "10") != "false":
            endpointing = (query.number("endpointing", 10, 0, 60_000) or 0) / 1000
        utterance_end = query.number("utterance_end_ms", None, 1, 60_000)
        return cls(
            audio_format=audio_format(query),
            interim_results=query.flag("interim_results"),
            vad_events=query.flag("vad_events"),
            punctuated=query.flag("punctuate") or query.flag("smart_format"),
            endpointing=endpointing,
            utterance_end=None if utterance_end is None else utterance_end / 1000,
        )


def audio_format(query: Query) -> AudioFormat | None:
    """Return the format that the query names, or None for audio with a header of its own."""
    encoding = query.choice("encoding", ("linear16", "mulaw", "alaw"))
    channels = query.number("channels", 1, 1, 8)
    if encoding is None:
        return None
    sample_rate = query.number("sample_rate", None, 8000, 48000)
    if sample_rate is None:
        raise bad_parameter("sample_rate", "is required with encoding")
    return AudioFormat(cast(Encoding, encoding), sample_rate, channels or 1)


class Results:
    """Turns what is heard into Deepgram's messages, with contiguous spans of time."""

    def __init__(self, options: ListenOptions, request_id: str) -> None:
        self._options = options
        self._metadata = {
            "request_id": request_id,
            "model_info": {"name": MODEL_NAME, "version": MODEL_VERSION, "arch": "moonshine"},
            "model_uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, MODEL_NAME)),
        }
        self._settled = 0.0
        self._last_word_end: float | None = None

    def heard(self, heard: Heard, *, from_finalize: bool = False) -> list[dict[str, Any]]:
        if isinstance(heard, SpeechStarted):
            if not self._options.vad_events:
                return []
            return [{"type": "SpeechStarted", "channel": [0, 1], "timestamp": round(heard.at, 3)}]
        if isinstance(heard, Transcript):
            return [self._transcript(heard, from_finalize=from_finalize)]
        return []

    def silence(self, position: float) -> list[dict[str, Any]]:
        """Return what is due when nobody has been speaking up to `position`."""
        due = []
        if position - self._settled >= SILENT_RESULTS_EVERY:
            due.append(self.nothing(position, from_finalize=False))
        gap = self._options.utterance_end
        last = self._last_word_end
        if gap is not None and self._options.interim_results and last is not None and position - last >= gap:
            due.append({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last})
            self._last_word_end = None
        return due

    def nothing(self, position: float, *, from_finalize: bool) -> dict[str, Any]:
        """Return an empty final up to `position`."""
        silence = Transcript("", position, position, position, final=True, endpoint=from_finalize)
        return self._transcript(silence, from_finalize=from_finalize)

    def _transcript(self, heard: Transcript, *, from_finalize: bool) -> dict[str, Any]:
        start = self._settled
        words = timed_words(heard.text, max(heard.start, start), heard.end)
        if not self._options.punctuated:
            for word in words:
                del word["punctuated_word"]
        text = heard.text if self._options.punctuated else " ".join(word["word"] for word in words)
        alternative = {"transcript": text, "confidence": 1.0 if words else 0.0, "words": words}
        if heard.final:
            self._settled = heard.until
            self._last_word_end = words[-1]["end"] if words else self._last_word_end
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "start": round(start, 3),
            "duration": round(heard.until - start, 3),
            "is_final": heard.final,
            "speech_final": heard.endpoint and (self._options.endpointing is not None or from_finalize),
            "from_finalize": from_finalize,
            "channel": {"alternatives": [alternative]},
            "metadata": self._metadata,
        }


def timed_words(text: str, start: float, end: float) -> list[dict[str, Any]]:
    """Words of `text` with times and confidence, as Deepgram has them.

    The engine gives neither: the times are estimates that share out the voice's span by letters, the
    confidence is always 1.
    """
    punctuated = [word for word in text.split() if _bare(word)]
    return [
        {
            "word": _bare(word),
            "start": round(word_start, 3),
            "end": round(word_end, 3),
            "confidence": 1.0,
            "punctuated_word": word,
        }
        for word, (word_start, word_end) in zip(punctuated, word_spans(punctuated, (start, end)), strict=True)
    ]


def _bare(word: str) -> str:
    return word.strip(string.punctuation + "“”‘’…—").lower()


class ListenSession:
    _websocket: WebSocket

    def __init__(self, query: Query, engines: Engines) -> None:
        self._options = ListenOptions.parse(query)
        self._request_id = str(uuid.uuid4())
        self._results = Results(self._options, self._request_id)
        self._queue: AudioQueue[Control] = AudioQueue()
        self._decoder = Decoder(self._options.audio_format, RATE)
        self._received = 0
        self._sha256 = hashlib.sha256()
        # Without endpointing a pause still ends a segment when the client wants UtteranceEnd after it.
        silence = (
            self._options.utterance_end if self._options.endpointing is None else self._options.endpointing
        )
        self._listener = Listener(engines.detectors, engines.recogniser, self._queue.backlog, silence=silence)

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            await self._read()
            tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        ended = False
        while True:
            with anyio.move_on_after(None if ended else IDLE_LIMIT) as waiting:
                message = await self._websocket.receive()
            if waiting.cancelled_caught:
                reason = f"NET-0001: neither audio nor text was received for {IDLE_LIMIT:.0f} s"
                await self._websocket.close(1011, reason)
                return
            if message["type"] == "websocket.disconnect":
                return
            if ended:
                continue
            try:
                ended = await self._take(content(message))
            except UndecodableAudio as error:
                await self._websocket.close(1008, f"DATA-0000: {error}")
                return

    async def _take(self, frame: str | bytes) -> bool:
        """Return whether the stream is at its end."""
        if isinstance(frame, bytes) and frame:
            self._sha256.update(frame)
            await self._hear(self._decoder.push(frame))
            return False
        kind = control_type(frame) if isinstance(frame, str) else "CloseStream"
        match kind:
            case "KeepAlive":
                pass
            case "Finalize":
                self._queue.put_command("Finalize")
            case "CloseStream":
                await self._hear(self._decoder.flush())
                self._queue.put_command("CloseStream")
            case _:
                await self._send(
                    {
                        "type": "Error",
                        "variant": "SchemaError",
                        "description": "the text message is not KeepAlive, Finalize or CloseStream",
                        "message": str(frame)[:200],
                    }
                )
        return kind == "CloseStream"

    async def _hear(self, samples: Samples) -> None:
        self._received += len(samples)
        await self._queue.put_audio(samples)

    async def _listen(self) -> None:
        while True:
            samples, control = await self._queue.get()
            if samples is not None:
                async for heard in self._listener.hear(samples, interims=self._options.interim_results):
                    await self._send(*self._results.heard(heard))
                if not self._listener.speaking:
                    await self._send(*self._results.silence(self._listener.position))
                continue
            answered = False
            async for heard in self._listener.finish():
                answered = isinstance(heard, Transcript)
                await self._send(*self._results.heard(heard, from_finalize=control == "Finalize"))
            if control == "Finalize" and not answered:
                await self._send(self._results.nothing(self._listener.position, from_finalize=True))
            if control == "CloseStream":
                await self._send(self._summary())
                await self._websocket.close(1000)
                return

    async def _send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self._websocket.send_text(json.dumps(message))

    def _summary(self) -> dict[str, Any]:
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._sha256.hexdigest(),
            "created": created,
            "duration": round(self._received / RATE, 3),
            "channels": 1,
        }


def control_type(frame: str) -> str | None:
    """Return the type of a control message, or None when it is not one."""
    try:
        message = json.loads(frame)
    except ValueError:
        return None
    kind = message.get("type") if isinstance(message, dict) else None
    return kind if kind in {"KeepAlive", "Finalize", "CloseStream"} else None
