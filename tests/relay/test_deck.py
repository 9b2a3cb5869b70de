"""The deck itself on a remote machine: a terminal through ssh, sound through the relay."""

import os
import shlex
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from sessions.audio.pcm import RATE
from tests.audio.conftest import Pulse
from tests.cli.conftest import Cli
from tests.relay.conftest import Sshd, relay_process
from tests.speech import RECORDINGS, word_errors
from tests.tui.terminal import terminal

REPOSITORY = Path(__file__).parents[2]
SENTENCE = "The weather is fine today, and we are going to the beach."


@pytest.mark.timeout(180)
def test_what_is_said_at_the_laptop_is_transcribed_and_speech_comes_back(
    pulse: Pulse, sshd: Sshd, empty_home: Path, tmp_path: Path
) -> None:
    with relay_process() as relay:
        command = sshd.command(relay, "-tt")
        there = {"HOME": empty_home, "VOXDECK_RELAY": relay.remote, "COLORTERM": "truecolor"}
        settings = " ".join(shlex.quote(f"{name}={value}") for name, value in there.items())
        deck = f"cd {shlex.quote(str(REPOSITORY))} && env {settings} {shlex.quote(sys.executable)} -m tui"
        with (
            pulse.heard() as heard,
            terminal([*command, deck], (120, 40), {**os.environ, "HOME": str(empty_home)}) as shown,
        ):
            screen = shown.until(lambda text: "3 of 3 open" in text and text.count("SSH relay") >= 2)
            shown.press("escape")  # puts the tour away
            assert "own microphone" not in screen
            relay.until_said("microphone open")
            with pulse.play_into_microphone(RECORDINGS / "sense_0880.wav"):
                shown.until(lambda text: "young man" in text)
            shown.press("f3")
            shown.until(lambda text: "Ctrl+R Replay" in text)
            shown.press(SENTENCE, "enter")
            shown.until(lambda text: "✓ done" in text)
            shown.press("ctrl+q")
            shown.until_ended()
        relay.until_said("the deck has ended")
    loud = np.flatnonzero(np.abs(heard.samples) > 1000)
    with wave.open(str(tmp_path / "back.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(heard.samples[loud[0] - 4800 :].tobytes())
    back = Cli(tmp_path / "home").run("transcribe", str(tmp_path / "back.wav"))
    assert word_errors([SENTENCE], [back.out]) <= 0.1
