"""The rates, the clock, the microphone's blocks, and who is let in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.pcm import RATE, Samples, samples_of
from sessions.audio.relay.capture import Capture
from sessions.audio.relay.clock import PeerClock
from sessions.audio.relay.door import FREED_AFTER, Door, Refusal, WrongToken, new_token
from sessions.audio.relay.rates import Doubler, Halver
from sessions.audio.relay.wire import BLOCK, VERSION, WIRE_RATE, Hello
from sessions.secrets import Secret

TOKEN = Secret("the-token-of-these-tests")
KEY, OTHER_KEY = "a-key-of-the-first-deck", "a-key-of-another-deck"


def sine(frequency: float, rate: int, seconds: float = 0.5, height: float = 10000.0) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return np.asarray(np.sin(2 * np.pi * frequency * at) * height, np.int16)


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples[500:-500].astype(float) ** 2)))


# Rates


@pytest.mark.parametrize("frequency", [100, 440, 3000, 8000])
def test_speech_passes_both_ways(frequency: int) -> None:
    wave = sine(frequency, RATE)
    there = Halver().push(wave)
    back = Doubler().push(there)
    assert (there.size, back.size) == (wave.size // 2, wave.size)
    assert loudness(there) == pytest.approx(loudness(wave), rel=0.01)
    assert loudness(back) == pytest.approx(loudness(wave), rel=0.01)
    delay = 62
    assert np.abs(back[delay + 200 :].astype(int) - wave[200:-delay]).max() < 100


def test_what_the_wire_cannot_carry_does_not_come_out_as_something_else() -> None:
    assert loudness(Halver().push(sine(15000, RATE))) < 0.01 * loudness(sine(15000, RATE))


@given(cuts=st.lists(st.integers(0, 300), max_size=20))
def test_cuts_make_no_difference(cuts: list[int]) -> None:
    wave = sine(440, RATE, 0.1)
    halver, doubler = Halver(), Doubler()
    halves, doubles, at = [], [], 0
    for cut in [*cuts, wave.size]:
        part = wave[at : at + 2 * cut]
        at += part.size
        halves.append(halver.push(part))
        doubles.append(doubler.push(part))
    assert (np.concatenate(halves) == Halver().push(wave)).all()
    assert (np.concatenate(doubles) == Doubler().push(wave)).all()


def test_the_loudest_sound_does_not_wrap_around() -> None:
    step = np.repeat(np.array([-32768, 32767], np.int16), 500)  # the filter swings over at its edge
    for out in (Halver().push(step)[290:], Doubler().push(step)[1100:]):
        assert out.min() > 28000


# The microphone's blocks


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@given(sizes=st.lists(st.integers(1, 2000), min_size=5, max_size=30))
def test_blocks_have_the_time_of_their_first_sample(rate: int, sizes: list[int]) -> None:
    capture = Capture()
    blocks, taken = [], 0
    for size in sizes:
        blocks += capture.push(np.zeros(size, np.int16), rate, 100 + taken / rate)
        taken += size
    for number, block in enumerate(blocks):
        assert len(block.pcm) == 2 * BLOCK
        assert block.frame == number * BLOCK
        assert block.at / 1e6 == pytest.approx(100 + number * BLOCK / WIRE_RATE, abs=1e-4)
    assert len(blocks) * BLOCK / WIRE_RATE <= taken / rate


def test_time_that_the_device_lost_shows_in_the_time_of_the_blocks() -> None:
    capture = Capture()
    first = capture.push(np.zeros(960, np.int16), RATE, 1.0)
    later = capture.push(np.zeros(960, np.int16), RATE, 5.0)
    assert [block.at for block in first + later] == [1_000_000, 5_000_000]


def test_another_opening_goes_on_counting() -> None:
    capture = Capture()
    first = capture.push(np.zeros(1000, np.int16), RATE, 1.0)
    capture.restart()
    second = capture.push(np.zeros(960, np.int16), RATE, 9.0)
    assert [block.frame for block in first + second] == [0, BLOCK]
    assert second[0].at == 9_000_000


def test_what_is_captured_is_what_was_said() -> None:
    wave = sine(440, RATE)
    blocks = Capture().push(wave, RATE, 0.0)
    got = np.concatenate([samples_of(block.pcm) for block in blocks])
    assert loudness(got) == pytest.approx(loudness(wave), rel=0.01)


# The clock


@given(
    offset=st.floats(-1000, 1000),
    delays=st.lists(st.tuples(st.floats(0.001, 0.5), st.floats(0.001, 0.5)), min_size=1, max_size=40),
)
def test_their_time_is_told_to_half_of_the_quickest_round_trip(
    offset: float, delays: list[tuple[float, float]]
) -> None:
    clock, now = PeerClock(), 5000.0
    for there, back in delays:
        clock.answered(now, now + there + offset, now + there + back)
        now += 1.0
    quickest = min(there + back for there, back in delays[-16:])
    assert clock.round_trip == pytest.approx(quickest)
    assert abs(clock.local(now + offset) - now) <= quickest / 2 + 1e-6


def test_an_answer_from_before_its_question_does_not_count() -> None:
    clock = PeerClock()
    clock.answered(10.0, 0.0, 9.0)
    assert clock.round_trip == 0
    assert clock.local(3.0) == 3.0


# The door


def hello(token: str = TOKEN.reveal(), key: str = KEY, version: int = VERSION) -> Hello:
    return Hello(version, token, key)


def test_the_first_is_let_in_and_comes_back_and_no_other() -> None:
    door = Door(TOKEN)
    door.admit(hello(), lost_for=0.0)
    door.admit(hello(), lost_for=0.0)
    door.admit(hello(), lost_for=None)
    with pytest.raises(Refusal, match="another deck is connected"):
        door.admit(hello(key=OTHER_KEY), lost_for=None)
    with pytest.raises(Refusal, match="until just now: try again in 2 s"):
        door.admit(hello(key=OTHER_KEY), lost_for=0.0)
    door.admit(hello(), lost_for=0.0)


def test_a_deck_that_was_lost_leaves_the_token_to_the_next_after_a_while() -> None:
    door = Door(TOKEN)
    door.admit(hello(), lost_for=0.0)
    with pytest.raises(Refusal):
        door.admit(hello(key=OTHER_KEY), lost_for=FREED_AFTER - 0.1)
    door.admit(hello(key=OTHER_KEY), lost_for=FREED_AFTER)
    with pytest.raises(Refusal):
        door.admit(hello(), lost_for=None)


def test_a_deck_that_has_ended_leaves_the_token_to_the_next() -> None:
    door = Door(TOKEN)
    door.admit(hello(), lost_for=0.0)
    door.hand_back()
    door.admit(hello(key=OTHER_KEY), lost_for=0.0)
    with pytest.raises(Refusal):
        door.admit(hello(), lost_for=0.0)


@pytest.mark.parametrize("token", ["", "x", TOKEN.reveal()[:-1], TOKEN.reveal() + "x", "ä", "\ud800"])
def test_a_wrong_token_is_refused_and_counted(token: str) -> None:
    door = Door(TOKEN)
    with pytest.raises(WrongToken) as refusal:
        door.admit(hello(token), lost_for=0.0)
    assert TOKEN.reveal() not in str(refusal.value)
    assert door.wrong == 1
    door.admit(hello(), lost_for=0.0)


def test_another_version_and_a_missing_key_are_refused_and_do_not_use_the_token_up() -> None:
    door = Door(TOKEN)
    with pytest.raises(Refusal, match="install the same voxdeck on both machines"):
        door.admit(hello(version=VERSION + 1), lost_for=0.0)
    with pytest.raises(Refusal, match="without a key"):
        door.admit(hello(key=""), lost_for=0.0)
    door.admit(hello(key=OTHER_KEY), lost_for=0.0)


def test_tokens_are_new_each_time_and_can_stand_anywhere() -> None:
    tokens = {new_token().reveal() for _ in range(500)}
    assert len(tokens) == 500
    for token in tokens:
        assert len(token) == 22
        assert not token.startswith("-")
        assert token.replace("-", "").replace("_", "").isalnum()
