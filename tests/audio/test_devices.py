"""Microphone and speaker on real PortAudio devices."""

import subprocess
import sys
import time
from pathlib import Path

import anyio
import numpy as np
import pytest

from sessions.audio import devices
from sessions.audio.pcm import from_float, samples_of
from sessions.audio.player import Player
from sessions.gateway import Gateway
from sessions.live.actions import Say
from tests.audio.conftest import Pulse
from tests.live.test_engine import phase, ready, running, text_of, until

RECORDINGS = Path(devices.__file__).parent / "recordings"

pytestmark = pytest.mark.usefixtures("empty_home")


def tone(seconds: float, rate: int) -> bytes:
    wave = np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return from_float(wave * 0.5).tobytes()


def loudest_frequency(pcm: bytes, rate: int) -> float:
    wave = samples_of(pcm).astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(wave))) * rate / wave.size)


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_a_tone_comes_out_as_it_went_in(pulse: Pulse, tmp_path: Path, rate: int) -> None:
    device = devices.default_output()

    async def play() -> None:
        player = Player(device.rate)
        async with devices.speaker(device, player):
            assert player.latency > 0
            player.add("tone", "test", tone(1.0, rate), rate)
            player.end("tone")
            while player.sounding("test"):  # noqa: ASYNC110 - the device's thread ends it
                await anyio.sleep(0.05)
            await anyio.sleep(0.3)

    with pulse.recorded(tmp_path / "heard.raw"):
        anyio.run(play)
    heard = samples_of((tmp_path / "heard.raw").read_bytes())
    loud = np.flatnonzero(np.abs(heard) > 8000)
    assert 0.95 < (loud[-1] - loud[0]) / 48000 < 1.05
    middle = heard[loud[0] + 4800 : loud[-1] - 4800]
    assert loudest_frequency(middle.tobytes(), 48000) == pytest.approx(440, abs=1.5)


def test_what_is_said_into_the_microphone_is_transcribed(pulse: Pulse, embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, lambda view: ready(view) and view.microphone.live)
        time.sleep(0.5)
        with pulse.play_into_microphone(RECORDINGS / "sense_0880.wav"):
            view = until(engine, lambda view: bool(view.sessions[0].log))
        assert "young man" in text_of(view.sessions[0])


def test_what_is_typed_comes_out_of_the_speaker(pulse: Pulse, embedded: Gateway, tmp_path: Path) -> None:
    with running(embedded) as engine:
        until(engine, lambda view: ready(view) and not view.null_output)
        with pulse.recorded(tmp_path / "heard.raw"):
            engine.post("speak", Say("Hello, this is a sentence.")).result(5)
            until(engine, lambda view: phase(view, 0) == "done")
            time.sleep(0.3)
    assert np.max(np.abs(samples_of((tmp_path / "heard.raw").read_bytes()))) > 3000


def test_a_sound_server_that_dies_leaves_the_deck_alive(pulse: Pulse, embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, lambda view: ready(view) and not view.null_output and view.microphone.live)
        pulse.kill()
        gone = until(engine, lambda view: view.null_output and not view.microphone.live)
        assert "is gone" in gone.speaker and "is gone" in gone.microphone.source
        engine.post("speak", Say("It goes on.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")


def test_say_plays_without_a_file(pulse: Pulse, embedded: Gateway, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "say", "Hello there, this is played."]
    with pulse.recorded(tmp_path / "heard.raw"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("played ")
    assert np.max(np.abs(samples_of((tmp_path / "heard.raw").read_bytes()))) > 3000


def test_no_device_is_one_line_with_a_way_out(no_sound_card: None) -> None:
    for find in (devices.default_input, devices.default_output):
        with pytest.raises(devices.NoDevice, match="libportaudio2"):
            find()
