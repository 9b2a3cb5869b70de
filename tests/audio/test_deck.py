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

from sessions.audio import files
from sessions.audio.pcm import RATE
from sessions.commands import ImpossibleCommand
from sessions.config import load
from sessions.engine import Engine
from sessions.gateway import Gateway
from sessions.live.actions import (
    Say,
    Seek,
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
        until(engine, lambda view: view.audio.output.level > 0.05)
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
