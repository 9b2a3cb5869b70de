"""A transcript, from interims, finals and utterances."""

from sessions.events import Event, Final, Interim, Ready, Utterance
from sessions.state.log import Entry
from sessions.state.transcript import Transcript


def after(*events: Event) -> tuple[list[Entry], tuple[Entry, ...]]:
    log: list[Entry] = []
    transcript = Transcript(log)
    for event in events:
        transcript.apply(event, 0.0)
    return log, transcript.live


def test_interim_is_replaced_in_place() -> None:
    assert after(Ready(), Interim("I think so", 0, 1), Interim("I think", 0, 1)) == (
        [],
        (Entry("speech", "", "I think", 0),),
    )


def test_finals_are_joined_and_the_interim_stands_behind_them() -> None:
    events = [Interim("on", 0, 1), Final("One", 0.2, 1), Final("two", 1, 2), Interim("thr", 2, 3)]
    assert after(*events) == ([], (Entry("speech", "One two", "thr", 0.2),))


def test_utterance_settles_what_was_live() -> None:
    assert after(Final("One", 0, 1), Final("two.", 1, 2), Utterance("One two.", 0, 2)) == (
        [Entry("speech", "One two.", start=0)],
        (),
    )


def test_empty_interim_shows_nothing() -> None:
    assert after(Interim("uh", 0, 1), Interim("", 0, 1)) == ([], ())


def test_interim_of_the_next_utterance_outlives_the_end_of_this_one() -> None:
    _, live = after(Final("One.", 0, 1), Interim("and", 1, 2), Utterance("One.", 0, 1))
    assert live == (Entry("speech", "", "and", 1),)


def test_what_was_broken_off_is_marked() -> None:
    events = [
        Final("It was", 0, 1),
        Interim("nearly", 1, 2),
        Utterance("It was nearly", 0, 2, confirmed=False),
    ]
    assert after(*events) == ([Entry("speech", "It was nearly", start=0, remark="unconfirmed")], ())


def test_channels_are_kept_apart() -> None:
    log, live = after(
        Interim("right", 0, 1, channel=1),
        Final("left.", 0, 1),
        Interim("left again", 1, 2),
        Utterance("left.", 0, 1),
    )
    assert [entry.text for entry in log] == ["left."]
    assert [entry.tail for entry in live] == ["left again", "right"]
