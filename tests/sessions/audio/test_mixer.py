"""Who is heard when, and how: a sink that pulls by hand."""

import threading
import time
from itertools import cycle

import numpy as np
import pytest

from sessions.audio.jitter import LEAST
from sessions.audio.mixer import DUCKED, Mixer, Progress
from sessions.audio.modes import ARBITRATIONS, Arbitration
from sessions.audio.pcm import RATE, Samples
from tests.sessions.audio.sink import Clock, account, pull, say, saying, settled, tone

# One after another


def test_utterances_play_one_after_another_without_a_gap() -> None:
    out = pull(saying("a", "b"), 2.5)
    assert (out[:RATE] == 1000).all()
    assert settled(out[RATE : 2 * RATE]) == {2000}
    assert settled(out[2 * RATE :]) == {0}


def test_order_is_that_in_which_audio_began_to_come() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "one", tone(0.1, 1), RATE)
    mixer.add("b", "two", tone(0.1, 2), RATE)
    mixer.add("a", "one", tone(0.1, 1), RATE)
    mixer.end("b")
    mixer.end("a")
    out = pull(mixer, 0.3)
    assert (out[: RATE // 5] == 1).all() and settled(out[RATE // 5 :]) == {2}


def test_utterance_starts_when_enough_of_it_is_there() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", tone(LEAST - 0.01), RATE)
    assert not pull(mixer, 0.1).any()
    assert not account(mixer, "a").current
    mixer.add("a", "g", tone(0.01), RATE)
    assert account(mixer, "a").current
    assert (pull(mixer, LEAST) == 1000).all()


def test_short_utterance_starts_when_it_is_complete() -> None:
    assert (pull(saying("a", seconds=0.01), 0.01) == 1000).all()


def test_underrun_is_silence_and_not_the_next_ones_turn() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "one", tone(0.1), RATE)
    say(mixer, "b", "two", 0.1, 2000)
    out = pull(mixer, 0.3)
    assert (out[:4800] == 1000).all() and settled(out[4800:]) == {0}
    assert account(mixer, "a", "one").current, "it is only waiting"
    mixer.add("a", "one", tone(0.02), RATE)
    mixer.end("a")
    out = pull(mixer, 0.2)
    assert settled(out[:960]) == {1000} and settled(out[960:5760]) == {2000} and settled(out[5760:]) == {0}


def test_who_has_begun_holds_its_turn() -> None:
    mixer = saying("a", group="one")
    say(mixer, "b", "two", value=2000)
    pull(mixer, 0.25)
    mixer.pause("one", paused=True)
    assert settled(pull(mixer, 0.25)) == {2000}
    mixer.pause("one", paused=False)
    mixer.pause("two", paused=False)
    assert set(pull(mixer, 0.75)) == {2000}, "it waits, though its audio came first"
    assert settled(pull(mixer, 0.75)) == {1000}
    assert mixer.sounding("one") == mixer.sounding("two") == []


def test_paused_holder_loses_its_turn_to_who_came_before() -> None:
    mixer = saying("a", group="one")
    say(mixer, "b", "two", value=2000)
    mixer.pause("one", paused=True)
    pull(mixer, 0.25)
    mixer.pause("two", paused=True)
    mixer.pause("one", paused=False)
    mixer.pause("two", paused=False)
    assert settled(pull(mixer, 0.25)) == {1000}


def test_only_who_has_begun_holds_its_turn() -> None:
    mixer = saying("a", group="one")
    mixer.pause("one", paused=True)
    mixer.add("b", "two", tone(0.01, 2000), RATE)
    assert not pull(mixer, 0.1).any()
    mixer.pause("one", paused=False)
    mixer.end("b")
    assert set(pull(mixer, 0.1)) == {1000}


def test_underrun_keeps_the_turn_even_against_who_came_before() -> None:
    mixer = saying("a", group="one")
    mixer.pause("one", paused=True)
    mixer.add("b", "two", tone(0.1, 2000), RATE)
    pull(mixer, 0.2)
    mixer.pause("one", paused=False)
    assert not pull(mixer, 0.1).any()
    assert not pull(mixer, 0.1).any()
    mixer.end("b")
    assert set(pull(mixer, 0.1)) == {1000}


def test_nothing_to_play_is_silence() -> None:
    mixer = Mixer(Clock())
    mixer.end("unknown")
    assert not pull(mixer, 0.1).any()
    assert mixer.pull(0).size == 0
    assert mixer.progress("g") == {} and mixer.sounding("g") == [] and mixer.skip("g") == ""


def test_pull_of_no_frames_changes_nothing() -> None:
    mixer, other = Mixer(Clock()), Mixer(Clock())
    wave = np.arange(9600, dtype="<i2").tobytes()
    mixer.add("a", "g", wave, RATE)
    other.add("a", "g", wave, RATE)
    for _ in range(10):
        mixer.pull(0)
        assert np.array_equal(mixer.pull(480), other.pull(480))


def test_audio_of_another_rate_is_resampled() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", np.full(24_000, 1000, "<i2").tobytes(), 24_000)
    mixer.end("a")
    assert account(mixer, "a").length == pytest.approx(1.0, abs=0.001)
    assert int(pull(mixer, 1.0)[RATE // 2]) == pytest.approx(1000, abs=2)


# All at once


def three(policy: Arbitration, front: str = "") -> Mixer:
    """Groups that say 1000, 2000 and 4000."""
    mixer = Mixer(Clock())
    mixer.policy, mixer.front = policy, front
    for name, value in {"one": 1000, "two": 2000, "three": 4000}.items():
        say(mixer, name, name, value=value)
    return mixer


@pytest.mark.parametrize(
    ("policy", "front", "heard"),
    [
        ("queue", "two", 1000),
        ("mix", "two", 7000),
        ("solo", "two", 2000),
        ("solo", "", 7000),
        ("solo", "silent", 0),
        ("duck", "two", 2000 + 5000 * DUCKED),
        ("duck", "", 7000),
        ("duck", "silent", 7000),
    ],
)
def test_policy_decides_who_is_heard(policy: Arbitration, front: str, heard: float) -> None:
    assert set(pull(three(policy, front), 0.5)) == {heard}


@pytest.mark.parametrize("policy", ["mix", "solo", "duck"])
def test_who_is_not_heard_runs_on(policy: Arbitration) -> None:
    mixer = three(policy, "two")
    pull(mixer, 0.5)
    assert {account(mixer, name, name).played for name in ("one", "two", "three")} == {0.5}


@pytest.mark.parametrize("policy", ARBITRATIONS)
def test_policy_may_change_while_they_sound(policy: Arbitration) -> None:
    mixer = three("mix")
    pull(mixer, 0.5)
    mixer.policy, mixer.front = policy, "two"
    assert mixer.groups == ("one", "two", "three")
    expected = {"queue": 1000, "mix": 7000, "solo": 2000, "duck": 2000 + 5000 * DUCKED}
    assert settled(pull(mixer, 0.25)) == {expected[policy]}


def test_others_are_ducked_only_while_the_front_one_sounds() -> None:
    mixer = Mixer(Clock())
    mixer.policy, mixer.front = "duck", "front"
    say(mixer, "behind", "behind", 2.0)
    assert set(pull(mixer, 0.1)) == {1000}
    say(mixer, "front", "front", 0.5, 4000)
    assert settled(pull(mixer, 0.5)) == {4000 + 1000 * DUCKED}
    assert settled(pull(mixer, 0.1)) == {1000}


@pytest.mark.parametrize("silenced", ["muted", "volume", "paused"])
def test_front_one_that_is_not_heard_ducks_nobody(silenced: str) -> None:
    mixer = three("duck", "two")
    match silenced:
        case "muted":
            mixer.channel("two").muted = True
        case "volume":
            mixer.channel("two").volume = 0.0
        case _:
            mixer.pause("two", paused=True)
    assert set(pull(mixer, 0.5)) == {5000}


def test_front_one_that_waits_for_audio_still_ducks() -> None:
    mixer = three("duck", "front")
    mixer.add("front", "front", tone(0.1), RATE)
    pull(mixer, 0.3)
    assert settled(pull(mixer, 0.1)) == {7000 * DUCKED}


def test_sum_is_clipped() -> None:
    mixer = three("mix")
    say(mixer, "loud", "loud", value=32_000)
    assert set(pull(mixer, 0.1)) == {32_767}
    assert mixer.level == pytest.approx(1.0, abs=0.001)


# Pause


def test_paused_group_waits_while_another_plays() -> None:
    mixer = saying("a", group="one")
    say(mixer, "b", "two", value=2000)
    pull(mixer, 0.25)
    mixer.pause("one", paused=True)
    mixer.pause("one", paused=True)
    assert mixer.is_paused("one") and not mixer.is_paused("two") and not mixer.is_paused("three")
    assert settled(pull(mixer, 1.0)) == {2000}
    assert account(mixer, "a", "one") == Progress(0.25, 1.0, finished=False, paused=True, current=False)
    mixer.pause("one", paused=False)
    assert settled(pull(mixer, 0.75)) == {1000}
    assert account(mixer, "a", "one").finished, "nothing of it was lost"


def test_nothing_goes_on_while_held() -> None:
    mixer = three("mix")
    pull(mixer, 0.25)
    mixer.held = True
    assert settled(pull(mixer, 0.25)) == {0}
    assert account(mixer, "one", "one").played == 0.25
    mixer.held = False
    assert settled(pull(mixer, 0.75)) == {7000}


# Listening


def test_listener_gets_the_dry_speech_of_every_pull() -> None:
    mixer = three("solo", "one")
    mixer.channel("two").muted = True
    mixer.channel("three").volume = 0.5
    speech: dict[str | None, list[tuple[int, Samples]]] = {}
    for group in ("one", "two", "three", "silent", None):
        speech[group] = []
        mixer.listen(group, lambda frame, samples, group=group: speech[group].append((frame, samples)))  # type: ignore[misc]
    out = np.concatenate([pull(mixer, 0.25), pull(mixer, 0.5)])
    for group, value in {"one": 1000, "two": 2000, "three": 4000, "silent": 0, None: 1000}.items():
        assert [frame for frame, _ in speech[group]] == [0, RATE // 4]
        assert set(np.concatenate([samples for _, samples in speech[group]])) == {value}
    assert set(out) == {1000}


def test_listener_can_leave() -> None:
    mixer, heard = saying("a"), []

    class Ear:
        def hear(self, frame: int, samples: Samples) -> None:
            heard.append(frame)

    ear = Ear()
    mixer.listen("g", ear.hear)
    mixer.listen(None, ear.hear)
    pull(mixer, 0.1)
    mixer.unlisten(ear.hear)
    pull(mixer, 0.1)
    assert heard == [0, 0]


# Threads


def test_pulls_in_a_thread_of_their_own() -> None:
    mixer, done = Mixer(), threading.Event()
    pulled: list[Samples] = []

    def device() -> None:
        while not done.is_set():
            pulled.append(mixer.pull(480))

    thread = threading.Thread(target=device)
    thread.start()
    try:
        for number, policy in zip(range(200), cycle(ARBITRATIONS), strict=False):
            name, group = str(number), str(number % 5)
            mixer.policy = policy
            say(mixer, name, group, 0.05)
            mixer.channel(group).volume = number % 3
            mixer.progress(group)
            if number % 7 == 0:
                mixer.skip(group)
        mixer.policy = "mix"
        while any(mixer.sounding(str(group)) for group in range(5)):
            time.sleep(0.001)
    finally:
        done.set()
        thread.join()
    assert mixer.pulled == 480 * len(pulled)
    accounts = [each for group in range(5) for each in mixer.progress(str(group)).values()]
    assert len(accounts) == 200 and all(each.finished for each in accounts)
