"""Sentences as spans of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.providers.sentences import spans


def cut(text: str, longest: int = 2000) -> list[str]:
    return [text[begin:end] for begin, end in spans(text, longest)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n ", []),
        ("One", ["One"]),
        ("One. Two! Three? Four…", ["One. ", "Two! ", "Three? ", "Four…"]),
        ('He said "go." Then he went.', ['He said "go." ', "Then he went."]),
        ("Version 1.5 is out", ["Version 1.5 is out"]),
        ("A heading\n\nA line", ["A heading\n\n", "A line"]),
        ("Well... fine", ["Well... ", "fine"]),
    ],
)
def test_sentence_ends_where_a_reader_would_pause(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


def test_long_sentence_is_cut_after_a_clause_else_a_word_else_anywhere() -> None:
    assert cut("first part, second part", 16) == ["first part, ", "second part"]
    assert cut("no clause in here", 12) == ["no clause ", "in here"]
    assert cut("incomprehensible", 10) == ["incomprehe", "nsible"]


def test_long_row_of_dots_is_no_trouble() -> None:
    assert cut("." * 300_000, 300_000) == ["." * 300_000]


TEXTS = st.text(st.sampled_from("ab .,;!?…\"')\n\t") | st.characters(exclude_categories=()))


@given(TEXTS, st.integers(1, 40))
def test_every_word_is_spoken_once_and_in_order(text: str, longest: int) -> None:
    found = spans(text, longest)
    edges = [0, *(edge for span in found for edge in span), len(text)]
    assert edges == sorted(edges)
    assert all(0 < end - begin <= longest for begin, end in found)
    left_out = "".join(text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True))
    assert not left_out.strip()


@given(TEXTS, st.integers(1, 40))
def test_no_span_is_blank(text: str, longest: int) -> None:
    assert all(text[begin:end].strip() for begin, end in spans(text, longest))
