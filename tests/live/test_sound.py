"""How a session sounds and hears, over real sockets and without a sound card."""

import time
from pathlib import Path

import pytest
import soundfile

from sessions.audio.modes import MicrophoneMode
from sessions.commands import ImpossibleCommand
from sessions.engine import Engine
from sessions.gateway import Gateway
from sessions.live.actions import (
    Action,
    ChooseInput,
    ChooseOutput,
    Front,
    LookForDevices,
    Say,
    Seek,
    SetArbitration,
    SetBlock,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
    Skip,
    ToggleListening,
    ToggleRecording,
)
from tests.live.test_engine import phase, ready, running, text_of, until

pytestmark = pytest.mark.usefixtures("empty_home", "no_sound_card")

FIRST = "A first sentence that takes its time to be spoken to the end."


def refused(engine: Engine, name: str, action: Action) -> str:
    with pytest.raises(ImpossibleCommand) as caught:
        engine.post(name, action).result(5)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_utterance_is_skipped_and_the_next_one_spoken(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        assert refused(engine, "speak", Skip()) == "nothing is being spoken here"
        for text in (FIRST, "The second."):
            engine.post("speak", Say(text)).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        engine.post("speak", Skip()).result(5)
        view = until(engine, lambda view: phase(view, 1) == "done")
        first = view.sessions[1].speech[0]
        assert first.phase == "done" and first.played < 2


def test_speech_is_played_faster(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("speak", SetSpeed(2.0)).result(5)
        engine.post("speak", Say(FIRST)).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        begun = time.monotonic()
        view = until(engine, lambda view: phase(view, 0) == "done")
        speech = view.sessions[1].speech[0]
        assert speech.played == pytest.approx(speech.length)
        assert time.monotonic() - begun < 0.8 * speech.length


def test_settings_of_a_pane_are_in_its_view_and_wrong_ones_refused(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        actions: tuple[Action, ...] = (SetVolume(0.5), SetMuted(True), SetSpeed(1.5))
        for action in actions:
            engine.post("converse", action).result(5)
        view = until(engine, lambda view: view.sessions[2].speed == 1.5).sessions[2]
        assert (view.volume, view.muted, view.speed) == (0.5, True, 1.5)
        assert refused(engine, "converse", SetVolume(2.5)) == "2.5 is not from 0 to 2"
        assert refused(engine, "converse", SetSpeed(0.1)) == "0.1 is not from 0.5 to 2"
        assert refused(engine, "transcribe", SetBlock(0.5)) == "0.5 is not from 0.02 to 0.1"
        assert engine.post("transcribe", SetBlock(0.02)).result(5) == "sends 20 ms at a time"
        assert refused(engine, "speak", SetMicrophone("voice")) == "this session does not listen"
        assert refused(engine, "transcribe", Seek(1)).startswith("only a file can be wound")
        assert refused(engine, "speak", SetSource("pane:converse")) == "this session does not listen"
        assert refused(engine, "converse", SetSource("pane:converse")) == "a pane cannot hear itself"
        assert "there are: transcribe, speak, converse" in refused(
            engine, "transcribe", SetSource("pane:x\x1b[2J")
        )


@pytest.mark.parametrize("mode", ["muted", "push-to-talk"])
def test_nothing_is_heard_of_a_microphone_that_is_not_sent(embedded: Gateway, mode: MicrophoneMode) -> None:
    with running(embedded) as engine:
        engine.post("transcribe", SetMicrophone(mode)).result(5)
        until(engine, lambda view: view.audio.input.level > 0.05)
        time.sleep(2.0)
        assert not text_of(engine.view.sessions[0])


def test_voices_open_the_microphone_in_voice_mode(embedded: Gateway) -> None:
    with running(embedded) as engine:
        engine.post("transcribe", SetMicrophone("voice")).result(5)
        until(engine, lambda view: view.sessions[0].hearing)
        until(engine, lambda view: "Dashwood" in text_of(view.sessions[0]))


def test_what_concerns_all_is_set_and_without_devices_refused(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        for action in (SetEcho("off"), SetArbitration("mix"), Front("speak"), LookForDevices()):
            engine.post("", action).result(5)
        until(engine, lambda view: (view.audio.echo, view.audio.arbitration) == ("off", "mix"))
        assert "libportaudio2" in refused(engine, "", ChooseInput("usb"))
        assert engine.post("", ChooseOutput("none")).result(5) == "speaker: none"
        assert engine.post("", ChooseInput("")).result(5) == "microphone: the system's default"
        view = until(engine, lambda view: view.audio.output.chosen == "none")
        assert "libportaudio2" in view.audio.input.notice
        engine.post("speak", Say("It is spoken to nowhere.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")


def test_a_pane_is_recorded_with_what_it_hears(embedded: Gateway, tmp_path: Path) -> None:
    with running(embedded) as engine:
        until(engine, lambda view: view.sessions[0].hearing)
        told = engine.post("transcribe", ToggleRecording(tmp_path, "input")).result(5)
        time.sleep(1.5)
        engine.post("transcribe", ToggleListening()).result(5)
        assert engine.post("transcribe", ToggleRecording(tmp_path)).result(5).startswith("recorded to ")
        time.sleep(0.7)
        assert "cannot be written" in refused(engine, "speak", ToggleRecording(tmp_path / "nowhere"))
    samples, rate = soundfile.read(told.removeprefix("records to "), dtype="int16")
    assert rate == 48000 and samples.ndim == 1
    assert 1.3 < samples.size / rate < 3 and abs(samples).max() > 1000
