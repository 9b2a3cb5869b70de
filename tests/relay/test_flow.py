"""Playback's flow: the deck's supply and the relay's buffer, with a line of any kind between them."""

from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.audio.pcm import RATE, Samples, samples_of
from sessions.audio.relay.buffer import LEAST, MOST, JitterBuffer
from sessions.audio.relay.supply import Supply
from sessions.audio.relay.wire import BLOCK, WIRE_RATE, Credit, Play, Silence

TICK = BLOCK // 2
"""Frames that the speaker takes at a time: 10 ms."""


class Counting:
    """A mixer of slow ramps, in which every sample tells where it stands."""

    def __init__(self) -> None:
        self.pulled = 0
        self.anchors: list[tuple[int, float]] = []

    def pull(self, frames: int) -> Samples:
        at = np.arange(self.pulled, self.pulled + frames)
        self.pulled += frames
        return np.asarray(1000 + at // 100, np.int16)

    def anchor(self, frame: int, at: float) -> None:
        assert 0 <= frame <= self.pulled
        self.anchors.append((frame, at))


class Line:
    """Relay and deck in steps of 10 ms; `delays` are the steps that each answer takes to arrive, in order."""

    def __init__(self, delays: list[int]) -> None:
        self.mixer, self.buffer = Counting(), JitterBuffer()
        self.supply = Supply(self.mixer)
        self.delays = delays
        self.under_way: deque[tuple[int, Play | Silence]] = deque()
        self.heard: list[Samples] = []
        self.now = 0
        self.granted = 0

    def step(self) -> None:
        while self.under_way and self.under_way[0][0] <= self.now:
            message = self.under_way.popleft()[1]
            self.buffer.put(samples_of(message.pcm) if isinstance(message, Play) else silence(message.frames))
        consumed = self.buffer.consumed
        out = self.buffer.take(TICK)
        if taken := self.buffer.consumed - consumed:
            self.heard.append(out[:taken])
        assert not out[taken:].any()
        self.granted = max(self.granted, self.buffer.upto)
        credit = Credit(self.buffer.consumed, self.now, self.granted, self.buffer.underruns)
        for message in self.supply.answer(credit, self.now):
            arrival = self.now + self.delays[self.now % len(self.delays)]
            earliest = self.under_way[-1][0] if self.under_way else 0
            self.under_way.append((max(arrival, earliest), message))
        self.now += 1

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 100)):
            self.step()


def silence(frames: int) -> Samples:
    return np.zeros(frames, np.int16)


@settings(max_examples=50, deadline=None)
@given(delays=st.lists(st.integers(0, 30), min_size=1, max_size=20))
def test_everything_is_heard_once_and_in_order(delays: list[int]) -> None:
    line = Line(delays)
    line.run(6)
    heard = np.concatenate(line.heard).astype(int)
    assert heard.size > WIRE_RATE  # never stuck
    expected = 1000 + np.arange(heard.size) * 2 // 100
    settled = slice(100, None)  # the filter begins
    assert np.abs(heard[settled] - expected[settled]).max() <= 2


@settings(max_examples=50, deadline=None)
@given(delays=st.lists(st.integers(0, 60), min_size=1, max_size=20))
def test_no_more_is_under_way_than_is_allowed(delays: list[int]) -> None:
    line = Line(delays)
    for _ in range(500):
        line.step()
        assert LEAST * WIRE_RATE <= line.buffer.target <= MOST * WIRE_RATE
        assert line.supply.in_flight <= MOST + BLOCK / WIRE_RATE
        frame, _ = line.mixer.anchors[-1]
        assert frame == 2 * line.buffer.consumed


@given(delay=st.integers(0, 25), jitter=st.integers(0, 8))
@settings(max_examples=30, deadline=None)
def test_a_line_of_any_usual_delay_settles_without_gaps(delay: int, jitter: int) -> None:
    line = Line([delay, delay + jitter, delay, delay, delay + jitter // 2])
    line.run(6)
    before = line.buffer.underruns
    line.run(4)
    assert line.buffer.underruns == before


def test_on_a_good_line_nothing_is_added() -> None:
    line = Line([1])
    line.run(5)
    assert line.buffer.underruns == 0
    assert line.buffer.target == LEAST * WIRE_RATE


def test_the_target_shrinks_again_when_the_line_is_good_again() -> None:
    line = Line([25])
    line.run(5)
    grown = line.buffer.target
    assert grown > 0.2 * WIRE_RATE
    line.delays = [1]
    line.run(60)
    assert line.buffer.target < grown - 0.05 * WIRE_RATE
    assert line.buffer.underruns < 10


def test_nothing_is_pulled_without_credit() -> None:
    mixer = Counting()
    supply = Supply(mixer)
    assert mixer.pulled == 0
    supply.answer(Credit(0, 0, 3 * BLOCK, 0), 0.0)
    assert mixer.pulled == 3 * BLOCK * RATE // WIRE_RATE
    assert supply.answer(Credit(0, 0, 3 * BLOCK, 0), 0.0) == []


@given(consumed=st.integers(0, 1 << 53), upto=st.integers(0, 1 << 53))
def test_a_credit_beyond_reason_pulls_no_more_than_may_be_under_way(consumed: int, upto: int) -> None:
    mixer = Counting()
    Supply(mixer).answer(Credit(consumed, 0, upto, 0), 0.0)
    assert mixer.pulled <= (MOST + 0.02) * RATE


def test_what_nobody_granted_does_not_fill_the_memory() -> None:
    buffer = JitterBuffer()
    for _ in range(1000):
        buffer.put(silence(WIRE_RATE // 10))
    buffer.drop()
    assert buffer.consumed <= WIRE_RATE


def test_a_closed_speaker_is_done_with_what_waited() -> None:
    buffer = JitterBuffer()
    buffer.put(silence(5 * BLOCK))
    buffer.drop()
    assert buffer.consumed == 5 * BLOCK
    assert buffer.underruns == 0
    assert not buffer.take(BLOCK).any()
    assert buffer.consumed == 5 * BLOCK


def test_silence_is_sent_as_a_number() -> None:
    class Silent(Counting):
        def pull(self, frames: int) -> Samples:
            return super().pull(frames) * np.int16(0)

    assert Supply(Silent()).answer(Credit(0, 0, 2 * BLOCK, 0), 0.0) == [Silence(BLOCK), Silence(BLOCK)]
