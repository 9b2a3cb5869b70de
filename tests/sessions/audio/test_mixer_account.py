"""The account of what was put out, cut off and heard."""

from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessions.audio.jitter import LEAST
from sessions.audio.mixer import KEPT, Mixer, Progress
from sessions.audio.modes import ARBITRATIONS, Arbitration
from sessions.audio.pcm import RATE, Samples
from sessions.audio.track import FADE_FRAMES, Track
from tests.sessions.audio.sink import Clock, account, pull, say, saying, settled, tone

DEPTH = round(LEAST * RATE)


def test_progress_is_what_was_put_out() -> None:
    mixer = saying("a", "b")
    pull(mixer, 0.25)
    assert account(mixer, "a") == Progress(0.25, 1.0, finished=False, paused=False, current=True)
    assert account(mixer, "b") == Progress(0.0, 1.0, finished=False, paused=False, current=False)
    assert mixer.sounding("g") == ["a", "b"] and mixer.sounding("other") == []
    pull(mixer, 1.0)
    assert account(mixer, "a") == Progress(1.0, 1.0, finished=True, paused=False, current=False)
    assert account(mixer, "b").played == 0.25
    assert mixer.sounding("g") == ["b"] and mixer.progress("other") == {}


def test_what_is_still_in_the_device_was_not_heard() -> None:
    mixer, heard = saying("a"), []
    for _ in range(6):
        pull(mixer, 0.2, latency=0.1)
        heard.append(account(mixer, "a").played)
    assert heard == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
    assert account(mixer, "a").finished


def test_last_sound_in_the_device_still_counts_as_sounding() -> None:
    mixer = saying("a", "b")
    pull(mixer, 1.05, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.95)
    assert account(mixer, "a").current
    assert mixer.sounding("g") == ["a", "b"]


def test_account_goes_on_while_the_device_empties_in_an_underrun() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", tone(0.2), RATE)
    pull(mixer, 0.2, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.1)
    pull(mixer, 0.1, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.2)
    mixer.add("a", "g", tone(0.2), RATE)
    pull(mixer, 0.15, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.25)
    mixer.end("a")
    assert account(mixer, "a").played == pytest.approx(0.25)


