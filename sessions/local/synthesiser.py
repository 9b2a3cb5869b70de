"""Text to speech: Hibari's voice `heart`, which ships in its wheel; the others would be downloads."""

from collections.abc import AsyncIterator
from functools import partial
from textwrap import wrap
from typing import Any

from sessions.audio.pcm import Samples, from_float
from sessions.local.threads import EngineThreads

RATE = 24000
LONGEST_PART = 500
"""Characters. Text without sentence ends is spoken in parts, so that nothing waits for seconds."""
MODEL_VERSION = "hibari-tts 0.2.1"


class Synthesiser:
    def __init__(self) -> None:
        # Hibari is safe in parallel (240 seeded runs on 4 threads gave the same samples as one thread).
        self._threads: EngineThreads[Any] = EngineThreads("synthesiser", _load, threads=2)

    async def complete(self, text: str) -> tuple[str, str]:
        """Split off the sentences that are complete; the rest stays as it was sent, spaces too."""
        *whole, rest = await self._sentences(text) or [""]
        return (" ".join(whole), text[text.rindex(rest) :]) if whole else ("", text)

    async def speak(self, text: str, speed: float = 1.0) -> AsyncIterator[Samples]:
        """Yield samples at 24 kHz, a sentence at a time; the next is made when it is asked for."""
        async for _, samples in self.read_aloud(text, speed):
            yield samples

    async def read_aloud(self, text: str, speed: float = 1.0) -> AsyncIterator[tuple[str, Samples]]:
        """Yield each sentence, without the space around it, with its samples."""
        for sentence in await self._sentences(text):
            for part in wrap(sentence, LONGEST_PART, break_on_hyphens=False):
                yield part, await self._threads.run(partial(_synthesise, text=part, speed=speed))

    async def _sentences(self, text: str) -> list[str]:
        return await self._threads.run(lambda engine: list(engine.split_sentences(text)))


def _load() -> Any:
    from hibari import Hibari  # noqa: PLC0415 - 0.2 s, on the thread

    engine = Hibari()
    engine("Ready.")  # The first call loads the pronunciation and warms the model: 0.3 s.
    return engine


def _synthesise(engine: Any, text: str, speed: float) -> Samples:
    return from_float(engine(text, speed))
