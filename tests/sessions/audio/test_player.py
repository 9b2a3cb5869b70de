"""The queue of what is heard, and the account of what was: a sink that pulls by hand."""

from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.pcm import Samples
from sessions.audio.player import FADE, START_DEPTH, Player, Progress

RATE = 8000
DEPTH = int(START_DEPTH * RATE)
FADED = int(FADE * RATE)


def tone(seconds: float, value: int = 1000) -> bytes:
    return np.full(int(seconds * RATE), value, "<i2").tobytes()


def playing(*names: str, seconds: float = 1.0, group: str = "g", latency: float = 0.0) -> Player:
    """Utterances that are complete, of samples 1000, 2000, ..."""
    player = Player(RATE)
    player.latency = latency
    for number, name in enumerate(names, 1):
        player.add(name, group, tone(seconds, 1000 * number), RATE)
        player.end(name)
    return player


def pull(player: Player, seconds: float) -> Samples:
    return player.pull(round(seconds * RATE))


def account(player: Player, name: str, group: str = "g") -> Progress:
    return player.progress(group)[name]


# The queue


def test_utterances_play_one_after_another_without_a_gap() -> None:
    out = pull(playing("a", "b"), 2.5)
    assert (out[:RATE] == 1000).all()
    assert (out[RATE : 2 * RATE] == 2000).all()
    assert not out[2 * RATE :].any()


def test_order_is_that_in_which_audio_began_to_come() -> None:
    player = Player(RATE)
    player.add("a", "g", tone(0.1, 1), RATE)
    player.add("b", "g", tone(0.1, 2), RATE)
    player.add("a", "g", tone(0.1, 1), RATE)
    player.end("a")
    player.end("b")
    out = pull(player, 0.3)
    assert list(out[out != 0]) == [1] * 1600 + [2] * 800


def test_utterance_starts_when_enough_of_it_is_there() -> None:
    player = Player(RATE)
    player.add("a", "g", tone(0.05), RATE)
    assert not pull(player, 0.1).any()
    assert not account(player, "a").current
    player.add("a", "g", tone(0.05), RATE)
    assert account(player, "a").current
    assert (pull(player, 0.1) == 1000).all()


def test_short_utterance_starts_when_it_is_complete() -> None:
    player = playing("a", seconds=0.01)
    assert (pull(player, 0.01) == 1000).all()


def test_underrun_is_silence_and_not_the_next_ones_turn() -> None:
    player = Player(RATE)
    player.add("a", "g", tone(0.1), RATE)
    player.add("b", "g", tone(0.1, 2000), RATE)
    out = pull(player, 0.3)
    assert (out[:800] == 1000).all() and not out[800:].any()
    assert account(player, "a").current, "it is only waiting"
    player.add("a", "g", tone(0.01), RATE)
    player.end("a")
    player.end("b")
    out = pull(player, 0.2)
    assert (out[:80] == 1000).all() and (out[80:880] == 2000).all() and not out[880:].any()


def test_audio_of_another_rate_is_resampled() -> None:
    player = Player(2 * RATE)
    player.add("a", "g", tone(1.0), RATE)
    player.end("a")
    assert account(player, "a").length == pytest.approx(1.0, abs=0.001)
    assert int(player.pull(2 * RATE)[RATE]) == pytest.approx(1000, abs=2)


def test_nothing_to_play_is_silence() -> None:
    player = Player(RATE)
    player.end("unknown")
    assert not pull(player, 0.1).any()
    assert player.pull(0).size == 0
    assert player.progress("g") == {} and player.sounding("g") == []


# The account


def test_progress_is_what_was_put_out() -> None:
    player = playing("a", "b")
    pull(player, 0.25)
    assert account(player, "a") == Progress(0.25, 1.0, finished=False, paused=False, current=True)
    assert account(player, "b") == Progress(0.0, 1.0, finished=False, paused=False, current=False)
    assert player.sounding("g") == ["a", "b"]
    pull(player, 1.0)
    assert account(player, "a") == Progress(1.0, 1.0, finished=True, paused=False, current=False)
    assert account(player, "b").played == 0.25
    assert player.sounding("g") == ["b"]


