"""Whatever is done to the mixer: no click, no sample lost or doubled, and a true account."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessions.audio.jitter import LEAST
from sessions.audio.mixer import Mixer, Progress
from sessions.audio.modes import ARBITRATIONS
from sessions.audio.pcm import RATE, Samples
from sessions.audio.track import FADE_FRAMES
from tests.sessions.audio.sink import Clock, account, pull, saying, steepest

GROUPS = "abc"

Step = tuple[str, str, object]


# One cut at a time


def cut_stop(mixer: Mixer) -> None:
    mixer.stop("a")


def cut_skip(mixer: Mixer) -> None:
    mixer.skip("g")


def cut_forget(mixer: Mixer) -> None:
    mixer.forget("a")


def cut_pause(mixer: Mixer) -> None:
    mixer.pause("g", paused=True)


def cut_held(mixer: Mixer) -> None:
    mixer.held = True


def cut_mute(mixer: Mixer) -> None:
    mixer.channel("g").muted = True


def cut_solo(mixer: Mixer) -> None:
    mixer.policy, mixer.front = "solo", "other"


CUTS = [cut_stop, cut_skip, cut_forget, cut_pause, cut_held, cut_mute, cut_solo]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("block", [1, 7, 480, 4800])
def test_cut_fades_within_5_ms(cut: Callable[[Mixer], None], block: int) -> None:
    mixer = saying("a")
    pull(mixer, 0.25)
    cut(mixer)
    out = np.concatenate([mixer.pull(block) for _ in range(4800 // block)])
    assert out[0] == 1000 and not out[FADE_FRAMES:].any()
    assert np.abs(np.diff(out)).max() < 1000 / FADE_FRAMES + 2


@pytest.mark.parametrize("block", [1, 7, 480, 4800])
@pytest.mark.parametrize("ended", [True, False])
def test_last_sample_fades_at_the_end_and_in_an_underrun(block: int, *, ended: bool) -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", np.full(2400 + 1, 1000, "<i2").tobytes(), RATE)
    if ended:
        mixer.end("a")
    mixer.add("a", "g", np.full(2400, 1000, "<i2").tobytes(), RATE)
    out = np.concatenate([mixer.pull(block) for _ in range(9600 // block)])
    until = 2401 if ended else 4801
    assert (out[:until] == 1000).all() and not out[until + FADE_FRAMES :].any()
    assert np.abs(np.diff(out)).max() < 1000 / FADE_FRAMES + 2


def test_what_goes_on_fades_in_over_what_still_dies_away() -> None:
    mixer = saying("a")
    mixer.pull(RATE // 4)
    mixer.pause("g", paused=True)
    out = [mixer.pull(100)]
    mixer.pause("g", paused=False)
    out.append(mixer.pull(100))
    mixer.pause("g", paused=True)
    out.append(mixer.pull(480))
    wave = np.concatenate(out)
    assert np.abs(np.diff(wave)).max() < 1000 / FADE_FRAMES + 2
    assert wave.max() <= 1001 and not wave[200 + FADE_FRAMES :].any()
    assert account(mixer, "a").played == pytest.approx(0.25 + 100 / RATE)


@pytest.mark.parametrize("cut", CUTS)
def test_fade_follows_the_speech(cut: Callable[[Mixer], None]) -> None:
    wave = (5000 * np.sin(np.arange(4800) / 10)).astype("<i2")
    mixer = Mixer(Clock())
    for at in range(0, wave.size, 480):
        mixer.add("a", "g", wave[at : at + 480].tobytes(), RATE)
    mixer.pull(480)
    cut(mixer)
    falling = np.linspace(1.0, 0.0, FADE_FRAMES)
    assert np.abs(mixer.pull(480)[:FADE_FRAMES] - wave[480:][:FADE_FRAMES] * falling).max() <= 1


def test_fade_of_what_is_nearly_at_its_end_goes_on_with_the_last_sample() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", np.arange(0, 5800, 10, dtype="<i2").tobytes(), RATE)
    mixer.end("a")
    mixer.pull(480)
    mixer.pause("g", paused=True)
    assert np.abs(np.diff(mixer.pull(480))).max() < 10 + 5800 / FADE_FRAMES


def test_end_fades_under_the_beginning_of_the_next() -> None:
    mixer = Mixer(Clock())
    for name, wave in {"a": np.full(4800, 1000, "<i2"), "b": np.zeros(4800, "<i2")}.items():
        mixer.add(name, "g", wave.tobytes(), RATE)
    mixer.pull(4800)
    mixer.end("a")
    mixer.end("b")
    out = mixer.pull(480)
    assert out[0] == 1000 and not out[FADE_FRAMES:].any()
    assert np.abs(np.diff(out)).max() < 1000 / FADE_FRAMES + 2


def test_change_to_a_queue_in_which_a_turn_ends_at_once() -> None:
    mixer = Mixer(Clock())
    mixer.policy = "mix"
    mixer.add("a", "one", np.zeros(4810, "<i2").tobytes(), RATE)
    mixer.end("a")
    mixer.add("b", "two", np.full(9600, 1000, "<i2").tobytes(), RATE)
    mixer.pull(4800)
    mixer.policy = "queue"
    out = mixer.pull(480)
    assert out[0] == 1000 and out[10 + FADE_FRAMES] == 1000
    assert np.abs(np.diff(out)).max() < 1000 / FADE_FRAMES + 2


# Anything at all


def some(action: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(action), st.sampled_from(GROUPS), values)


PULLS = some("pull", st.sampled_from([1, 7, 100, 240, 480, 701, 1024, 4800]))
CHUNKS = some("add", st.sampled_from([1, 239, 960, 2400, 4801, 12_000]))
SETTINGS = [
    some("pause", st.booleans()),
    some("mute", st.booleans()),
    some("volume", st.sampled_from([0.0, 0.3, 1.0, 2.0])),
    some("policy", st.sampled_from(ARBITRATIONS)),
    some("front", st.none()),
    some("held", st.booleans()),
    some("latency", st.sampled_from([0.0, 0.02, 0.3])),
]
CUTTING = [some(action, st.none()) for action in ("end", "stop", "skip", "forget")]
SPEEDS = some("speed", st.sampled_from([0.5, 0.9, 1.0, 1.5, 2.0]))


def steps(*rare: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Step]]:
    """What makes sound comes about as often as all else together."""
    step = st.sampled_from([*[PULLS] * 8, *[CHUNKS] * 6, *rare]).flatmap(lambda chosen: chosen)
    return st.lists(step, min_size=20, max_size=80)


class Deck:
    """Carries steps out, and checks the account after each. A group's utterances are a0, a1, ..."""

    def __init__(self, speech: Callable[[str, int], Samples]) -> None:
        self.mixer = Mixer(Clock())
        self.speech = speech
        self.given: dict[str, int] = {}
        """How many samples of each utterance were added."""
        self.latency = 0.0
        self.open = dict.fromkeys(GROUPS, 0)
        self.before: dict[str, Progress] = {}
        self.out: list[Samples] = []
        self.dry: dict[str, list[Samples]] = {group: [] for group in GROUPS}
        for group, blocks in self.dry.items():
            self.mixer.listen(group, lambda frame, samples, blocks=blocks: blocks.append(samples))  # type: ignore[misc]

    def do(self, step: Step) -> None:
        mixer, (action, group, value) = self.mixer, step
        name = f"{group}{self.open[group]}"
        match action, value:
            case "add", int(size):
                at = self.given.get(name, 0)
                self.given[name] = at + size
                mixer.add(name, group, self.speech(name, at + size)[at:].tobytes(), RATE)
            case "pull", int(size):
                self.out.append(mixer.pull(size))
                mixer.anchor(mixer.pulled, self.latency)
            case "end", _:
                mixer.end(name)
                self.open[group] += 1
            case "stop", _:
                heard = mixer.stop(name)
                if name in mixer.progress(group):
                    assert heard == account(mixer, name, group).played
                self.open[group] += 1
            case "skip", _:
                self.open[group] += mixer.skip(group) == name
            case "forget", _:
                mixer.forget(name)
                self.given.pop(name, None)
                self.before.pop(name, None)
            case _:
                self.set(action, group, value)
        self.check()

    def set(self, setting: str, group: str, value: object) -> None:
        mixer, channel = self.mixer, self.mixer.channel(group)
        match setting, value:
            case "pause", bool(paused):
                mixer.pause(group, paused=paused)
            case "mute", bool(muted):
                channel.muted = muted
            case "volume", float(volume):
                channel.volume = volume
            case "speed", float(speed):
                channel.speed = speed
            case "policy", policy:
                mixer.policy = policy  # type: ignore[assignment]
            case "front", _:
                mixer.front = group
            case "held", bool(held):
                mixer.held = held
            case "latency", float(latency):
                self.latency = latency

    def check(self) -> None:
        for group in GROUPS:
            sounding = self.mixer.sounding(group)
            for name, now in self.mixer.progress(group).items():
                before = self.before.get(name, now)
                assert 0 <= now.played <= now.length
                assert now.played >= before.played
                assert now.finished or not before.finished
                assert (name in sounding) is not now.finished
                assert not (now.finished and now.current)
                self.before[name] = now

    def play_out(self, block: int) -> None:
        """Let everything go on to its end."""
        self.mixer.held = False
        for group in GROUPS:
            self.mixer.pause(group, paused=False)
            self.do(("end", group, None))
        while any(self.mixer.sounding(group) for group in GROUPS):
            self.do(("pull", "a", block))
        self.do(("pull", "a", block))


