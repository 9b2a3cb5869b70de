"""How long an utterance waits, learnt from the arrival of those before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.jitter import LEAST, MOST, Jitter

CHUNK = 0.1


def arrive(jitter: Jitter, *times: float) -> None:
    """An utterance, a chunk of 0.1 s at each of these times."""
    jitter.begin()
    for time in times:
        jitter.arrived(time, CHUNK)


def test_without_experience_it_is_the_least() -> None:
    assert Jitter().depth == LEAST


@pytest.mark.parametrize("times", [(0.0, 0.0, 0.0), (0.0, 0.1, 0.2, 0.3), (5.0, 5.01, 5.2)])
def test_what_comes_in_time_needs_no_more_than_the_least(times: tuple[float, ...]) -> None:
    jitter = Jitter()
    arrive(jitter, *times)
    assert jitter.depth == LEAST


@pytest.mark.parametrize("times", [(0.0, 0.5), (0.0, 0.0, 0.6, 0.6), (7.0, 7.1, 7.6), (0.0, 0.5, 0.5, 0.3)])
def test_it_is_a_quarter_more_than_the_audio_was_late(times: tuple[float, ...]) -> None:
    jitter = Jitter()
    arrive(jitter, *times)
    assert jitter.depth == pytest.approx(0.4 * 1.25)


def test_it_is_limited() -> None:
    jitter = Jitter()
    arrive(jitter, 0.0, 2.0)
    assert jitter.depth == MOST


def test_pause_of_the_provider_is_not_lateness() -> None:
    jitter = Jitter()
    arrive(jitter, 0.0, 0.1, 10.0, 10.1, 10.5)
    assert jitter.depth == pytest.approx(0.3 * 1.25), "only what came after the pause counts"


def test_time_between_utterances_is_not_lateness() -> None:
    jitter = Jitter()
    arrive(jitter, 0.0, 0.1)
    arrive(jitter, 1.5, 1.6)
    assert jitter.depth == LEAST


def test_the_worst_of_the_last_eight_utterances_counts() -> None:
    jitter = Jitter()
    arrive(jitter, 0.0, 0.5)
    arrive(jitter, 10.0, 10.3)
    for number in range(2, 8):
        arrive(jitter, 10.0 * number, 10.0 * number)
    assert jitter.depth == pytest.approx(0.4 * 1.25)
    arrive(jitter, 80.0)
    assert jitter.depth == pytest.approx(0.2 * 1.25)
    arrive(jitter, 90.0)
    assert jitter.depth == LEAST


def test_utterance_without_audio_is_none() -> None:
    jitter = Jitter()
    arrive(jitter, 0.0, 0.5)
    for _ in range(20):
        jitter.begin()
    assert jitter.depth == pytest.approx(0.4 * 1.25)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10), st.floats(0, 10))))
def test_it_is_within_its_bounds_whatever_comes(arrivals: list[tuple[bool, float, float]]) -> None:
    jitter, now = Jitter(), 0.0
    for new, later, seconds in arrivals:
        if new:
            jitter.begin()
        now += later
        before = jitter.depth
        jitter.arrived(now, seconds)
        assert before <= jitter.depth <= MOST


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=50), st.floats(0, 1e6))
def test_utterance_that_had_waited_so_long_would_not_have_starved(lates: list[float], start: float) -> None:
    jitter = Jitter()
    times = sorted(start + number * CHUNK + late for number, late in enumerate(lates))
    arrive(jitter, *times)
    # It starts at the latest when a depth's worth of real time has gone by since the first chunk.
    for number, time in enumerate(times):
        assert time <= times[0] + jitter.depth + number * CHUNK + 1e-6
