"""A transcript, from interims, finals and utterances."""

import pytest

from sessions.events import Connecting, Event, Final, Interim, Ready, Utterance, Word
from sessions.state.log import Entry
from sessions.state.transcript import Transcript
from sessions.state.words import places


def after(*events: Event) -> tuple[list[Entry], tuple[Entry, ...]]:
    log: list[Entry] = []
    transcript = Transcript(log)
    for event in events:
        transcript.apply(event, 0.0)
    return log, transcript.live


def test_interim_is_replaced_in_place() -> None:
    assert after(Ready(), Interim("I think so", 0, 1), Interim("I think", 0, 1)) == (
        [],
        (Entry("speech", "", "I think", 0, 1),),
    )


def test_finals_are_joined_and_the_interim_stands_behind_them() -> None:
    events = [Interim("on", 0, 1), Final("One", 0.2, 1), Final("two", 1, 2), Interim("thr", 2, 3)]
    assert after(*events) == ([], (Entry("speech", "One two", "thr", 0.2, 3),))


def test_utterance_settles_what_was_live() -> None:
    assert after(Final("One", 0, 1), Final("two.", 1, 2), Utterance("One two.", 0, 2)) == (
        [Entry("speech", "One two.", start=0, end=2)],
        (),
    )


def test_empty_interim_shows_nothing() -> None:
    assert after(Interim("uh", 0, 1), Interim("", 0, 1)) == ([], ())


def test_interim_of_the_next_utterance_outlives_the_end_of_this_one() -> None:
    _, live = after(Final("One.", 0, 1), Interim("and", 1, 2), Utterance("One.", 0, 1))
    assert live == (Entry("speech", "", "and", 1, 2),)


def test_what_was_broken_off_is_marked() -> None:
    events = [
        Final("It was", 0, 1),
        Interim("nearly", 1, 2),
        Utterance("It was nearly", 0, 2, confirmed=False),
    ]
    assert after(*events) == ([Entry("speech", "It was nearly", start=0, end=2, remark="unconfirmed")], ())


def test_channels_are_kept_apart() -> None:
    log, live = after(
        Interim("right", 0, 1, channel=1),
        Final("left.", 0, 1),
        Interim("left again", 1, 2),
        Utterance("left.", 0, 1),
    )
    assert [entry.text for entry in log] == ["left."]
    assert [entry.tail for entry in live] == ["left again", "right"]


def words(*said: tuple[str, int | None]) -> tuple[Word, ...]:
    return tuple(Word(text, at, at + 0.5, 0.9, speaker) for at, (text, speaker) in enumerate(said))


def test_words_with_their_confidence_stay_with_what_they_are_of() -> None:
    said = words(("Well", None), ("yes.", None))
    log, live = after(Final("Well yes.", 0, 2, words=said), Interim("and", 2, 3))
    assert (log, live) == ([], (Entry("speech", "Well yes.", "and", 0, 3, said),))
    log, _ = after(Final("Well yes.", 0, 2, words=said), Utterance("Well yes.", 0, 2))
    assert log == [Entry("speech", "Well yes.", "", 0, 2, said)]


def test_each_speaker_has_a_turn() -> None:
    said = words(("Are", 0), ("you", 0), ("there?", 0), ("Yes,", 1), ("I", 1), ("am.", 1))
    final = Final("Are you there? Yes, I am.", 0, 6, words=said)
    log, _ = after(final, Utterance(final.text, 0, 6))
    assert [(entry.speaker, entry.text, entry.start, entry.end) for entry in log] == [
        (0, "Are you there?", 0, 2.5),
        (1, "Yes, I am.", 3, 6),
    ]
    assert [len(entry.words) for entry in log] == [3, 3]
    _, live = after(final, Interim("Good", 6, 7))
    assert [(entry.text, entry.tail) for entry in live] == [("Are you there?", ""), ("Yes, I am.", "Good")]


def test_speakers_whose_words_are_not_in_the_text_stay_together() -> None:
    final = Final("Forty two.", 0, 2, words=words(("42", 0), ("or", 1)))
    log, _ = after(final, Utterance(final.text, 0, 2))
    assert [entry.text for entry in log] == ["Forty two."]


def test_time_goes_on_over_connections() -> None:
    said = (Word("Two.", 0.5, 1.5),)
    log, _ = after(
        Connecting("one"),
        Final("One.", 1, 4),
        Utterance("One.", 1, 4),
        Connecting("two"),
        Final("Two.", 0.5, 1.5, words=said),
        Utterance("Two.", 0.5, 1.5),
    )
    assert [(entry.start, entry.end) for entry in log] == [(1, 4), (4.5, 5.5)]
    assert log[1].words == (Word("Two.", 4.5, 5.5),)


@pytest.mark.parametrize("text", ["", "İ and ß", "yes yes"])
def test_words_are_found_in_any_case_and_in_their_order(text: str) -> None:
    found = places(text, words(("YES", None), ("no", None), ("Yes", None), ("", None)))
    assert found == ([(0, 3), None, (4, 7), None] if text == "yes yes" else [None] * 4)
