"""Level, clipping and silence of one stream."""

import numpy as np
import pytest

from sessions.audio.meter import Meter, WaveMeter
from sessions.audio.pcm import Samples
from sessions.audio.view import WAVE_KEPT, Wave


def block(value: int, seconds: float = 0.1) -> Samples:
    return np.full(int(seconds * 16000), value, np.int16)


def test_level_is_the_peak_and_falls_slowly() -> None:
    meter = Meter()
    meter.watch(block(16384), 16000, 0.0)
    assert meter.level == 0.5
    meter.watch(block(0), 16000, 0.1)
    assert 0.1 < meter.level < 0.3
    meter.watch(block(0, 2.0), 16000, 0.2)
    assert meter.level < 0.001


@pytest.mark.parametrize("value", [32767, -32768])
def test_clipping_is_shown_for_a_second(value: int) -> None:
    meter = Meter()
    meter.watch(block(32000), 16000, 0.0)
    assert not meter.clipping(0.1)
    meter.watch(block(value), 16000, 1.0)
    assert meter.clipping(1.5) and not meter.clipping(2.5)


def test_silence_is_timed_from_its_first_block() -> None:
    meter = Meter()
    assert meter.silent_for(100.0) == 0.0, "nothing has been heard at all"
    meter.watch(block(20), 16000, 1.0)
    meter.watch(block(0), 16000, 1.1)
    assert meter.silent_for(6.0) == pytest.approx(5.0)
    meter.watch(block(100), 16000, 6.0)
    assert meter.silent_for(6.1) == 0.0


def test_an_empty_block_says_nothing() -> None:
    meter = Meter()
    meter.watch(block(0, 0), 16000, 1.0)
    assert meter.silent_for(10.0) == 0.0


def test_a_wave_is_the_peaks_of_the_last_seconds() -> None:
    meter = WaveMeter()
    for peak in (0.1, 0.3, 0.2, 0.0, 0.5):
        meter.add(peak, 0.03)
    assert meter.wave == Wave((0.3, 0.2), 2), "150 ms but for the last 30"
    meter.add(0.4, 0.13)
    assert meter.wave == Wave((0.3, 0.2, 0.5, 0.5, 0.5), 5)
    meter.add(0.7, 60.0)
    assert meter.wave == Wave((0.7,) * WAVE_KEPT, 1205)
    meter.add(0.0, 60.0)
    silent = meter.wave
    meter.add(0.0, 1.0)
    assert meter.wave is silent, "as long as it goes on there is nothing new"
    meter.add(0.2, 0.05)
    assert meter.wave.peaks[-2:] == (0.0, 0.2)


def test_a_meter_draws_the_wave_of_what_it_watches() -> None:
    meter = Meter()
    for at in range(10):
        meter.watch(block(16384 if at % 2 else 0, 0.05), 16000, at / 20)
    assert meter.wave == Wave((0.0, 0.5) * 5, 10)
