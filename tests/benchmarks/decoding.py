"""CPU of decoding one spoken turn, against the parsing of the providers' own SDKs, in the same run."""

import base64
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from google.genai import _live_converters as converters
from google.genai import types as gemini
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from sessions.providers.gemini_live import GeminiLiveCodec
from sessions.providers.openai_realtime import RealtimeCodec

ROUNDS = 7
TURNS = 20
TARGET = 10.0
CHUNKS = 60
_AUDIO = base64.b64encode(bytes(range(256)) * 16).decode()
"""4 KB, as both services send them."""


def run() -> None:
    print("CPU of decoding one spoken turn, against the provider's SDK (median of rounds)")
    _compare("OpenAI", _openai_turn(), RealtimeCodec, _openai_sdk())
    _compare("Gemini", _gemini_turn(), lambda: GeminiLiveCodec("gemini-3.8-live"), _gemini_sdk)


def _compare(name: str, turn: list[str], codec: Callable[[], Any], sdk: Callable[[str], Any]) -> None:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_timed(turn, codec))
        theirs.append(_timed(turn, lambda: _Sdk(sdk)))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    verdict = "within" if peer >= TARGET * mine else "UNDER"
    print(
        f"  {name}: {peer / mine:.1f} times less ({mine:.0f} to {peer:.0f} us a turn; {verdict} {TARGET:g})"
    )


class _Sdk:
    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse

    def receive(self, frame: str, now: float) -> None:
        self._parse(frame)


def _timed(turn: list[str], make: Callable[[], Any]) -> float:
    """Return microseconds of CPU a turn; each turn begins with a codec of its own."""
    begun = time.process_time()
    for _ in range(TURNS):
        codec = make()
        for frame in turn:
            codec.receive(frame, 0.0)
    return (time.process_time() - begun) / TURNS * 1e6


def _openai_sdk() -> Callable[[str], Any]:
    connection = AsyncRealtimeConnection.__new__(AsyncRealtimeConnection)
    parse: Callable[[str], Any] = connection.parse_event
    return parse


def _gemini_sdk(frame: str) -> Any:
    """As its `AsyncSession._receive` does after the socket."""
    response = converters._LiveServerMessage_from_mldev(json.loads(frame))
    return gemini.LiveServerMessage._from_response(response=response, kwargs={})


def _openai_turn() -> list[str]:
    ids = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    response = {"id": "resp_1", "object": "realtime.response", "status": "completed", "output": []}
    frames: list[dict[str, Any]] = [
        {
            "type": "session.created",
            "session": {"type": "realtime", "id": "sess_1", "model": "gpt-realtime-2.1"},
        },
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
    ]
    for number in range(CHUNKS):
        frames.append({"type": "response.output_audio_transcript.delta", **ids, "delta": f"word{number} "})
        frames.append({"type": "response.output_audio.delta", **ids, "delta": _AUDIO})
    frames.append({"type": "response.output_audio.done", **ids})
    frames.append({"type": "response.output_audio_transcript.done", **ids, "transcript": "words"})
    frames.append({"type": "response.done", "response": response})
    return [json.dumps({"event_id": f"event_{number}", **frame}) for number, frame in enumerate(frames)]


def _gemini_turn() -> list[str]:
    frames: list[dict[str, Any]] = [{"setupComplete": {}}]
    for number in range(CHUNKS):
        part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": _AUDIO}}
        content = {
            "modelTurn": {"role": "model", "parts": [part]},
            "outputTranscription": {"text": f"word{number} "},
        }
        frames.append({"serverContent": content})
    frames.append({"serverContent": {"generationComplete": True}})
    usage = {"promptTokenCount": 310, "responseTokenCount": 41, "totalTokenCount": 351}
    frames.append({"serverContent": {"turnComplete": True}, "usageMetadata": usage})
    return [json.dumps(frame, indent=2) for frame in frames]
