"""A reply as it is said: text in pieces becomes sentences with sound, and an estimate of what was heard."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from sessions.audio.pcm import Samples
from sessions.local.synthesiser import RATE, Synthesiser

_SENTENCE_END = re.compile(r"[.!?…]\S*\s")


@dataclass(frozen=True)
class Said:
    """Text, with the spaces around it as they came, and its sound: samples at 24 kHz."""

    text: str
    samples: Samples

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


async def said(
    synthesiser: Synthesiser, pieces: AsyncGenerator[str], speed: float = 1.0
) -> AsyncGenerator[Said]:
    """Say whole sentences as soon as they are complete; the texts joined are the pieces joined."""
    text = ""
    async with aclosing(pieces):
        async for piece in pieces:
            text += piece
            if _SENTENCE_END.search(text):
                whole, rest = await synthesiser.complete(text)
                if whole:
                    yield await _say(synthesiser, text.removesuffix(rest), speed)
                    text = rest
    if text:
        yield await _say(synthesiser, text, speed)


async def pieces_of(text: str) -> AsyncGenerator[str]:
    """Yield a text that is known already, a word at a time."""
    for piece in re.findall(r"\S+\s*", text):
        yield piece


async def _say(synthesiser: Synthesiser, text: str, speed: float) -> Said:
    parts = [samples async for samples in synthesiser.speak(text, speed)]
    return Said(text, np.concatenate([np.zeros(0, np.int16), *parts]))


class Playback:
    """What a listener has heard of a reply that plays from its first sound on, without a break.

    An estimate: the peer does not tell what it plays. Times are seconds of any one clock.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[str, float]] = []
        self._began = 0.0

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self._parts)

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self._parts)

    def add(self, part: Said, now: float) -> None:
        # Where the synthesis fell behind, what comes now is heard from now on.
        self._began = max(self._began, now - self.seconds)
        self._parts.append((part.text, part.seconds))

    def remaining(self, now: float) -> float:
        return max(0.0, self._began + self.seconds - now)

    def heard(self, now: float) -> str:
        """Return the whole words that were heard by now; a part's sound is shared out by letters."""
        played = now - self._began
        text = ""
        for part, seconds in self._parts:
            if played < seconds:
                cut = part[: round(len(part) * max(played, 0.0) / seconds)]
                return text + (cut[: cut.rindex(" ")] if " " in cut else "")
            text += part
            played -= seconds
        return text
