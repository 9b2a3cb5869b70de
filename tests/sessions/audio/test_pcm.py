"""Samples between the parts: conversions, resampling, blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.pcm import Blocks, Resampler, Samples, from_float, level, samples_of, seconds

RATES = [16000, 24000, 44100, 48000]


def sine(rate: int, length: float = 1.0, frequency: float = 440.0) -> Samples:
    return from_float(0.5 * np.sin(2 * np.pi * frequency * np.arange(int(rate * length)) / rate))


def resample(samples: Samples, source: int, target: int, block: int) -> Samples:
    resampler = Resampler(source, target)
    parts = [resampler.push(samples[at : at + block]) for at in range(0, samples.size, block)]
    return np.concatenate([*parts, resampler.flush()])


def test_samples_of_bytes() -> None:
    assert list(samples_of(b"\x01\x00\xff\xff\x00\x80\x07")) == [1, -1, -32768]
    assert seconds(bytes(32000), 16000) == 1.0


def test_floats_are_scaled_and_clipped() -> None:
    assert list(from_float(np.array([0.0, 1.0, -1.0, 7.0, -7.0]))) == [0, 32767, -32768, 32767, -32768]


def test_level_is_the_peak() -> None:
    assert level(np.zeros(0, np.int16)) == 0.0
    assert level(np.array([0, 100, -32768], np.int16)) == 1.0


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", RATES)
def test_tone_keeps_its_pitch_length_and_level(source: int, target: int) -> None:
    out = resample(sine(source), source, target, source // 50)
    assert out.size == pytest.approx(target, abs=2)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    assert np.argmax(spectrum) * target / out.size == pytest.approx(440, abs=1)
    assert level(out[target // 10 : -target // 10]) == pytest.approx(0.5, abs=0.01)


def test_same_rate_changes_nothing() -> None:
    wave = sine(16000, 0.1)
    assert np.array_equal(resample(wave, 16000, 16000, 100), wave)


@given(st.integers(1, 2000), st.integers(1, 700))
def test_no_sample_is_kept_back(length: int, block: int) -> None:
    out = resample(sine(16000)[:length], 16000, 24000, block)
    assert abs(out.size - length * 1.5) <= 2


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_blocks_are_whole_and_nothing_is_lost(pieces: list[bytes], size: int) -> None:
    blocks = Blocks(size)
    cut = [block for piece in pieces for block in blocks.push(piece)]
    rest = blocks.flush()
    assert b"".join([*cut, rest]) == b"".join(pieces)
    assert all(len(block) == size for block in cut) and len(rest) < size
    assert blocks.flush() == b""