AMPLITUDE = 2500


def offset_tones(name: str, size: int) -> Samples:
    """Never at zero for long; comes out of silence in 10 ms, and ends wherever it is cut."""
    time = np.arange(size) / RATE
    tones = 1000 + 1000 * np.sin(2 * np.pi * 110 * time) + 500 * np.sin(2 * np.pi * 180 * time)
    return np.asarray(tones * np.minimum(1.0, time / 0.01), np.int16)


SLOPE = steepest(offset_tones("", RATE))
FADING = AMPLITUDE / FADE_FRAMES
STEEPEST = 1.5 * SLOPE + 2 * FADING
"""Of one group: an utterance, and another dying away under it."""


@given(steps(*SETTINGS, *CUTTING, SPEEDS))
@example([("add", "a", 9000), ("pull", "a", 1), ("pause", "a", True), ("pull", "a", 1)])
def test_nothing_clicks_and_the_account_is_true(steps: list[Step]) -> None:
    deck = Deck(offset_tones)
    for step in steps:
        deck.do(step)
    deck.play_out(480)
    for blocks in deck.dry.values():
        assert steepest(np.concatenate(blocks)) <= STEEPEST
    # At twice the volume, and with a ramp of that.
    assert steepest(np.concatenate(deck.out)) <= len(GROUPS) * 2 * (STEEPEST + 2 * FADING)


