"""Microphone and speaker on real PortAudio devices."""

import wave
from pathlib import Path

import anyio
import numpy as np
import pytest

from sessions.audio import devices, streams
from sessions.audio.devices import NoDevice
from sessions.audio.mixer import Mixer
from sessions.audio.pcm import RATE, Samples, from_float, samples_of
from sessions.audio.taps import Tap, Taps
from sessions.audio.voice import Gate
from tests.audio.conftest import Pulse


def tone(seconds: float, rate: int, frequency: float = 440.0, loudness: float = 0.5) -> Samples:
    return from_float(loudness * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate))


def frequency_of(samples: Samples, rate: int) -> float:
    """The loudest frequency, to a hundredth of a hertz."""
    wave = samples * np.hanning(samples.size)
    size = 1 << 20
    return float(np.argmax(np.abs(np.fft.rfft(wave, size))) * rate / size)


def loud_part(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 8000)
    return samples[loud[0] + 4800 : loud[-1] - 4800]


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_a_tone_comes_out_as_it_went_in(pulse: Pulse, rate: int) -> None:
    device = devices.look().pick("", "output")

    async def play() -> None:
        mixer = Mixer()
        async with streams.speaker(device, mixer) as stream:
            mixer.add("tone", "pane", tone(1.0, rate).tobytes(), rate)
            mixer.end("tone")
            while mixer.sounding("pane"):  # noqa: ASYNC110 - the device's thread ends it
                await anyio.sleep(0.05)
            await anyio.sleep(0.3)
            assert 0.05 < stream.latency < 0.2 and stream.xruns == 0

    with pulse.heard() as heard:
        anyio.run(play)
    loud = np.flatnonzero(np.abs(heard.samples) > 8000)
    assert (loud[-1] - loud[0]) / RATE == pytest.approx(1.0, abs=0.01)
    assert frequency_of(loud_part(heard.samples), RATE) == pytest.approx(440.0, abs=0.05)


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_a_tone_comes_in_as_it_was_played(pulse: Pulse, tmp_path: Path, rate: int) -> None:
    recording = tmp_path / "tone.wav"
    write(recording, tone(1.5, 48000))
    device = devices.look().pick("", "input")
    heard: list[bytes] = []

    async def capture() -> None:
        taps = Taps()
        taps.open("pane", Tap(rate, 0.02, heard.append, Gate("on")))
        async with streams.microphone(device, taps.feed):
            await anyio.sleep(0.3)
            with pulse.play_into_microphone(recording):
                await anyio.sleep(2.0)
        taps.close("pane")

    anyio.run(capture)
    samples = samples_of(b"".join(heard))
    assert frequency_of(loud_part(samples), rate) == pytest.approx(440.0, abs=0.05)


def write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def test_a_device_of_another_name_is_told_with_those_there_are(pulse: Pulse) -> None:
    found = devices.look()
    assert found.pick("mic", "input").name == "mic"
    assert found.pick("MICF", "input").name == "micfeed"
    with pytest.raises(NoDevice, match=r"no speaker 'hdmi'; there are: .*speaker"):
        found.pick("hdmi", "output")
    with pytest.raises(NoDevice, match="'mi' is more than one microphone"):
        found.pick("mi", "input")


def test_a_device_that_is_gone_is_one_line(pulse: Pulse) -> None:
    device = devices.look().pick("speaker", "output")
    pulse.kill()

    async def play() -> None:
        async with streams.speaker(device, Mixer()):
            pass

    with pytest.raises(NoDevice, match="speaker"):
        anyio.run(play)


def test_no_library_is_one_line_with_a_way_out(no_sound_card: None) -> None:
    for direction in ("input", "output"):
        with pytest.raises(NoDevice, match="libportaudio2"):
            devices.look().pick("", direction)
