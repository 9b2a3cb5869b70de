"""Logs as files: what subtitles must keep to, and text that must not act in them."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.commands import ImpossibleCommand
from sessions.events import Word
from sessions.state.export import FORMATS, LINE_LENGTH, LINES, Cue, cues, export
from sessions.state.log import Entry

HOSTILE = "\x1b[31mred\x1b[0m \u202eback\u202c <b>bold</b> {\\an8}up & 1 --> 2\n\n3\x9b2J"


def seconds(limit: float) -> st.SearchStrategy[float]:
    return st.floats(-1, limit) | st.sampled_from([float("nan"), float("inf")])


WORDS = st.builds(
    Word,
    st.text(max_size=8),
    seconds(100),
    seconds(100),
    seconds(1) | st.none(),
    st.integers(0, 3) | st.none(),
)
ENTRIES = st.lists(
    st.builds(
        Entry,
        st.sampled_from(["speech", "user", "answer", "note", "fault"]),
        st.text(max_size=200) | st.text("aß <b>-->&\n", max_size=200),
        st.text(max_size=10),
        seconds(1e7) | st.none(),
        seconds(1e7) | st.none(),
        st.lists(WORDS, max_size=5).map(tuple),
        st.integers(0, 3) | st.none(),
        st.text(max_size=10),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(ENTRIES)
def test_subtitles_are_in_order_never_overlap_and_fit(entries: list[Entry]) -> None:
    found = cues(entries)
    assert all(cue.end <= following.start for cue, following in pairwise(found))
    for cue in found:
        assert 0 <= cue.start < cue.end
        assert 1 <= len(cue.lines) <= LINES
        assert all(line.strip() and len(line) <= LINE_LENGTH for line in cue.lines)


@settings(max_examples=60, deadline=None)
@given(ENTRIES, st.sampled_from(sorted(FORMATS)))
def test_nothing_in_an_export_acts(entries: list[Entry], ending: str) -> None:
    try:
        text = export(entries, ending).decode()
    except ImpossibleCommand:
        assert ending in ("srt", "vtt")
        return
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text
    )
    if ending == "json":
        assert [(each["text"], each["remark"]) for each in json.loads(text)] == [
            (entry.text, entry.remark) for entry in entries
        ]
    elif ending != "txt":
        times = [line for line in text.splitlines() if "-->" in line]
        assert all(re.fullmatch(r"(\d{2,3}:\d\d:\d\d[,.]\d{3}( --> )?){2}", line) for line in times)


def test_a_long_utterance_is_split_where_its_words_are_said() -> None:
    said = tuple(Word(f"word{n:02}", float(n), n + 0.9) for n in range(20))
    entry = Entry("speech", " ".join(word.text for word in said), start=0.0, end=19.9, words=said)
    first, second = cues([entry])
    assert first.lines == (
        "word00 word01 word02 word03 word04 word05",
        "word06 word07 word08 word09 word10 word11",
    )
    assert (first.start, first.end, second.start, second.end) == (0, 12_000, 12_000, 19_900)


def test_subtitles_overlap_neither_where_channels_do_nor_where_no_end_is_known() -> None:
    entries = [
        Entry("speech", "One", start=0.0, end=2.0004),
        Entry("note", "2 s are missing", start=0.5),
        Entry("speech", "Two", start=1.9996, end=1.0),
        Entry("speech", "Three", start=2.0, end=3.0),
    ]
    assert cues(entries) == [
        Cue(0, 2000, ("One",)),
        Cue(2000, 2001, ("Two",)),
        Cue(2001, 3000, ("Three",)),
    ]


def test_what_is_written() -> None:
    entries = [
        Entry("speech", "Are you & I <here>?", start=3599.9995, end=3601.5, speaker=0),
        Entry("speech", HOSTILE, start=3602.0, end=3604.0, remark="unconfirmed"),
    ]
    srt = export(entries, "srt").decode()
    assert srt.startswith(
        "1\n01:00:00,000 --> 01:00:01,500\nSpeaker 1: Are you & I ‹here>?\n\n2\n01:00:02,000 --> "
    )
    assert "‹b>bold‹/b> { \\an8}up & 1 → 2" in srt.replace("\n", " ")
    vtt = export(entries, "vtt").decode()
    cue = "01:00:00.000 --> 01:00:01.500\n<v Speaker 1>Are you &amp; I &lt;here&gt;?</v>\n"
    assert vtt.startswith(f"WEBVTT\n\n{cue}\n01:00:02.000")
    assert "&lt;b&gt;bold&lt;/b&gt; {\\an8}up &amp; 1 --&gt; 2" in vtt.replace("\n", " ")
    text = export([Entry("user", "Hello"), Entry("answer", "Yes?", remark="stopped"), *entries[:1]], "txt")
    assert text.decode() == "You: Hello\nAnswer: Yes? (stopped)\nSpeaker 1: Are you & I <here>?\n"
    said = Entry("speech", "Hm", "so", 1.0, None, (Word("Hm", 1.0, 1.5, 0.4, 2),), 2)
    assert json.loads(export([said], "json")) == [
        {
            "role": "speech",
            "text": "Hm",
            "interim": "so",
            "remark": "",
            "start": 1.0,
            "end": None,
            "speaker": 2,
            "words": [{"text": "Hm", "start": 1.0, "end": 1.5, "confidence": 0.4, "speaker": 2}],
        }
    ]


@pytest.mark.parametrize(
    ("entries", "ending", "why"),
    [([], "txt", "nothing to save yet"), ([Entry("user", "Hello")], "srt", "text or JSON")],
)
def test_what_cannot_be_written_is_refused(entries: list[Entry], ending: str, why: str) -> None:
    with pytest.raises(ImpossibleCommand, match=why):
        export(entries, ending)
