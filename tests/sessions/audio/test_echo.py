"""The speaker's sound in the microphone: how much of it is taken out, and what the user's voice suffers."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sessions.audio.echo import AEC3_DELAY, FRAME, Echo
from sessions.audio.files import RECORDINGS, bundled_recording
from sessions.audio.modes import ECHO_MODES, EchoMode
from sessions.audio.pcm import RATE, Samples, from_float, samples_of
from sessions.local.recogniser import Recogniser
from tests.speech import recording, transcripts, word_errors

Wave = NDArray[np.float64]

START = 1000.0
AHEAD = 0.1
BLOCK = 960


def sentence(name: str) -> Wave:
    return np.asarray(soxr.resample(samples_of(recording(name)) / 32768.0, 16000, RATE))


def speech(seconds: float) -> Wave:
    """The bundled recording, over and over."""
    clip = bundled_recording()
    once = soxr.resample(clip.samples / 32768.0, clip.rate, RATE)
    return np.resize(once, int(seconds * RATE))


def later(wave: Wave, seconds: float) -> Wave:
    return np.concatenate([np.zeros(round(seconds * RATE)), wave])[: wave.size]


def echo_of(far: Wave, *, decibels: float = -10.0, delay: float = 0.06) -> Wave:
    """What a microphone hears of the speaker in a small room, which hums a little itself."""
    rng = np.random.default_rng(7)
    tail = rng.normal(0, 0.05, int(0.15 * RATE)) * np.exp(-np.arange(int(0.15 * RATE)) / (0.03 * RATE))
    size = 1 << (far.size + tail.size).bit_length()
    reverberation = np.fft.irfft(np.fft.rfft(far, size) * np.fft.rfft(tail, size))[: far.size]
    return later((far + reverberation) * 10 ** (decibels / 20), delay) + rng.normal(0, 1e-4, far.size)


def hear(
    echo: Echo,
    near: Wave,
    far: Wave,
    *,
    rate: int = RATE,
    start: int = 0,
    jitter: float = 0.005,
    skew: float = 0.0,
    gaps: bool = False,
    modes: Mapping[int, EchoMode] = MappingProxyType({}),
) -> Wave:
    """Let `echo` hear both ends side by side, from sample `start` on; return what it makes of the near end.

    The far end is told 100 ms ahead, with `gaps` only where it sounds; the times of both ends are off by up
    to `jitter` seconds, those of the near end run away by `skew`. The mode changes at the seconds stated.
    """
    rng = np.random.default_rng(3)
    captured, sounding = from_float(soxr.resample(near[start:], RATE, rate)), from_float(far)
    told = start
    out = [np.zeros(0, np.int16)]
    for at in range(0, captured.size, rate // 50):
        now = start / RATE + at / rate
        echo.mode = modes.get(int(now), echo.mode)
        while told < min(far.size, (now + 0.02 + AHEAD) * RATE):
            block = sounding[told : told + BLOCK]
            if not gaps or sounding[max(0, told - RATE // 10) : told + RATE // 10].any():
                echo.heard(block, START + told / RATE + rng.uniform(-jitter, jitter))
            told += BLOCK
        moment = START + now * (1 + skew) + rng.uniform(-jitter, jitter)
        out.append(echo.process(captured[at : at + rate // 50], rate, moment)[0])
    wave = np.concatenate(out) / 32768.0
    return np.pad(wave, (0, max(0, near.size - start - wave.size)))


def energy(wave: Wave, begin: float, end: float) -> float:
    """In dB, between two moments in seconds."""
    return float(10 * np.log10(np.mean(wave[int(begin * RATE) : int(end * RATE)] ** 2) + 1e-12))


def reduction(near: Wave, out: Wave, begin: float, end: float) -> float:
    return energy(near, begin, end) - energy(out, begin, end)


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_echo_is_gone_after_a_few_seconds(rate: int) -> None:
    far = speech(15)
    near = echo_of(far)
    echo = Echo()
    out = hear(echo, near, far, rate=rate)
    assert reduction(near, out, 4, 15) > 25
    assert reduction(near, out, 0, 4) > 20
    assert echo.reduction is not None and echo.reduction > 20


def test_loud_echo_is_gone_too() -> None:
    far = speech(12)
    near = echo_of(far, decibels=3)
    assert reduction(near, hear(Echo(), near, far), 4, 12) > 25


def test_distorting_speaker_is_suppressed() -> None:
    far = speech(15)
    near = echo_of(np.tanh(far * 5) / 5)
    assert reduction(near, hear(Echo(), near, far), 4, 15) > 15


@pytest.mark.parametrize("error", [-0.05, 0.1, 0.3])
def test_stated_times_may_be_wrong(error: float) -> None:
    far = speech(12)
    near = echo_of(later(far, 0.06), delay=error) if error > 0 else echo_of(far, delay=0.06 + error)
    assert reduction(near, hear(Echo(), near, far), 4, 12) > 20


def test_clocks_that_drift_apart_are_followed() -> None:
    far = speech(60)
    near = soxr.resample(echo_of(far), 1e6, 1e6 + 50)[: far.size]
    out = hear(Echo(), near, far, skew=-5e-5)
    assert reduction(near, out, 4, 60) > 20
    assert reduction(near, out, 50, 60) > 20


def test_voice_is_kept_when_clocks_drift_far_apart() -> None:
    far = speech(90)
    near = soxr.resample(echo_of(far), 1e6, 1e6 + 200)[: far.size].copy()
    voice = sentence(RECORDINGS[0])
    near[80 * RATE : 80 * RATE + voice.size] += voice
    out = hear(Echo(), near, far, skew=-2e-4)
    assert reduction(near, out, 70, 80) > 20
    assert energy(out[80 * RATE :][: voice.size], 0, 99) > energy(voice, 0, 99) - 1


def test_samples_lost_by_the_device_cost_nothing() -> None:
    far = speech(20)
    near = echo_of(far)
    echo = Echo()
    first = 10 * RATE
    hear(echo, near[:first], far)
    skipped = first + RATE // 10
    out = hear(echo, near, far, start=skipped)
    assert reduction(near[skipped:], out, 0.3, 9) > 25


def test_path_that_leaps_is_learnt_again() -> None:
    far = speech(20)
    near = echo_of(far)
    near[10 * RATE :] = echo_of(far, delay=0.16)[10 * RATE :]
    out = hear(Echo(), near, far)
    assert reduction(near, out, 4, 10) > 20
    assert reduction(near, out, 14, 20) > 15


def test_far_end_may_be_told_only_while_it_sounds() -> None:
    far = speech(16)
    near = echo_of(far)
    assert reduction(near, hear(Echo(), near, far, gaps=True, jitter=0.001), 4, 16) > 20


@pytest.mark.parametrize("name", RECORDINGS)
def test_voice_passes_untouched_when_nothing_sounds(name: str) -> None:
    near = sentence(name)
    echo = Echo()
    out = hear(echo, near, np.zeros_like(near))[: near.size // FRAME * FRAME]
    assert np.array_equal(from_float(out[AEC3_DELAY:]), from_float(near[: out.size - AEC3_DELAY]))
    assert echo.reduction is None


def test_silent_microphone_stays_silent() -> None:
    far = speech(6)
    out = hear(Echo(), np.zeros_like(far), far)
    assert np.abs(out).max() < 0.005
    assert np.abs(out[RATE:]).max() < 0.001


@pytest.mark.anyio
async def test_voice_over_the_echo_is_recognised() -> None:
    recogniser = Recogniser()

    async def transcript(wave: Wave) -> str:
        return await recogniser.transcribe(from_float(soxr.resample(wave, RATE, 16000)))

    texts = transcripts()
    clean, echoing, cancelled = [], [], []
    alone = 10 * RATE
    for name in RECORDINGS:
        voice = np.pad(sentence(name), (RATE // 3, RATE))
        far = np.resize(
            np.concatenate([sentence(other) for other in RECORDINGS if other != name]), alone + voice.size
        )
        near = echo_of(far)
        near[alone:] += voice
        out = hear(Echo(), near, far)[alone:]
        assert energy(out, 0, 99) > energy(voice, 0, 99) - 2
        clean.append(await transcript(voice))
        echoing.append(await transcript(near[alone:]))
        cancelled.append(await transcript(out))
    spoken = [texts[name] for name in RECORDINGS]
    assert word_errors(spoken, echoing) > 0.3, "the echo does disturb"
    assert word_errors(spoken, cancelled) <= word_errors(spoken, clean) + 0.03, cancelled


def test_half_duplex_is_silent_while_something_sounds_and_a_little_longer() -> None:
    second = RATE
    far = np.zeros(3 * second)
    far[second : 2 * second] = 0.1 * np.sin(np.arange(second))
    near = np.full(3 * second, 0.25)
    echo = Echo("half-duplex")
    out = hear(echo, near, far, jitter=0.0)
    assert (out[: int(0.92 * second)] == 0.25).all()
    assert (out[second : int(2.19 * second)] == 0).all()
    assert (out[int(2.24 * second) : -FRAME] == 0.25).all()
    assert np.abs(np.diff(out)).max() < 0.25 / (0.004 * RATE), "fades, no click"
    assert echo.reduction is None


def test_nothing_is_done_when_off() -> None:
    echo = Echo("off")
    echo.heard(from_float(speech(0.2)), START)
    samples = np.arange(441, dtype=np.int16)
    assert echo.process(samples, 44100, START) == (samples, 44100)
    assert echo.reduction is None


def test_mode_may_change_in_mid_stream() -> None:
    far = speech(18)
    near = echo_of(far)
    out = hear(Echo(), near, far, modes={5: "off", 6: "half-duplex", 7: "cancel"})
    assert out.size == near.size
    assert reduction(near, out, 4, 5) > 15
    assert reduction(near, out, 5, 6) == pytest.approx(0, abs=0.01)
    assert reduction(near, out, 6.1, 7) > 60
    assert reduction(near, out, 8, 18) > 20


def test_another_device_is_learnt_from_the_start() -> None:
    far = speech(12)
    near = echo_of(far)
    echo = Echo()
    first = hear(echo, near, far)
    echo.reset()
    assert echo.reduction is None
    assert np.array_equal(hear(echo, near, far), first)


def test_nothing_is_left_over_from_before_it_was_off() -> None:
    echo = Echo("half-duplex")
    echo.process(np.ones(FRAME - 1, np.int16), RATE, START)
    echo.mode = "off"
    echo.process(np.ones(FRAME, np.int16), RATE, START + 0.01)
    echo.mode = "half-duplex"
    out, _ = echo.process(np.full(FRAME, 5, np.int16), RATE, START + 0.02)
    assert (out == 5).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 3000), max_size=20),
    st.sampled_from([16000, 24000, 44100, 48000]),
    st.sampled_from(ECHO_MODES),
)
def test_no_sample_is_lost_or_added(sizes: list[int], rate: int, mode: EchoMode) -> None:
    echo = Echo(mode)
    echo.heard(from_float(speech(0.5)), START)
    taken = given_out = 0.0
    for size in sizes:
        out, out_rate = echo.process(np.ones(size, np.int16), rate, START + taken)
        taken += size / rate
        given_out += out.size / out_rate
    assert -1e-9 < taken - given_out < (0.01 if rate == RATE else 0.06)


Moments = st.floats(-1e6, 1e6)
Blocks = st.builds(
    lambda size, peak: np.resize(np.array([peak, -peak, 0], np.int16), size),
    st.integers(0, 5000),
    st.integers(0, 32767),
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("heard"), Blocks, Moments),
            st.tuples(st.sampled_from(ECHO_MODES), Blocks, Moments),
        ),
        max_size=12,
    )
)
def test_whatever_the_times_nothing_breaks(calls: list[tuple[str, Samples, float]]) -> None:
    echo = Echo()
    for what, samples, at in calls:
        if what == "heard":
            echo.heard(samples, at)
        else:
            echo.mode = next(mode for mode in ECHO_MODES if mode == what)
            out, _ = echo.process(samples, 48000, at)
            assert out.dtype == np.int16
            assert echo.reduction is None or np.isfinite(echo.reduction)
