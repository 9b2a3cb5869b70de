"""Where the words of a provider stand in the text that it gives with them."""

from collections.abc import Sequence

from sessions.events import Word

_AHEAD = 200
"""Characters within which a word is looked for; one further on is another of the same name."""


def places(text: str, words: Sequence[Word]) -> list[tuple[int, int] | None]:
    """Return begin and end of each word in `text`, in their order; none for one that is not there.

    The text may write them otherwise ("one hundred", "100"), and in other case.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters have no single small one
        lowered = text
    found: list[tuple[int, int] | None] = []
    at = 0
    for word in words:
        wanted = word.text.strip() if lowered is text else word.text.strip().lower()
        begin = _find_word(lowered, wanted, at)
        if begin is None:
            found.append(None)
        else:
            at = begin + len(wanted)
            found.append((begin, at))
    return found


def _find_word(text: str, word: str, at: int) -> int | None:
    """Return where a word begins from a place on, as a whole word in scripts that keep them apart."""
    limit = at + _AHEAD + len(word)
    while word and (begin := text.find(word, at, limit)) >= 0:
        if not (_is_inside(text, begin) or _is_inside(text, begin + len(word))):
            return begin
        at = begin + 1
    return None


def _is_inside(text: str, at: int) -> bool:
    """Whether a place has letters or digits of such a script on both sides."""
    around = text[at - 1 : at + 1] if at else ""
    return len(around) == 2 and around.isascii() and around.isalnum()


def speaker_name(speaker: int) -> str:
    """Name a speaker for people, who count from 1; providers count from 0."""
    return f"Speaker {speaker + 1}"
