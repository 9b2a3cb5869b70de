"""Latencies, by a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import SendText
from sessions.events import (
    AnswerText,
    Audio,
    Connecting,
    Event,
    Failed,
    Final,
    Ready,
    SpeechStopped,
    Utterance,
)
from sessions.state.timing import KEPT, Timing


def connected() -> Timing:
    timing = Timing()
    timing.apply(Connecting("there"), 99.0)
    timing.apply(Ready(), 99.5)
    return timing


def listening(seconds: float = 10.0, begun: float = 100.0) -> Timing:
    """Blocks of 100 ms, each handed on when it is full."""
    timing = connected()
    for block in range(round(seconds * 10)):
        timing.heard(0.1, begun + (block + 1) / 10)
    return timing


def settle(timing: Timing, t: float, *ends: float) -> None:
    for end in ends:
        timing.apply(Final("words", 0.0, end), t)
    timing.apply(Utterance("words", 0.0, ends[-1]), t + 1.0)


def test_a_final_is_measured_from_the_end_of_its_speech() -> None:
    timing = listening()
    settle(timing, 103.0, 2.35)
    assert timing.latencies == pytest.approx((0.65,))


def test_an_utterance_is_measured_once_by_its_last_final() -> None:
    timing = listening()
    settle(timing, 106.0, 1.0, 3.0, 5.5)
    assert timing.latencies == pytest.approx((0.5,))


def test_audio_that_stood_still_is_not_waited_for() -> None:
    """Push-to-talk: the audio's own time stops between two stretches of talk."""
    timing = listening(2.0)
    for block in range(10):
        timing.heard(0.1, 200.1 + block / 10)
    settle(timing, 102.4, 2.0)
    settle(timing, 201.25, 3.0)
    assert timing.latencies == pytest.approx((0.4, 0.25))


def test_an_end_that_was_never_sent_counts_from_the_last_that_was() -> None:
    timing = listening(1.0)
    settle(timing, 101.5, 1.2)
    assert timing.latencies == pytest.approx((0.5,))


def test_what_cannot_be_known_is_not_measured() -> None:
    timing = connected()
    settle(timing, 101.0, 0.5)
    assert timing.latencies == ()
    timing = listening()
    timing.apply(Final("half", 0.0, 2.0), 103.0)
    timing.apply(Utterance("half a sen", 0.0, 2.0, confirmed=False), 103.0)
    assert timing.latencies == ()
    timing.apply(Connecting("there"), 110.0)
    settle(timing, 111.0, 2.0)
    assert timing.latencies == (), "the audio of another connection counts from its own start"


def test_a_turn_that_waits_for_a_connection_waits_and_one_that_broke_off_does_not() -> None:
    timing = connected()
    timing.asked(SendText("lost", "Why?"), 100.0)
    timing.apply(Failed("gone"), 101.0)
    timing.apply(AnswerText("a", "i", "Late."), 101.5)
    timing.asked(SendText("kept", "Why?"), 102.0)
    timing.apply(Connecting("there"), 103.0)
    timing.apply(Failed("not there"), 103.1)
    timing.apply(Connecting("there"), 104.0)
    timing.apply(Ready(), 104.5)
    timing.apply(AnswerText("b", "j", "Because."), 105.0)
    assert timing.latencies == pytest.approx((3.0,))


def test_an_answer_is_measured_once_to_its_first_sign() -> None:
    timing = connected()
    timing.asked(SendText("item", "Why?"), 100.0)
    timing.apply(AnswerText("a", "i", "Be"), 100.4)
    timing.apply(Audio("i", b"\0\0", 24000), 100.5)
    timing.apply(SpeechStopped(3.0), 110.0)
    timing.apply(Audio("j", b"\0\0", 24000), 110.2)
    timing.apply(AnswerText("b", "j", "cause"), 110.3)
    assert timing.latencies == pytest.approx((0.4, 0.2))


EVENTS = st.one_of(
    st.builds(Final, st.just("x"), st.floats(), st.floats(), channel=st.integers(0, 1)),
    st.builds(Utterance, st.just("x"), st.floats(), st.floats(), st.booleans(), st.integers(0, 1)),
    st.builds(SpeechStopped, st.floats()),
    st.builds(Audio, st.sampled_from(["a", "b"]), st.just(b"\0\0"), st.just(24000)),
    st.builds(AnswerText, st.just("r"), st.just("i"), st.just("x")),
    st.just(Connecting("there")),
    st.just(Ready()),
    st.just(Failed("gone")),
)


@given(st.lists(EVENTS, max_size=200))
def test_no_order_of_events_makes_a_latency_that_cannot_be(events: list[Event]) -> None:
    timing = listening(3.0)
    for number, event in enumerate(events):
        t = 104.0 + number
        timing.heard(0.1, t)
        if number % 7 == 0:
            timing.asked(SendText("item", "Why?"), t)
        timing.apply(event, t + 0.5)
    assert len(timing.latencies) <= KEPT
    assert all(0.0 <= latency <= 400.0 for latency in timing.latencies)
