"""Following speech through its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.events import Word
from sessions.providers.spoken_text import SpokenText, WholeSamples, letters


def letter_by_letter(text: str, start: float = 0.0) -> list[tuple[str, float, float]]:
    """Each character sounds for a second."""
    return [(char, start + at, start + at + 1) for at, char in enumerate(text)]


def test_words_are_told_with_their_punctuation_when_their_last_letter_sounds() -> None:
    text = SpokenText('Say "hi", Jo.')
    _, words = text.follow(letter_by_letter('Say "h'))
    assert words == (Word("Say", 0.0, 3.0),)
    _, words = text.follow(letter_by_letter('i", Jo.', 6.0))
    assert words == (Word('"hi",', 5.0, 7.0), Word("Jo.", 10.0, 12.0))
    assert text.over and text.until == 12.0


def test_sentences_begin_with_their_first_letter() -> None:
    text = SpokenText("One. “Two.” Three.")
    begun, _ = text.follow([("One.", 0.1, 0.4), ("Two.", 0.5, 0.8)])
    assert begun == [(0, 5, 0.1), (5, 12, 0.5)]
    assert not text.over


@pytest.mark.parametrize(
    "pieces",
    [["One two", "One two"], ["One", "ne two"], ["one", "?", "TWO"], ["Onetwo"], ["On", "e t", "wo "]],
)
def test_overlaps_letter_case_and_borders_do_not_matter(pieces: list[str]) -> None:
    text = SpokenText("One two.")
    words = [word for piece in pieces for word in text.follow(letter_by_letter(piece))[1]]
    assert [word.text for word in words] == ["One", "two."]


def test_what_is_rewritten_stops_the_following() -> None:
    text = SpokenText("It costs 5 francs.")
    _, words = text.follow([("It costs five francs.", 0.0, 2.0)])
    assert [word.text for word in words] == ["It", "costs"]
    assert not text.over


def test_whether_letters_go_on_is_seen_by_what_is_next() -> None:
    text = SpokenText("One two.")
    text.follow([("One", 0.0, 1.0)])
    assert text.goes_on_with("tw") and text.goes_on_with("twoand")
    assert not text.goes_on_with("one")


@given(st.text(max_size=40))
def test_any_text_is_over_when_all_of_it_has_sounded(said: str) -> None:
    text = SpokenText(said)
    _, words = text.follow(letter_by_letter(said))
    assert text.over
    assert [word.text for word in words] == [token for token in said.split() if letters(token)]


@given(st.lists(st.binary(max_size=5)))
def test_samples_are_put_together(pieces: list[bytes]) -> None:
    samples = WholeSamples()
    whole = [samples.add(piece) for piece in pieces]
    assert all(len(piece) % 2 == 0 for piece in whole)
    joined = b"".join(pieces)
    assert b"".join(whole) == joined[: len(joined) // 2 * 2]
    assert samples.count == len(joined) // 2
