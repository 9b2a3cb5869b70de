"""One microphone, heard by any number of sessions."""

from collections.abc import Callable
from typing import Any

import anyio
import numpy as np
import pytest

from sessions.audio.files import bundled_recording
from sessions.audio.modes import MicrophoneMode
from sessions.audio.pcm import Samples
from sessions.audio.taps import Tap, Taps
from sessions.audio.voice import Gate


def ramp(start: int, count: int) -> Samples:
    return np.arange(start, start + count, dtype=np.int16)


def tap(
    rate: int, block: float, deliver: Callable[[bytes], None], mode: MicrophoneMode = "on", **more: Any
) -> Tap:
    return Tap(rate, block, deliver, Gate(mode), **more)


def feed(taps: Taps, samples: Samples, rate: int) -> None:
    taps.feed(samples, rate, 0.0)


def test_each_tap_gets_whole_blocks_of_its_own_size() -> None:
    taps = Taps()
    small: list[bytes] = []
    large: list[bytes] = []
    taps.open("small", tap(16000, 0.02, small.append))
    taps.open("large", tap(16000, 0.1, large.append))
    for at in range(0, 4000, 100):
        feed(taps, ramp(at, 100), 16000)
    assert [len(block) for block in small] == [640] * 12
    assert [len(block) for block in large] == [3200] * 2
    assert b"".join(small) == ramp(0, 12 * 320).tobytes()


def test_last_partial_block_comes_when_the_tap_closes() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", tap(16000, 0.1, heard.append))
    feed(taps, ramp(0, 2000), 16000)
    taps.close("a")
    assert [len(block) for block in heard] == [3200, 800]
    assert b"".join(heard) == ramp(0, 2000).tobytes()
    feed(taps, ramp(0, 2000), 16000)
    taps.close("a")
    assert len(heard) == 2


def test_each_tap_hears_at_its_own_rate() -> None:
    taps = Taps()
    heard: dict[int, list[bytes]] = {16000: [], 24000: [], 48000: []}
    for rate, blocks in heard.items():
        taps.open(str(rate), tap(rate, 0.1, blocks.append))
    for _ in range(50):
        feed(taps, np.full(960, 1000, np.int16), 48000)
    for rate, blocks in heard.items():
        taps.close(str(rate))
        wave = np.frombuffer(b"".join(blocks), "<i2")
        assert wave.size == pytest.approx(rate, abs=2), "one second"
        assert int(wave[rate // 2]) == pytest.approx(1000, abs=2)


def test_nothing_is_lost_when_the_microphone_changes_its_rate() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", tap(16000, 0.1, heard.append))
    feed(taps, np.ones(44100, np.int16), 44100)
    feed(taps, np.ones(48000, np.int16), 48000)
    taps.close("a")
    assert sum(map(len, heard)) == pytest.approx(4 * 16000, abs=8)


def test_tap_that_was_never_fed_delivers_nothing() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", tap(16000, 0.1, heard.append))
    taps.close("a")
    taps.close("a")
    assert heard == []


def test_tap_may_close_while_it_is_fed() -> None:
    taps = Taps()
    taps.open("a", tap(16000, 0.02, lambda _: taps.close("a")))
    feed(taps, ramp(0, 320), 16000)
    assert "a" not in taps and len(taps) == 0


def test_a_muted_tap_sends_as_much_silence() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", tap(16000, 0.02, heard.append, "muted"))
    for _ in range(10):
        feed(taps, np.full(320, 1000, np.int16), 16000)
    taps.close("a")
    assert b"".join(heard) == bytes(10 * 640)


def test_the_end_of_talk_is_told_when_all_of_it_is_delivered() -> None:
    taps = Taps()
    heard: list[bytes] = []
    at_the_end: list[int] = []
    talk = tap(24000, 0.1, heard.append, "push-to-talk", talk_ended=lambda: at_the_end.append(len(heard)))
    taps.open("a", talk)
    block = np.full(960, 1000, np.int16)
    for talking in (False, True, True, True, False, False):
        talk.gate.talking = talking
        feed(taps, block, 48000)
    assert at_the_end == [len(heard)]
    wave = np.frombuffer(b"".join(heard), "<i2")
    loud = np.flatnonzero(np.abs(wave) > 900)
    assert loud.size / 24000 == pytest.approx(0.08, abs=0.01), "one block from before the talk, three of it"
    assert (wave.size - loud[-1]) / 24000 > 0.75, "and silence by which the turn ends"


def test_what_is_let_through_is_overheard_with_its_time() -> None:
    taps = Taps()
    overheard: list[tuple[int, int, float]] = []
    talk = tap(
        16000,
        0.1,
        lambda _: None,
        "push-to-talk",
        overhear=lambda samples, rate, at: overheard.append((samples.size, rate, at)),
    )
    taps.open("a", talk)
    taps.feed(ramp(0, 1600), 16000, 5.0)
    talk.gate.talking = True
    taps.feed(ramp(0, 1600), 16000, 5.1)
    ((size, rate, at),) = overheard
    assert (size, rate) == (3200, 16000) and at == pytest.approx(5.0)


def test_voices_open_a_tap_where_they_are_told_from_silence() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", tap(16000, 0.1, heard.append, "voice"))
    clip = bundled_recording()
    feed(taps, np.zeros(32000, np.int16), 16000)
    assert heard == []
    for at in range(0, 32000, 320):
        feed(taps, clip.samples[at : at + 320], clip.rate)
    taps.close("a")
    assert sum(map(len, heard)) > 32000


@pytest.mark.anyio
async def test_who_waits_for_listeners_is_told() -> None:
    taps = Taps()
    told = []

    async def watch() -> None:
        for listening in (True, False):
            await taps.until(listening=listening)
            told.append(listening)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await anyio.wait_all_tasks_blocked()
        assert told == []
        taps.open("a", tap(16000, 0.1, lambda _: None))
        await anyio.wait_all_tasks_blocked()
        assert told == [True]
        taps.open("b", tap(16000, 0.1, lambda _: None))
        taps.close("a")
        await anyio.wait_all_tasks_blocked()
        assert told == [True]
        taps.close("b")
    assert told == [True, False]
