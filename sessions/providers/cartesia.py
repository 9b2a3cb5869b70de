"""Cartesia's streaming text-to-speech (`/tts/websocket`), in the form of 2026-03-01 and later.

Source: Cartesia's "TTS WebSocket" reference and the types of its SDK 4.2.0.
"""

from collections import deque
from typing import Any

import msgspec

from sessions.commands import Clear, Command, ImpossibleCommand, Speak
from sessions.events import (
    Audio,
    AudioEnd,
    AudioSpan,
    AudioWords,
    Cleared,
    Event,
    Malformed,
    Problem,
    Raw,
    Word,
)
from sessions.providers.codec import Codec, Frame
from sessions.providers.sentences import spans
from sessions.providers.spoken_text import LONGEST_INPUT, SpokenText, WholeSamples
from sessions.providers.wire import Message, decoder_of, sendable

OUTPUT_RATE = 24000
MOST_CONTEXTS = 2
"""Active contexts that the smallest plan allows; beyond that the service refuses with 429."""


class _Answer(Message, frozen=True):
    context_id: str | None = None


class _Chunk(_Answer, frozen=True, tag="chunk"):
    data: bytes = b""


class _WordTimestamps(msgspec.Struct, frozen=True):
    words: tuple[str, ...] = ()
    start: tuple[float, ...] = ()
    end: tuple[float, ...] = ()


class _Timestamps(_Answer, frozen=True, tag="timestamps"):
    word_timestamps: _WordTimestamps | None = None


class _FlushDone(_Answer, frozen=True, tag="flush_done"):
    pass


class _Done(_Answer, frozen=True, tag="done"):
    pass


class _Error(_Answer, frozen=True, tag="error"):
    """`error` is the form before 2026-03-01."""

    status_code: int | None = None
    error_code: str | None = None
    title: str | None = None
    message: str | None = None
    error: str | None = None


_decoder = decoder_of(_Chunk, _Timestamps, _FlushDone, _Done, _Error)


class _Context:
    """One utterance under way."""

    def __init__(self, text: str) -> None:
        self.text = SpokenText(text)
        self.samples = WholeSamples()


class CartesiaCodec(Codec):
    """Speaks each utterance in a context of its own, named as the utterance; its sentences continue it.

    Contexts run side by side, as many as every plan allows; the others wait. A name cannot be used again:
    the service keeps a context for a second after its last audio, and what is late would be taken for new.
    """

    kind = "speak"
    ready_on_open = True
    finishes = False

    def __init__(self, model: str, voice: str, language: str = "en", rate: int = OUTPUT_RATE) -> None:
        self._rate = rate
        self._request = {
            "model_id": model,
            "voice": {"mode": "id", "id": voice},
            "language": language,
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": rate},
            "add_timestamps": True,
            "max_buffer_delay_ms": 0,  # the sentences are ours; left out, it is 0 or 3000 by version
        }
        self._held: deque[tuple[str, str]] = deque()
        self._live: dict[str, _Context] = {}
        self._used: set[str] = set()
        self._notices: list[Event] = []

    def receive(self, frame: Frame, now: float) -> list[Event]:
        match _decoder.decode(frame):
            case _Error() as error:
                return self._error(error)
            case _FlushDone():
                return []
            case _Answer() as answer:
                name = answer.context_id or ""
                if context := self._live.get(name):
                    return self._of_context(name, context, answer)
                if name in self._used:
                    return []  # late, of what was cancelled
                return [Malformed("of a context that was never opened", len(frame))]
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        match command:
            case Speak(utterance=utterance, text=text):
                if not text.strip():
                    raise ImpossibleCommand("there is no text to speak")
                if utterance in self._used:
                    raise ImpossibleCommand(f"the name {utterance!r} was used before on this connection")
                self._used.add(utterance)
                self._held.append((utterance, text))
                return self.poll(now)
            case Clear():
                cancels: list[Frame] = [_encode({"context_id": name, "cancel": True}) for name in self._live]
                self._live.clear()
                self._held.clear()
                self._notices.append(Cleared())
                return cancels
            case _:
                raise ImpossibleCommand(f"text-to-speech does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        frames: list[Frame] = []
        while self._held and len(self._live) < MOST_CONTEXTS:
            utterance, text = self._held.popleft()
            self._live[utterance] = _Context(text)
            pieces = [sendable(text[begin:end]) for begin, end in spans(text, LONGEST_INPUT)]
            for number, piece in enumerate(pieces, start=1):
                more = {"transcript": piece, "context_id": utterance, "continue": number < len(pieces)}
                frames.append(_encode(self._request | more))
        return frames

    def elapse(self, now: float) -> list[Event]:
        """Return what no message tells: a cancel is not acknowledged."""
        notices, self._notices = self._notices, []
        return notices

    def explain_close(self, code: int, reason: str) -> str:
        return ""  # no close says more than its code; an idle connection's, after 5 minutes, is 1000

    def _of_context(self, name: str, context: _Context, answer: _Answer) -> list[Event]:
        match answer:
            case _Chunk(data=data):
                pcm = context.samples.add(data)
                return [Audio(name, pcm, self._rate)] if pcm else []
            case _Timestamps(word_timestamps=timestamps) if timestamps:
                timed = list(zip(timestamps.words, timestamps.start, timestamps.end, strict=False))
                begun, _ = context.text.follow(timed)
                words = AudioWords(name, tuple(Word(*each) for each in timed))
                return [*(AudioSpan(name, *sentence) for sentence in begun), words]
            case _Done():
                del self._live[name]
                return [AudioEnd(name)]
            case _:  # timestamps without any
                return []

    def _error(self, error: _Error) -> list[Event]:
        name = error.context_id
        if name in self._used and name not in self._live:
            return []  # late, of what was cancelled
        message = ": ".join(part for part in (error.title, error.message) if part) or error.error or ""
        problem = Problem(error.error_code or str(error.status_code or "error"), message)
        if name is None or self._live.pop(name, None) is None:
            return [problem]
        return [problem, AudioEnd(name)]


def _encode(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
