"""The deck's sessions on real PortAudio devices: heard, spoken, interrupted, and through faults."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import anyio
import numpy as np
import pytest

from sessions.audio import files, settings
from sessions.audio.devices import look
from sessions.audio.pcm import RATE
from sessions.commands import ImpossibleCommand
from sessions.config import load
from sessions.engine import Engine
from sessions.gateway import Gateway
from sessions.live.actions import (
    ChooseInput,
    ChooseOutput,
    LookForDevices,
    Say,
    Seek,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    Stop,
    ToggleListening,
    ToggleRecording,
)
from sessions.live.deck import DeckPlan, plans
from sessions.state.snapshot import DeckView
from tests.audio.conftest import Pulse
from tests.audio.test_streams import tone
from tests.faults import Peer, text
from tests.live.test_engine import phase, ready, running, scripted, text_of, until
from tests.speech import RECORDINGS, transcripts, word_errors

pytestmark = pytest.mark.usefixtures("empty_home")


def live(engine: Engine) -> None:
    """Wait until all is open, and the microphone has given its first, silent samples."""
    until(engine, lambda view: ready(view) and view.audio.output.live and view.audio.input.silent_for > 0)


def one_more_utterance(engine: Engine) -> DeckView:
    before = len(engine.view.sessions[0].log)
    return until(engine, lambda view: len(view.sessions[0].log) > before)


def test_what_is_said_into_the_microphone_is_understood_as_the_file_is(
    pulse: Pulse, embedded: Gateway, tmp_path: Path
) -> None:
    said = transcripts()
    engine = Engine(DeckPlan(plans(("transcribe",)), load(), embedded))
    engine.start()
    try:
        until(engine, lambda view: ready(view) and view.audio.input.live)
        time.sleep(0.5)
        for name in said:
            with pulse.play_into_microphone(RECORDINGS / f"{name}.wav"):
                view = one_more_utterance(engine)
        by_microphone = text_of(view.sessions[0])
    finally:
        engine.stop()
    command = [sys.executable, "-m", "tui", "transcribe"]
    by_file = " ".join(
        subprocess.run(
            [*command, f"{RECORDINGS / name}.wav"], capture_output=True, text=True, check=True
        ).stdout
        for name in said
    )
    whole = [" ".join(said.values())]
    assert word_errors(whole, [by_microphone]) <= max(0.03, word_errors(whole, [by_file]))


def test_what_is_typed_comes_out_of_the_speaker(pulse: Pulse, embedded: Gateway) -> None:
    with running(embedded) as engine, pulse.heard() as heard:
        live(engine)
        engine.post("speak", Say("Hello, this is a sentence.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")
        time.sleep(0.3)
    assert np.abs(heard.samples).max() > 3000


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


def test_barging_in_tells_what_was_heard_and_is_silent_soon(pulse: Pulse) -> None:
    truncated: list[int] = []
    interrupted_at: list[float] = []

    async def script(peer: Peer) -> None:
        await peer.accept(text('{"type":"session.created","session":{"id":"s"}}'))
        await peer.send(text(json.dumps({"type": "response.created", "response": {"id": "r"}})))
        speech = tone(8.0, 24000)
        for at in range(0, speech.size, 2400):
            delta = b64encode(speech[at : at + 2400].tobytes()).decode()
            message = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
            message |= {"type": "response.output_audio.delta", "delta": delta}
            await peer.send(text(json.dumps(message)))
        await anyio.sleep(3.0)
        interrupted_at.append(time.monotonic())
        started = {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "u"}
        await peer.send(text(json.dumps(started)))
        while True:
            message = json.loads((await peer.frame())[1])
            if message["type"] == "conversation.item.truncate":
                truncated.append(message["audio_end_ms"])

    with pulse.heard() as heard, scripted(script) as at:
        engine = Engine(DeckPlan(plans(("converse",)), load(), at))
        engine.start()
        until(engine, lambda view: bool(truncated))
        time.sleep(0.7)
        engine.stop()
    loud = np.flatnonzero(np.abs(heard.samples) > 300)
    recorded = (loud[-1] - loud[0]) / RATE * 1000
    assert truncated == [pytest.approx(recorded, abs=20)]
    assert heard.last_loud() - interrupted_at[0] < 0.25  # 0.12 to 0.15 s on an idle machine


def test_a_speaker_looped_into_the_microphone_is_not_heard(pulse: Pulse, embedded: Gateway) -> None:
    """What the deck itself says, at -10 dB in its microphone, is not transcribed; what a user says is."""
    pulse.load("module-loopback", "source=speaker.monitor", "sink=micfeed", "latency_msec=60")
    quieter = ["pactl", "set-sink-input-volume", "0", "-10dB"]
    subprocess.run(quieter, check=True, capture_output=True)
    with running(embedded) as engine:
        live(engine)
        for sentence in ("The first sentence lets the canceller learn the room.", "Bananas are yellow."):
            engine.post("speak", Say(sentence)).result(5)
        until(engine, lambda view: phase(view, 1) == "done")
        time.sleep(1.0)
        assert "banana" not in text_of(engine.view.sessions[0]).lower()
        with pulse.play_into_microphone(RECORDINGS / "sense_0880.wav"):
            until(engine, lambda view: "young man" in text_of(view.sessions[0]))


def test_a_file_is_heard_by_one_pane_and_what_another_says_by_a_third(
    pulse: Pulse, embedded: Gateway
) -> None:
    with running(embedded) as engine:
        live(engine)
        engine.post("transcribe", SetSource(f"file:{RECORDINGS}/sense_0880.wav")).result(5)
        until(engine, lambda view: "young man" in text_of(view.sessions[0]))
        assert engine.post("transcribe", Seek(-60)).result(5) == "at 0 of 3 s"
        until(engine, lambda view: text_of(view.sessions[0]).count("young man") == 2)
        engine.post("transcribe", SetSource("pane:speak")).result(5)
        until(engine, lambda view: view.audio.input.name == "pane:speak")
        engine.post("speak", SetMuted(True)).result(5)
        engine.post("speak", Say("Bananas are yellow.")).result(5)
        until(engine, lambda view: "yellow" in text_of(view.sessions[0]))
        for source in ("pane:transcribe", "pane:nobody", "file:nowhere.wav", "tone:loud"):
            with pytest.raises(ImpossibleCommand):
                engine.post("transcribe", SetSource(source)).result(5)
        assert engine.view.sessions[0].source == "pane:speak"


def test_push_to_talk_sends_only_the_talk(pulse: Pulse, embedded: Gateway) -> None:
    with running(embedded) as engine:
        live(engine)
        engine.post("transcribe", SetMicrophone("push-to-talk")).result(5)
        with pulse.play_into_microphone(RECORDINGS / "sense_0880.wav"):
            pass
        engine.post("transcribe", ToggleListening()).result(5)
        until(engine, lambda view: view.sessions[0].hearing)
        with pulse.play_into_microphone(RECORDINGS / "sense_0890.wav"):
            pass
        engine.post("transcribe", ToggleListening()).result(5)
        view = until(engine, lambda view: bool(view.sessions[0].log))
        heard = text_of(view.sessions[0])
        assert "selfish" in heard and "young man" not in heard
        until(engine, lambda view: not view.sessions[0].hearing and view.sessions[0].listening)


def test_a_session_is_recorded_on_both_sides_while_it_runs(
    pulse: Pulse, embedded: Gateway, tmp_path: Path
) -> None:
    with running(embedded) as engine:
        live(engine)
        said = engine.post("converse", ToggleRecording(tmp_path, "both", "flac")).result(5)
        path = Path(said.removeprefix("records to "))
        assert until(engine, lambda view: bool(view.sessions[2].recording)).sessions[2].recording == str(path)
        engine.post("converse", ToggleListening()).result(5)
        with pulse.play_into_microphone(RECORDINGS / "sense_0880.wav"):
            pass
        until(engine, lambda view: view.sessions[2].answering)
        time.sleep(1.0)
        engine.post("converse", Stop()).result(5)
        assert engine.post("converse", ToggleRecording(tmp_path)).result(5) == f"recorded to {path}"
        time.sleep(0.5)
    import soundfile

    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE and samples.shape[1] == 2
    question, answer = (np.flatnonzero(np.abs(side) > 1000) for side in samples.T)
    assert question[0] < question[-1] < answer[0], "the answer comes after the question"
    clip = files.read(path)
    assert clip.seconds > 2.0


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
