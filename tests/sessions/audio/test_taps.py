"""One microphone, heard by any number of sessions."""

import anyio
import numpy as np
import pytest

from sessions.audio.pcm import Samples
from sessions.audio.taps import Taps


def ramp(start: int, count: int) -> Samples:
    return np.arange(start, start + count, dtype=np.int16)


def test_each_tap_gets_whole_blocks_of_its_own_size() -> None:
    taps = Taps()
    small: list[bytes] = []
    large: list[bytes] = []
    taps.open("small", 16000, 0.02, small.append)
    taps.open("large", 16000, 0.1, large.append)
    for at in range(0, 4000, 100):
        taps.feed(ramp(at, 100), 16000)
    assert [len(block) for block in small] == [640] * 12
    assert [len(block) for block in large] == [3200] * 2
    assert b"".join(small) == ramp(0, 12 * 320).tobytes()


def test_last_partial_block_comes_when_the_tap_closes() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", 16000, 0.1, heard.append)
    taps.feed(ramp(0, 2000), 16000)
    taps.close("a")
    assert [len(block) for block in heard] == [3200, 800]
    assert b"".join(heard) == ramp(0, 2000).tobytes()
    taps.feed(ramp(0, 2000), 16000)
    taps.close("a")
    assert len(heard) == 2


def test_each_tap_hears_at_its_own_rate() -> None:
    taps = Taps()
    heard: dict[int, list[bytes]] = {16000: [], 24000: [], 48000: []}
    for rate, blocks in heard.items():
        taps.open(str(rate), rate, 0.1, blocks.append)
    for _ in range(50):
        taps.feed(np.full(960, 1000, np.int16), 48000)
    for rate, blocks in heard.items():
        taps.close(str(rate))
        wave = np.frombuffer(b"".join(blocks), "<i2")
        assert wave.size == pytest.approx(rate, abs=2), "one second"
        assert int(wave[rate // 2]) == pytest.approx(1000, abs=2)


def test_nothing_is_lost_when_the_microphone_changes_its_rate() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", 16000, 0.1, heard.append)
    taps.feed(np.ones(44100, np.int16), 44100)
    taps.feed(np.ones(48000, np.int16), 48000)
    taps.close("a")
    assert sum(map(len, heard)) == pytest.approx(4 * 16000, abs=8)


def test_tap_that_was_never_fed_delivers_nothing() -> None:
    taps = Taps()
    heard: list[bytes] = []
    taps.open("a", 16000, 0.1, heard.append)
    taps.close("a")
    taps.close("a")
    assert heard == []


def test_tap_may_close_while_it_is_fed() -> None:
    taps = Taps()
    taps.open("a", 16000, 0.02, lambda _: taps.close("a"))
    taps.feed(ramp(0, 320), 16000)
    assert "a" not in taps and len(taps) == 0


def test_level_falls_slowly() -> None:
    taps = Taps()
    taps.feed(np.array([16384], np.int16), 16000)
    assert taps.level == 0.5
    taps.feed(np.zeros(320, np.int16), 16000)
    assert 0 < taps.level < 0.5


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
        taps.open("a", 16000, 0.1, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        assert told == [True]
        taps.open("b", 16000, 0.1, lambda _: None)
        taps.close("a")
        await anyio.wait_all_tasks_blocked()
        assert told == [True]
        taps.close("b")
    assert told == [True, False]
