"""Speech at another speed: its length, its pitch and its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.files import bundled_recording, read
from sessions.audio.pcm import RATE, Resampler, Samples, from_float
from sessions.audio.stretch import Stretch
from sessions.local.recogniser import Recogniser
from tests.speech import RECORDINGS, transcripts, word_errors

SPEEDS = (0.5, 0.9, 1.1, 2.0)


def resampled(samples: Samples, source: int, target: int) -> Samples:
    resampler = Resampler(source, target)
    return np.concatenate([resampler.push(samples), resampler.flush()])


SPEECH = resampled(bundled_recording().samples, bundled_recording().rate, RATE)


def tone(seconds: float, frequency: float = 440.0) -> Samples:
    return from_float(0.5 * np.sin(2 * np.pi * frequency * np.arange(int(RATE * seconds)) / RATE))


def stretched(samples: Samples, speed: float, block: int = 480) -> Samples:
    stretch = Stretch(speed)
    parts = [stretch.push(samples[at : at + block]) for at in range(0, samples.size, block)]
    return np.concatenate([*parts, stretch.flush()])


def residual(wave: Samples, frequency: float) -> float:
    """What is left beside a tone, in dB of the whole."""
    phase = 2 * np.pi * frequency * np.arange(wave.size) / RATE
    basis = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    rest = wave - basis @ np.linalg.lstsq(basis, wave.astype(float), rcond=None)[0]
    return float(10 * np.log10(np.square(rest).sum() / np.square(wave.astype(float)).sum()))


def steepest(samples: Samples) -> int:
    return int(np.abs(np.diff(samples.astype(int))).max())


@pytest.mark.parametrize("speed", SPEEDS)
def test_length_is_that_of_the_speed(speed: float) -> None:
    speech = np.concatenate([SPEECH, SPEECH])
    assert stretched(speech, speed).size == pytest.approx(speech.size / speed, rel=0.01)


@pytest.mark.parametrize("speed", SPEEDS)
def test_tone_keeps_its_pitch_and_stays_pure(speed: float) -> None:
    out = stretched(tone(3.0), speed)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size), 16 * out.size))
    assert np.argmax(spectrum) * RATE / (16 * out.size) == pytest.approx(440, abs=1)
    tenth = RATE // 10
    assert max(residual(out[at : at + tenth], 440) for at in range(0, out.size - tenth, tenth)) < -40


@given(st.lists(st.integers(0, 5000), max_size=20))
def test_speed_of_one_changes_nothing_and_waits_for_nothing(sizes: list[int]) -> None:
    stretch, at = Stretch(1.0), 0
    for size in sizes:
        assert np.array_equal(stretch.push(SPEECH[at : at + size]), SPEECH[at : at + size])
        at += size
    assert not stretch.flush().size


@given(
    st.sampled_from([*SPEEDS, 0.987654321]),
    st.lists(st.integers(0, 4000), max_size=30),
    st.integers(RATE, 2 * RATE),
)
def test_size_of_the_blocks_does_not_matter(speed: float, sizes: list[int], length: int) -> None:
    speech, stretch, at, parts = SPEECH[RATE // 2 :][:length], Stretch(speed), 0, []
    for size in sizes:
        parts.append(stretch.push(speech[at : at + size]))
        at += size
    parts += [stretch.push(speech[at:]), stretch.flush()]
    whole = Stretch(speed)
    assert np.array_equal(np.concatenate(parts), np.concatenate([whole.push(speech), whole.flush()]))


@given(st.lists(st.sampled_from([*SPEEDS, 1.0]), min_size=1, max_size=40), st.integers(200, 3000))
def test_speed_may_change_at_any_time_without_a_click(speeds: list[float], block: int) -> None:
    wave, stretch, at, due, parts = tone(len(speeds) * block / RATE, 150), Stretch(1.0), 0, 0.0, []
    for speed in speeds:
        stretch.speed = speed
        parts.append(stretch.push(wave[at : at + block]))
        at += block
        due += block / speed
    out = np.concatenate([*parts, stretch.flush()])
    # Where a fade between two parts of a quiet voice begins or ends, and no more than that.
    assert steepest(out) <= 1.5 * steepest(wave)
    assert abs(out.size - due) < 0.05 * RATE * (1 + len(speeds))


def test_speech_has_no_click_where_the_speed_changes() -> None:
    stretch, parts = Stretch(1.0), []
    for number, at in enumerate(range(0, SPEECH.size, 4800)):
        stretch.speed = (1.0, 0.5, 2.0, 1.5, 0.8)[number % 5]
        parts.append(stretch.push(SPEECH[at : at + 4800]))
    assert steepest(np.concatenate([*parts, stretch.flush()])) <= 1.2 * steepest(SPEECH)


def test_everything_comes_with_the_flush_and_the_next_begins_anew() -> None:
    stretch = Stretch(1.5)
    first = np.concatenate([stretch.push(SPEECH[:RATE]), stretch.flush()])
    assert np.array_equal(first[-100:], SPEECH[:RATE][-100:]), "to the last sample"
    assert np.array_equal(np.concatenate([stretch.push(SPEECH[:RATE]), stretch.flush()]), first)
    assert not stretch.flush().size


@pytest.mark.parametrize("speed", SPEEDS)
def test_it_holds_little_back(speed: float) -> None:
    stretch = Stretch(speed)
    out = sum(stretch.push(SPEECH[at : at + 480]).size for at in range(0, 10 * RATE, 480))
    assert 10 * RATE - out * speed < 0.1 * RATE


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.int16), np.full(RATE, -32768, np.int16)])
def test_silence_and_the_loudest_stay_what_they_are(samples: Samples) -> None:
    for speed in SPEEDS:
        out = stretched(samples, speed)
        assert np.array_equal(out, np.full(out.size, samples[0]))
        assert out.size == pytest.approx(RATE / speed, rel=0.05)


@pytest.mark.parametrize("speed", [0.0, 0.49, 2.01, -1.0, float("nan"), float("inf")])
def test_other_speeds_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match=r"is not between 0\.5 and 2\.0"):
        Stretch(speed)
    stretch = Stretch(1.5)
    with pytest.raises(ValueError, match=r"is not between 0\.5 and 2\.0"):
        stretch.speed = speed
    assert stretch.speed == 1.5


@pytest.mark.anyio
@pytest.mark.parametrize(("speed", "worst"), [(0.5, 0.1), (1.25, 0.1), (2.0, 0.35)])
async def test_speech_keeps_its_words(speed: float, worst: float) -> None:
    recogniser, heard = Recogniser(), []
    for name in transcripts():
        clip = read(RECORDINGS / f"{name}.wav")
        out = stretched(resampled(clip.samples, clip.rate, RATE), speed)
        heard.append(await recogniser.transcribe(resampled(out, RATE, 16_000)))
    errors = word_errors(list(transcripts().values()), heard)
    print(f"speed {speed}: word error rate {errors:.3f}")
    assert errors <= worst
