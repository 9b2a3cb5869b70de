"""Text from outside, made safe to show."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.text import escape_json, one_line, plain

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\r\n\t\x7f\u2028\ufeff\ud800" + BIDI)
)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("a\x9b2Jb", "a\ufffd2Jb"),
        ("a\rb\x7fc\x00", "a␍b␡c␀"),
        ("abc\u202edcb", "abc‹U+202E›dcb"),
        ("one\u2028two", "one‹U+2028›two"),
        ("caf\udce9", "caf\ufffd"),
        ("tag\U000e0041", "tag\ufffd"),
        ("a\tb\nc", "a    b\nc"),
        ("héllo [b]日本[/b] 👍🏽", "héllo [b]日本[/b] 👍🏽"),
    ],
)
def test_what_would_act_is_shown_instead(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


@given(HOSTILE)
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = plain(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in shown.replace("\n", ""))
    assert not set(shown) & set(BIDI)
    shown.encode()


@given(HOSTILE)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(HOSTILE, st.integers(1, 50))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line.splitlines()) <= 1
    assert len(line) <= limit
    assert line == line.strip() or line.endswith(" …")


def test_line_that_is_cut_says_so() -> None:
    assert one_line("  one\n two\tthree ", 100) == "one two three"
    assert one_line("one two three", 8) == "one two…"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters() | st.sampled_from('\\"\x7f\x9b' + BIDI)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_escaped_json_says_the_same_and_is_safe_to_print(value: object) -> None:
    escaped = escape_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(escaped) == value
    assert not any(unicodedata.category(char) == "Cc" for char in escaped)
    assert not set(escaped) & {*BIDI, "\u2028", "\u2029", "\ufeff"}