def test_account_goes_by_the_clock_between_pulls() -> None:
    clock = Clock()
    mixer = Mixer(clock)
    say(mixer, "a")
    mixer.pull(RATE // 2)
    mixer.anchor(0, 0.1)
    played = []
    for clock.now in (0.0, 0.1, 0.25, 0.5, 0.6, 0.9):
        played.append(account(mixer, "a").played)
    assert played == pytest.approx([0.0, 0.0, 0.15, 0.4, 0.5, 0.5])
    assert mixer.time_of(RATE) == pytest.approx(1.1)


def test_what_was_heard_stays_heard_when_another_device_takes_longer() -> None:
    mixer = saying("a")
    pull(mixer, 0.5, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.4)
    mixer.anchor(mixer.pulled, 0.3)
    assert account(mixer, "a").played == pytest.approx(0.4)
    pull(mixer, 0.3, latency=0.3)
    assert account(mixer, "a").played == pytest.approx(0.5)


def test_account_knows_at_which_speed_what_is_heard_was_put_out() -> None:
    mixer = saying("a", seconds=3.0)
    channel = mixer.channel("g")
    for speed in (2.0, 0.5):
        channel.speed = speed
        for _ in range(50):
            mixer.pull(480)
    for latency, played in ((1.0, 0.0), (0.75, 0.5), (0.5, 1.0), (0.25, 1.125), (0.0, 1.25)):
        mixer.anchor(mixer.pulled, latency)
        assert account(mixer, "a").played == pytest.approx(played, abs=0.05)


TAKES = st.tuples(st.sampled_from([0.5, 0.9, 1.0, 1.5, 2.0]), st.integers(0, 3000), st.integers(1, 1000))


@given(st.lists(TAKES, max_size=50))
@example([(0.5, 48_000, 480), (2.0, 0, 1)])
@example([(2.0, 1080, 1)] * 20)
def test_account_never_goes_back_nor_too_far_at_any_speed(takes: list[tuple[float, int, int]]) -> None:
    track, frame, before = Track(0, "a", "g", RATE), 0, 0
    for speed, added, count in takes:
        track.append(np.ones(added, np.int16))
        frame += track.take(count, frame, speed).size
        assert before <= track.pulled <= track.received
        assert track.heard(frame) == track.pulled
        before = track.pulled
    track.end()
    while track.take(480, frame, 1.0).size:
        frame += 480
    assert track.exhausted and track.pulled == track.received


def test_accounts_are_kept_for_so_many_utterances() -> None:
    mixer = Mixer(Clock())
    say(mixer, "waiting", "other")
    mixer.pause("other", paused=True)
    for number in range(KEPT + 100):
        say(mixer, str(number), seconds=0.001)
        pull(mixer, 0.001)
    assert list(mixer.progress("g")) == [str(number) for number in range(101, KEPT + 100)]
    assert list(mixer.progress("other")) == ["waiting"]


# Cuts


def test_stop_returns_what_the_device_was_given() -> None:
    mixer = saying("a")
    pull(mixer, 0.35, latency=0.1)
    assert account(mixer, "a").played == pytest.approx(0.25)
    assert mixer.stop("a") == 0.35
    assert mixer.sounding("g") == []
    assert account(mixer, "a") == Progress(0.35, 0.35, finished=True, paused=False, current=False)
    assert mixer.stop("a") == 0.35


def test_stop_of_what_is_only_in_the_device_takes_nothing_back() -> None:
    mixer = saying("a")
    pull(mixer, 1.05, latency=0.1)
    assert mixer.sounding("g") == ["a"]
    assert mixer.stop("a") == 1.0
    assert mixer.sounding("g") == []


def test_stop_lets_the_next_one_play() -> None:
    mixer = saying("a", "b")
    pull(mixer, 0.25)
    mixer.stop("a")
    assert settled(pull(mixer, 1.0)) == {2000}


def test_stop_of_what_waits_is_not_heard() -> None:
    mixer = saying("a", "b", "c")
    pull(mixer, 0.25)
    assert mixer.stop("b") == 0.0
    assert set(pull(mixer, 0.75)) == {1000}
    assert settled(pull(mixer, 1.0)) == {3000}


def test_stop_while_paused_is_silent() -> None:
    mixer = saying("a")
    pull(mixer, 0.25)
    mixer.pause("g", paused=True)
    pull(mixer, 0.1)
    assert mixer.stop("a") == 0.25
    mixer.pause("g", paused=False)
    assert not pull(mixer, 0.1).any()


def test_audio_that_comes_after_the_stop_is_not_played() -> None:
    mixer = saying("a")
    pull(mixer, 0.25)
    mixer.stop("a")
    mixer.add("a", "g", tone(1.0), RATE)
    mixer.end("a")
    assert settled(pull(mixer, 0.5)) == {0}


def test_what_was_heard_to_its_end_stays_so_when_stopped() -> None:
    mixer = saying("a")
    pull(mixer, 1.5)
    assert mixer.stop("a") == 1.0
    assert account(mixer, "a") == Progress(1.0, 1.0, finished=True, paused=False, current=False)


def test_stop_of_an_unknown_utterance_heard_nothing() -> None:
    assert Mixer().stop("x") == 0.0


def test_skip_cuts_off_the_groups_present_utterance() -> None:
    mixer = saying("a", "b", group="one")
    say(mixer, "c", "two", value=3000)
    pull(mixer, 0.25)
    assert mixer.skip("one") == "a"
    assert mixer.skip("two") == "c", "its first, though it is not its turn"
    assert settled(pull(mixer, 0.5)) == {2000}
    assert (mixer.skip("one"), mixer.skip("one"), mixer.skip("two")) == ("b", "", "")
    assert settled(pull(mixer, 0.1)) == {0}


def test_broken_off_utterance_ends_with_what_came() -> None:
    mixer = saying("a", seconds=0.01)
    mixer.end("a")
    mixer.add("a", "g", tone(1.0), RATE)
    pull(mixer, 0.02)
    assert account(mixer, "a") == Progress(0.01, 0.01, finished=True, paused=False, current=False)


@pytest.mark.parametrize("policy", ARBITRATIONS)
@pytest.mark.parametrize("heard", [0.0, 0.25, 1.5])
def test_utterance_plays_again(policy: Arbitration, heard: float) -> None:
    mixer = saying("a", "b")
    mixer.policy = policy
    pull(mixer, heard)
    mixer.forget("a")
    mixer.forget("a")
    mixer.stop("b")
    say(mixer, "a", value=3000)
    assert account(mixer, "a").played == 0.0
    assert settled(pull(mixer, 1.0)) == {3000}
    assert account(mixer, "a").finished


# Any sizes of chunks and pulls

SIZES = st.lists(st.integers(1, 3 * DEPTH), max_size=8).map(lambda sizes: [*sizes, DEPTH])


@given(st.integers(1, 6 * DEPTH), SIZES, SIZES, st.integers(0, 8))
def test_what_is_heard_is_what_was_added(
    length: int, chunks: list[int], pulls: list[int], ahead: int
) -> None:
    """To the sample, but for the fades at underruns."""
    wave = (np.arange(length) % 30_000 + 1).astype(np.int16)
    sizes, source = cycle(pulls), in_chunks(wave, chunks)
    mixer = Mixer(Clock())
    for chunk in islice(source, ahead):
        mixer.add("a", "g", chunk, RATE)
    at, whole = 0, 0
    while at < length:
        if chunk := next(source, b""):
            mixer.add("a", "g", chunk, RATE)
        else:
            mixer.end("a")
        size = next(sizes)
        out = mixer.pull(size)
        count = round(account(mixer, "a").played * RATE) - at
        assert np.array_equal(out[whole:count], wave[at : at + count][whole:])
        whole = max(0, whole - count)
        at += count
        if count < size:
            assert not out[count + FADE_FRAMES :].any()
            whole = FADE_FRAMES if at else 0  # it begins as it came, and goes on by a fade
    mixer.end("a")
    assert account(mixer, "a").finished
    assert settled(pull(mixer, 0.1)) == {0}


def in_chunks(samples: Samples, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in cycle(sizes):
        if at >= samples.size:
            return
        yield samples[at : at + size].tobytes()
        at += size
