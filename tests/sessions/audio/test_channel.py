"""A group's volume, speed and underruns, as they are heard."""

import numpy as np
import pytest

from sessions.audio.jitter import LEAST
from sessions.audio.mixer import Mixer, Progress
from sessions.audio.pcm import RATE
from sessions.audio.track import FADE_FRAMES
from tests.sessions.audio.sink import Clock, account, pull, saying, settled, tone


def test_volume_and_muting() -> None:
    mixer = saying("a")
    channel = mixer.channel("g")
    channel.volume = 0.5
    assert set(pull(mixer, 0.1)) == {500}, "what begins does so at its volume"
    channel.volume = 2.0
    assert settled(pull(mixer, 0.1)) == {2000}
    channel.muted = True
    assert settled(pull(mixer, 0.1)) == {0}
    assert account(mixer, "a").played == pytest.approx(0.3), "it runs unheard"
    channel.muted = False
    assert settled(pull(mixer, 0.1)) == {2000}


@pytest.mark.parametrize(
    ("volume", "speed", "heard"), [(9.0, 9.0, 2000), (-1.0, 0.0, 0), (float("nan"), float("nan"), 0)]
)
def test_settings_beyond_their_bounds_are_those_bounds(volume: float, speed: float, heard: int) -> None:
    mixer = saying("a")
    mixer.channel("g").volume, mixer.channel("g").speed = volume, speed
    assert set(pull(mixer, 0.1)) == {heard}


def test_the_wave_is_that_of_the_speech_however_loud_it_is_played() -> None:
    mixer = saying("a", seconds=0.1)
    mixer.channel("g").muted = True
    for _ in range(30):
        pull(mixer, 0.01)
    peaks = mixer.channel("g").meter.wave.peaks
    assert peaks[0] == peaks[1] == 1000 / 32768 and peaks[-1] == 0.0
    assert set(mixer.meter.wave.peaks) == {0.0}, "nothing is put out"


@pytest.mark.parametrize("block", [7, 100, 480])
def test_volume_changes_by_a_ramp_of_5_ms(block: int) -> None:
    mixer = saying("a")
    pull(mixer, 0.1)
    mixer.channel("g").volume = 0.0
    out = np.concatenate([mixer.pull(block) for _ in range(960 // block)])
    assert out[0] == 1000 and not out[FADE_FRAMES:].any()
    assert np.abs(np.diff(out)).max() < 1000 / FADE_FRAMES + 2


def test_volume_may_change_again_on_its_way() -> None:
    mixer = saying("a")
    channel = mixer.channel("g")
    out = [mixer.pull(480)]
    for volume in (0.0, 1.0, 0.0, 0.5):
        channel.volume = volume
        out.append(mixer.pull(100))
    out.append(mixer.pull(480))
    wave = np.concatenate(out)
    assert np.abs(np.diff(wave)).max() < 1000 / FADE_FRAMES + 2
    assert set(wave[-240:]) == {500}


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("block", [480, 1024])
def test_speed(speed: float, block: int) -> None:
    mixer = saying("a", seconds=2.0)
    mixer.channel("g").speed = speed
    mixer.pull(block * (RATE // 2 // block))
    took = mixer.pulled
    assert account(mixer, "a").played == pytest.approx(took / RATE * speed, abs=0.03)
    while mixer.sounding("g"):
        mixer.pull(block)
        took += block
    assert took / RATE == pytest.approx(2.0 / speed, rel=0.05)
    assert account(mixer, "a") == Progress(2.0, 2.0, finished=True, paused=False, current=False)


def test_speech_that_comes_as_fast_as_it_is_spoken_does_not_stutter_at_a_higher_speed() -> None:
    mixer = Mixer(Clock())
    channel = mixer.channel("g")
    channel.speed = 2.0
    out = []
    for _ in range(200):
        mixer.add("a", "g", tone(0.02), RATE)
        out.append(pull(mixer, 0.02))
    sounds = np.flatnonzero(np.concatenate(out))
    assert channel.underruns == 0
    assert sounds.size == sounds[-1] - sounds[0] + 1


@pytest.mark.parametrize("speed", [0.5, 0.9, 0.97, 1.0, 1.5, 2.0])
def test_no_speed_makes_it_more_prone_to_underruns(speed: float) -> None:
    chunk, late = 0.02, 0.8 * LEAST
    for seed in range(20):
        clock = Clock()
        mixer = Mixer(clock)
        mixer.channel("g").speed = speed
        lates = np.random.default_rng(seed).uniform(0, late, 100)
        lates[0] = 0
        for arrival in sorted(np.arange(100) * chunk + lates):
            while clock.now < arrival:
                mixer.pull(480)
                clock.now += 0.01
            mixer.add("a", "g", tone(chunk), RATE)
        assert mixer.channel("g").underruns == 0


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.5])
def test_what_the_stretching_kept_back_comes_at_the_end(speed: float) -> None:
    mixer = Mixer(Clock())
    mixer.channel("g").speed = speed
    mixer.add("a", "g", np.repeat(np.arange(1, 11, dtype="<i2"), 960).tobytes(), RATE)
    pull(mixer, 1.0)
    assert mixer.sounding("g") == ["a"]
    mixer.end("a")
    out = pull(mixer, 0.1)
    assert account(mixer, "a") == Progress(0.2, 0.2, finished=True, paused=False, current=False)
    assert speed == 1.0 or out.max() == 10


def test_underrun_counts_when_the_missing_audio_comes() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", tone(0.1), RATE)
    pull(mixer, 0.1)
    channel = mixer.channel("g")
    assert channel.underruns == 0, "all that was there was needed, and it was there"
    pull(mixer, 0.1)
    pull(mixer, 0.1)
    assert channel.underruns == 0
    mixer.add("a", "g", tone(0.01), RATE)
    mixer.add("a", "g", tone(0.01), RATE)
    assert channel.underruns == 1
    mixer.end("a")
    pull(mixer, 0.1)
    assert channel.underruns == 1


def test_end_that_comes_late_is_no_underrun() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", np.full(4800, 1000, "<i2").tobytes(), 24_000)
    pull(mixer, 0.3)
    mixer.add("a", "g", b"", 24_000)
    mixer.end("a")
    pull(mixer, 0.1)
    assert mixer.channel("g").underruns == 0
    assert account(mixer, "a").finished


def test_after_an_underrun_it_waits_until_enough_is_there_again() -> None:
    mixer = Mixer(Clock())
    mixer.add("a", "g", tone(0.1), RATE)
    pull(mixer, 0.2)
    mixer.add("a", "g", tone(LEAST - 0.01), RATE)
    assert not pull(mixer, 0.02).any()
    mixer.add("a", "g", tone(0.01), RATE)
    assert settled(pull(mixer, LEAST)) == {1000}
    pull(mixer, 0.1)
    mixer.add("a", "g", tone(0.01), RATE)
    assert not pull(mixer, 0.02).any()
    mixer.end("a")
    assert settled(pull(mixer, 0.01)) == {1000}


def test_audio_that_came_late_makes_the_next_utterance_wait_longer() -> None:
    clock = Clock()
    mixer = Mixer(clock)
    mixer.add("a", "g", tone(0.1), RATE)
    clock.now = 0.5
    mixer.add("a", "g", tone(0.1), RATE)
    mixer.end("a")
    mixer.pull(RATE)
    mixer.add("b", "g", tone(0.45), RATE)
    assert not mixer.pull(480).any(), "0.4 s late, and a quarter more"
    mixer.add("b", "g", tone(0.1), RATE)
    assert mixer.pull(480).any()