def test_what_is_still_in_the_device_was_not_heard() -> None:
    player = playing("a", latency=0.1)
    heard = []
    for _ in range(6):
        pull(player, 0.2)
        heard.append(account(player, "a").played)
    assert heard == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
    assert account(player, "a").finished


def test_last_sound_in_the_device_still_counts_as_sounding() -> None:
    player = playing("a", "b", latency=0.1)
    pull(player, 1.05)
    assert account(player, "a").played == pytest.approx(0.95)
    assert account(player, "a").current
    assert player.sounding("g") == ["a", "b"]


def test_account_goes_on_while_the_device_empties_in_an_underrun() -> None:
    player = Player(RATE)
    player.latency = 0.1
    player.add("a", "g", tone(0.2), RATE)
    pull(player, 0.2)
    assert account(player, "a").played == pytest.approx(0.1)
    pull(player, 0.1)
    assert account(player, "a").played == pytest.approx(0.2)
    player.add("a", "g", tone(0.2), RATE)
    assert account(player, "a").played == pytest.approx(0.2), "what was heard stays heard"
    pull(player, 0.15)
    assert account(player, "a").played == pytest.approx(0.25)
    player.end("a")
    assert account(player, "a").played == pytest.approx(0.25)


def test_group_is_accounted_for_on_its_own() -> None:
    player = playing("a", group="one")
    assert player.progress("two") == {} and player.sounding("two") == []


# Pause


def test_paused_group_waits_while_another_plays() -> None:
    player = playing("a", group="one")
    player.add("b", "two", tone(1.0, 2000), RATE)
    player.end("b")
    pull(player, 0.25)
    player.pause("one", paused=True)
    player.pause("one", paused=True)
    assert player.is_paused("one") and not player.is_paused("two")
    out = pull(player, 0.5)
    assert (out[FADED:] == 2000).all()
    assert account(player, "a", "one") == Progress(0.25, 1.0, finished=False, paused=True, current=False)
    player.pause("one", paused=False)
    assert (pull(player, 0.75) == 1000).all()
    assert account(player, "a", "one").finished
    pull(player, 1.0)
    assert account(player, "b", "two").finished, "nothing of it was lost"


def test_pause_fades() -> None:
    player = playing("a")
    pull(player, 0.25)
    player.pause("g", paused=True)
    out = pull(player, 0.1)
    assert 900 < out[0] <= 1000
    assert np.abs(np.diff(out)).max() < 1000 / FADED + 2
    assert not out[FADED:].any()


# Stop


def test_stop_returns_what_was_heard() -> None:
    player = playing("a", latency=0.1)
    pull(player, 0.35)
    assert player.stop("a") == pytest.approx(0.25)
    assert player.sounding("g") == []
    assert account(player, "a").finished and account(player, "a").played == pytest.approx(0.25)
    assert player.stop("a") == pytest.approx(0.25)


def test_stop_fades_to_silence() -> None:
    player = playing("a")
    pull(player, 0.25)
    player.stop("a")
    out = pull(player, 0.1)
    assert 900 < out[0] <= 1000
    assert np.abs(np.diff(out)).max() < 1000 / FADED + 2
    assert not out[FADED:].any()


def test_fade_is_played_however_small_the_device_pulls() -> None:
    player = playing("a")
    pull(player, 0.25)
    player.stop("a")
    out = np.concatenate([player.pull(7) for _ in range(20)])
    assert np.abs(np.diff(out)).max() < 1000 / FADED + 2
    assert not out[FADED:].any()


def test_stop_lets_the_next_one_play() -> None:
    player = playing("a", "b")
    pull(player, 0.25)
    player.stop("a")
    assert (pull(player, 1.0)[FADED:] == 2000).all()


@pytest.mark.parametrize("seconds", [0.0, 0.25])
def test_stop_of_what_does_not_sound_is_silent(seconds: float) -> None:
    player = playing("a", "b")
    pull(player, seconds)
    assert player.stop("b") == 0.0
    pull(player, 1.0 - seconds)
    assert not pull(player, 0.1).any()


