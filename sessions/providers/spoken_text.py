"""What speech codecs share: which words of a text sound when, and samples that come in pieces."""

import re
from collections.abc import Iterable

from sessions.events import Word
from sessions.providers.sentences import spans

LONGEST_INPUT = 2000
"""Characters of one message; the services that share this name no limit."""

_TOKEN = re.compile(r"\S+")


def letters(text: str) -> str:
    """Return what of `text` is heard: letters and digits, in lower case, one for each."""
    return "".join(char.lower()[0] for char in text if char.isalnum())


class SpokenText:
    """Follows speech through a text by the characters of which the provider says when they sound.

    Only letters and digits count. One that is not the next is passed over, so that alignments which overlap
    or begin anew do no harm; a text that the provider has rewritten (numbers as words) stops the following.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.until = 0.0
        """Seconds: the end of the last letter that was found."""
        self._letters = letters(text)
        self._places = [at for at, char in enumerate(text) if char.isalnum()]
        self._next = 0
        self._sentences = spans(text, len(text))[::-1]
        self._tokens = [match.span() for match in _TOKEN.finditer(text) if letters(match[0])][::-1]
        self._word_start: float | None = None

    @property
    def over(self) -> bool:
        return self._next == len(self._letters)

    def goes_on_with(self, heard: str) -> bool:
        """Whether these `letters` are the next ones."""
        rest = self._letters[self._next :]
        return rest.startswith(heard) or heard.startswith(rest)

    def follow(
        self, timed: Iterable[tuple[str, float, float]]
    ) -> tuple[list[tuple[int, int, float]], tuple[Word, ...]]:
        """Move on over pieces of text, each with the seconds of its start and end.

        Return (begin, end, start) of the sentences that begin in them, and the words that are complete.
        """
        begun: list[tuple[int, int, float]] = []
        words: list[Word] = []
        for piece, start, end in timed:
            for letter in letters(piece):
                if self.over or letter != self._letters[self._next]:
                    continue
                place = self._places[self._next]
                self._next += 1
                self.until = end
                begun += [(*sentence, start) for sentence in self._sentences_until(place)]
                words += self._words_until(place, start, end)
        return begun, tuple(words)

    def _sentences_until(self, place: int) -> list[tuple[int, int]]:
        found = []
        while self._sentences and self._sentences[-1][0] <= place:
            found.append(self._sentences.pop())
        return found

    def _words_until(self, place: int, start: float, end: float) -> list[Word]:
        if self._word_start is None:
            self._word_start = start
        token = self._tokens[-1]
        if not self.over and self._places[self._next] < token[1]:
            return []
        word = Word(self.text[slice(*self._tokens.pop())], self._word_start, end)
        self._word_start = None
        return [word]


class WholeSamples:
    """Puts together 16-bit samples that were split between pieces of audio."""

    def __init__(self) -> None:
        self.count = 0
        """Of samples so far."""
        self._odd = b""

    def add(self, piece: bytes) -> bytes:
        """Return the whole samples that there are now."""
        data = self._odd + piece
        whole = len(data) // 2 * 2
        self._odd = data[whole:]
        self.count += whole // 2
        return data[:whole]
