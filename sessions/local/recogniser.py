"""Speech to text: Moonshine tiny-en, on one thread for all sessions."""

from typing import Any

from sessions.audio.pcm import Samples
from sessions.local.endpointing import RATE
from sessions.local.threads import EngineThreads

MODEL_NAME = "moonshine-tiny-en"
MODEL_VERSION = "0.1.0"


class Recogniser:
    def __init__(self) -> None:
        # One thread: parallel calls of one Transcriber return garbage (measured with 0.1.0).
        self._threads: EngineThreads[Any] = EngineThreads("recogniser", _load)

    async def transcribe(self, samples: Samples) -> str:
        """Return what is said in `samples` (16 kHz); silence must be kept from it, it hears "You" there."""
        return await self._threads.run(lambda engine: _transcribe(engine, samples))


def _load() -> Any:
    from moonshine_voice import ModelArch, Transcriber, get_model_path  # noqa: PLC0415 - 0.2 s, on the thread

    # Our own endpointing decides what is speech: a threshold of 0 turns Moonshine's off.
    options = {"return_audio_data": "false", "vad_threshold": "0.0"}
    return Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY, options=options)


def _transcribe(engine: Any, samples: Samples) -> str:
    floats = (samples / 32768.0).tolist()
    lines = engine.transcribe_without_streaming(floats, RATE).lines
    return " ".join(text for line in lines if (text := line.text.strip()))