def test_stop_while_paused_is_silent() -> None:
    player = playing("a")
    pull(player, 0.25)
    player.pause("g", paused=True)
    pull(player, 0.1)
    assert player.stop("a") == 0.25
    player.pause("g", paused=False)
    assert not pull(player, 0.1).any()


def test_audio_that_comes_after_the_stop_is_not_played() -> None:
    player = playing("a")
    pull(player, 0.25)
    player.stop("a")
    player.add("a", "g", tone(1.0), RATE)
    assert not pull(player, 0.5)[FADED:].any()


def test_what_was_heard_to_its_end_stays_so_when_stopped() -> None:
    player = playing("a")
    pull(player, 1.5)
    assert player.stop("a") == 1.0
    assert account(player, "a") == Progress(1.0, 1.0, finished=True, paused=False, current=False)


def test_stop_of_an_unknown_utterance_heard_nothing() -> None:
    assert Player(RATE).stop("x") == 0.0


# End and replay


def test_utterance_that_is_broken_off_ends_with_what_came() -> None:
    player = Player(RATE)
    player.add("a", "g", tone(0.01), RATE)
    player.end("a")
    player.end("a")
    player.add("a", "g", tone(1.0), RATE)
    pull(player, 0.02)
    assert account(player, "a") == Progress(0.01, 0.01, finished=True, paused=False, current=False)


def test_utterance_plays_again() -> None:
    player = playing("a")
    pull(player, 1.5)
    player.forget("a")
    player.forget("a")
    player.add("a", "g", tone(1.0, 3000), RATE)
    player.end("a")
    assert account(player, "a").played == 0.0
    assert (pull(player, 1.0) == 3000).all()
    assert account(player, "a").finished


# In any order

SIZES = st.lists(st.integers(1, 3 * DEPTH), min_size=1, max_size=8)


def in_chunks(samples: Samples, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in cycle(sizes):
        if at >= samples.size:
            return
        yield samples[at : at + size].tobytes()
        at += size


@given(st.integers(1, 5 * DEPTH), SIZES, SIZES, st.integers(0, 8))
def test_what_is_heard_is_what_was_added(
    length: int, chunks: list[int], pulls: list[int], ahead: int
) -> None:
    wave = (np.arange(length) % 30_000 + 1).astype(np.int16)  # no sample is silence
    player = Player(RATE)
    source = in_chunks(wave, chunks)
    for chunk in islice(source, ahead):
        player.add("a", "g", chunk, RATE)
    heard = []
    for size in cycle(pulls):
        heard.append(player.pull(size))
        if chunk := next(source, b""):
            player.add("a", "g", chunk, RATE)
        else:
            player.end("a")
            if account(player, "a").finished:
                break
    out = np.concatenate(heard)
    assert np.array_equal(out[out != 0], wave)


STEPS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("ab"), st.integers(1, 2 * DEPTH)),
    st.tuples(st.just("pull"), st.just(""), st.integers(0, 2 * DEPTH)),
    st.tuples(st.sampled_from(["end", "stop", "pause", "resume"]), st.sampled_from("ab"), st.just(0)),
)


@given(st.lists(STEPS, max_size=40), st.sampled_from([0.0, 0.01, 0.3]))
def test_account_is_true_whatever_happens(steps: list[tuple[str, str, int]], latency: float) -> None:
    player = Player(RATE)
    player.latency = latency
    before: dict[str, Progress] = {}
    for step, name, size in steps:
        match step:
            case "add":
                player.add(name, name, np.ones(size, "<i2").tobytes(), RATE)
            case "pull":
                player.pull(size)
            case "end":
                player.end(name)
            case "stop":
                player.stop(name)
            case _:
                player.pause(name, paused=step == "pause")
        for group in "ab":
            for each, now in player.progress(group).items():
                assert 0 <= now.played <= now.length
                assert now.played >= before.get(each, now).played
                assert now.finished or not before.get(each, now).finished
                assert (each in player.sounding(group)) is not now.finished
                before[each] = now
