"""Which word of a text sounds when."""

from bisect import bisect_left, bisect_right

from sessions.events import Word
from sessions.providers.spoken_text import letters

_AHEAD = 8
"""Words of the text that may be passed over to find the one that is spoken."""


class SpokenWords:
    """Finds the words that a provider tells in the text that it was given to speak.

    Only letters and digits are compared. A word goes on where the one before has ended, or is one of the next
    few; what is spoken otherwise than it is written (a number in words) is found nowhere and passed over.
    Places and times never go back.
    """

    def __init__(self, text: str) -> None:
        self._letters = letters(text)
        self._places = [at for at, char in enumerate(text) if char.isalnum()]
        gaps = [n for n in range(1, len(self._places)) if self._places[n] - self._places[n - 1] > 1]
        self._bounds = [0, *gaps, len(self._places)]
        """Of the text's words, among the letters."""
        self._next = 0
        """The letter behind the last that was found."""
        self._starts: list[float] = []
        self._spans: list[tuple[int, int]] = []

    def add(self, words: tuple[Word, ...]) -> None:
        """Take the next words, with the seconds of the utterance's audio at which they start."""
        for word in words:
            heard = letters(word.text)
            first = self._find(heard) if heard else None
            if first is not None:
                self._next = first + len(heard)
                self._starts.append(max([word.start, *self._starts[-1:]]))
                self._spans.append((self._places[first], self._places[self._next - 1] + 1))

    def at(self, seconds: float) -> tuple[int, int] | None:
        """Return the part of the text that is the word begun last at this time of the audio."""
        begun = bisect_right(self._starts, seconds)
        return self._spans[begun - 1] if begun else None

    def _find(self, heard: str) -> int | None:
        if self._letters.startswith(heard, self._next):
            return self._next
        at = bisect_left(self._bounds, self._next)
        return next((first for first in self._bounds[at : at + _AHEAD] if self._is_word(heard, first)), None)

    def _is_word(self, heard: str, first: int) -> bool:
        last = first + len(heard)
        ends = self._bounds[bisect_left(self._bounds, last) :][:1] == [last]
        return ends and self._letters.startswith(heard, first)