# In whole blocks: silence at both ends of each, so that no fade changes what is in it

BLOCK = 480


def numbered_blocks(name: str, size: int) -> Samples:
    number = int(name[1:])
    values = 1 + 100 * number + np.arange(size // BLOCK) % 100
    blocks = np.zeros((size // BLOCK, BLOCK), np.int16)
    blocks[:, FADE_FRAMES : BLOCK - 1] = values[:, np.newaxis]
    return blocks.reshape(-1)


def in_blocks(step: Step) -> Step:
    action, group, value = step
    return action, group, (value // 100 + 1) * BLOCK if action in ("add", "pull") else value  # type: ignore[operator]


@given(steps(*SETTINGS, *CUTTING[:3]))
def test_nothing_is_lost_or_doubled_at_a_speed_of_one(steps: list[Step]) -> None:
    deck = Deck(numbered_blocks)
    for step in steps:
        deck.do(in_blocks(step))
    deck.play_out(BLOCK)
    for group, blocks in deck.dry.items():
        spoken = np.concatenate(blocks).reshape(-1, BLOCK)
        expected = [
            numbered_blocks(name, round(now.played * RATE))
            for name, now in deck.mixer.progress(group).items()
        ]
        assert np.array_equal(spoken[spoken.any(axis=1)].reshape(-1), np.concatenate([*expected, []]))
        for name, now in deck.mixer.progress(group).items():
            assert now.played == deck.given[name] / RATE or now.played == now.length


def test_depth_is_more_than_a_block() -> None:
    """Or the test before would prove little."""
    assert LEAST * RATE > BLOCK
