"""Devices that are chosen, vanish and come back while the deck runs."""

import subprocess
import sys
import time

import numpy as np
import pytest

from sessions.audio import settings
from sessions.audio.devices import look
from sessions.gateway import Gateway
from sessions.live.actions import (
    ChooseInput,
    ChooseOutput,
    LookForDevices,
    Say,
    SetEcho,
)
from tests.audio.conftest import Pulse
from tests.audio.test_deck import live
from tests.live.test_engine import phase, running, text_of, until

pytestmark = pytest.mark.usefixtures("empty_home")


def test_a_sound_server_that_dies_and_comes_back_is_said_and_nothing_is_lost(
    pulse: Pulse, embedded: Gateway
) -> None:
    with running(embedded) as engine:
        live(engine)
        engine.post("speak", Say("This is the first of two sentences. And this is the second one.")).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        pulse.kill()
        gone = until(
            engine,
            lambda view: (
                "speech waits for it" in view.audio.output.notice
                and "nothing is heard until it is back" in view.audio.input.notice
            ),
        )
        assert gone.audio.output.waiting and not gone.audio.input.live
        played = gone.sessions[1].speech[0].played
        time.sleep(1.0)
        assert engine.view.sessions[1].speech[0].played < played + 0.2, "it goes on when it can be heard"
        pulse.start()
        restarted = time.monotonic()
        until(engine, lambda view: view.audio.output.live and view.audio.input.live)
        assert time.monotonic() - restarted < 5.0
        until(engine, lambda view: phase(view, 0) == "done")
        until(engine, lambda view: "of the microphone are missing" in text_of(view.sessions[0]))
        assert all(session.phase == "ready" for session in engine.view.sessions)


def test_devices_are_changed_while_sessions_run_and_remembered(pulse: Pulse, embedded: Gateway) -> None:
    with running(embedded) as engine:
        live(engine)
        engine.post("", SetEcho("off")).result(5)  # or what is played into the microphone's feed is cancelled
        engine.post("speak", Say("A sentence that goes on for long enough to be moved elsewhere.")).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        assert "mic" in engine.post("", ChooseInput("mic")).result(5)
        assert "micfeed" in engine.post("", ChooseOutput("micfeed")).result(5)
        view = until(engine, lambda view: view.audio.output.live and view.audio.output.name == "micfeed")
        assert view.audio.input.chosen == "ALSA: mic"
        until(engine, lambda view: phase(view, 0) == "done")
        engine.post("speak", Say("Bananas are yellow.")).result(5)
        until(engine, lambda view: "yellow" in text_of(view.sessions[0]))
    assert settings.load().output == "ALSA: micfeed"
    with running(embedded) as engine:
        until(engine, lambda view: view.audio.output.live and view.audio.output.name == "micfeed")


def test_a_device_that_is_plugged_in_is_found_and_used_without_a_restart(
    pulse: Pulse, embedded: Gateway
) -> None:
    with running(embedded) as engine:
        live(engine)
        with (pulse.folder / "asound.conf").open("a") as settings:
            settings.write(
                'pcm.headset { type pulse device "speaker" hint { show on description "headset" } }'
            )
        engine.post("", LookForDevices()).result(5)
        until(engine, lambda view: "headset" in [choice.name for choice in view.audio.outputs])
        engine.post("", ChooseOutput("headset")).result(5)
        until(engine, lambda view: view.audio.output.live and view.audio.output.name == "headset")
        until(engine, lambda view: view.audio.input.live)
        engine.post("speak", Say("It is heard.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")


def test_a_chosen_device_that_is_not_there_is_said_and_another_used(pulse: Pulse, embedded: Gateway) -> None:
    settings.save(settings.AudioSettings(output="ALSA: Headphones"))
    with running(embedded) as engine:
        view = until(engine, lambda view: view.audio.output.live)
        assert "no speaker 'ALSA: Headphones'" in view.audio.output.notice
        assert "is used meanwhile" in view.audio.output.notice


def test_say_plays_without_a_file(pulse: Pulse, embedded: Gateway) -> None:
    command = [sys.executable, "-m", "tui", "say", "Hello there, this is played."]
    with pulse.heard() as heard:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("played ")
    assert np.abs(heard.samples).max() > 3000


def test_say_plays_where_it_is_told_to(pulse: Pulse, embedded: Gateway) -> None:
    command = [sys.executable, "-m", "tui", "say", "Hello there.", "--output"]
    for name, status in (("micfeed", 0), ("hdmi", 1)):
        done = subprocess.run([*command, name], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
    assert "no speaker 'hdmi'" in done.stderr and done.stderr.count("\n") == 1


def test_the_devices_are_as_the_sound_server_says(pulse: Pulse) -> None:
    names = {device.name for device in look().inputs}
    assert {"default", "mic", "micfeed", "speaker"} <= names
