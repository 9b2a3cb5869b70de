"""The commands on real speech, through a real gateway."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.cli.conftest import Cli, Result
from tests.speech import RECORDINGS, transcripts, word_errors

SHORT = "sense_0880"
SENTENCES = (
    "The weather will be fine tomorrow, and we are going to walk along the river. "
    "Please bring some bread and water."
)


@pytest.fixture(scope="module")
def heard(cli: Cli, gateway: str) -> dict[str, Result]:
    """The bundled recordings, by name."""
    return cli.run_all(
        {
            name: ("transcribe", str(RECORDINGS / f"{name}.wav"), "--gateway", gateway, "--json")
            for name in transcripts()
        }
    )


def text_of(result: Result) -> str:
    return " ".join(event["text"] for event in result.of("final"))


def test_the_recordings_are_understood(heard: dict[str, Result]) -> None:
    said = transcripts()
    assert word_errors(list(said.values()), [text_of(heard[name]) for name in said]) <= 0.1


@pytest.mark.parametrize("name", transcripts())
def test_transcripts_come_as_interims_and_finals_with_their_times(
    heard: dict[str, Result], name: str
) -> None:
    result = heard[name]
    assert (result.status, result.err) == (0, "")
    with wave.open(str(RECORDINGS / f"{name}.wav")) as recording:
        length = recording.getnframes() / recording.getframerate()
    interims, finals = result.of("interim"), result.of("final")
    assert interims
    assert finals
    for event in interims + finals:
        assert isinstance(event["text"], str)
        assert 0 <= event["start"] <= event["end"] <= length + 0.2
        assert event["session"] == "transcribe"
    assert [event["text"] for event in result.of("utterance")]
    kinds = [event["event"] for event in result.events]
    assert kinds[:3] == ["connecting", "opened", "ready"]
    assert kinds[-1] == "closed"


@pytest.mark.parametrize("name", transcripts())
def test_the_first_interim_comes_within_a_second_of_speech(heard: dict[str, Result], name: str) -> None:
    begins = heard[name].of("speech_started")[0]["at"]
    first = next(event for event in heard[name].of("interim") if event["text"])
    assert first["end"] - begins <= 1.0


def test_at_the_pace_of_speech_interims_come_while_it_is_spoken(cli: Cli, gateway: str) -> None:
    path = str(RECORDINGS / f"{SHORT}.wav")
    result = cli.run("transcribe", path, "--gateway", gateway, "--json", "--pace", "real")
    assert result.status == 0
    with wave.open(path) as recording:
        length = recording.getnframes() / recording.getframerate()
    began = result.of("ready")[0]["t"]
    took = result.of("closed")[0]["t"] - began
    assert length - 0.2 <= took <= length + 4
    speech = began + result.of("speech_started")[0]["at"]
    first = next(event for event in result.of("interim") if event["text"])
    assert first["t"] - speech <= 1.0 + 0.5, "a second, and what a busy machine may add"


@pytest.fixture(scope="module")
def forms(cli: Cli, gateway: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The same recording in other forms."""
    folder = tmp_path_factory.mktemp("forms")
    samples, rate = soundfile.read(RECORDINGS / f"{SHORT}.wav", dtype="float32")
    fine = soxr.resample(samples, rate, 44100)
    soundfile.write(folder / "stereo.flac", np.stack([fine, fine], axis=1), 44100)
    (soxr.resample(samples, rate, 24000) * 32767).astype("<i2").tofile(folder / "bare.raw")
    common = ("--gateway", gateway)
    return cli.run_all(
        {
            "FLAC, 44.1 kHz, stereo": ("transcribe", str(folder / "stereo.flac"), *common),
            "raw, 24 kHz": ("transcribe", str(folder / "bare.raw"), "--rate", "24000", *common),
        }
    )


@pytest.mark.parametrize("form", ["FLAC, 44.1 kHz, stereo", "raw, 24 kHz"])
def test_other_forms_of_audio_are_understood(forms: dict[str, Result], form: str) -> None:
    assert (forms[form].status, forms[form].err) == (0, "")
    assert word_errors([transcripts()[SHORT]], [forms[form].out]) <= 0.3


def test_pcm_from_a_file_as_standard_input(cli: Cli, gateway: str, tmp_path: Path) -> None:
    with wave.open(str(RECORDINGS / f"{SHORT}.wav")) as recording:
        (tmp_path / "pcm").write_bytes(recording.readframes(recording.getnframes()))
    with (tmp_path / "pcm").open("rb") as file:
        result = cli.run("transcribe", "-", "--gateway", gateway, "--rate", "16000", given=file.fileno())
    assert (result.status, result.err) == (0, "")
    assert word_errors([transcripts()[SHORT]], [result.out]) <= 0.3
    assert "{" not in result.out


def test_what_is_said_is_understood_again(cli: Cli, gateway: str, tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    said = cli.run("say", SENTENCES, "--out", str(path), "--gateway", gateway)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("saved ")
    assert str(path) in said.out
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
    again = cli.run("transcribe", str(path), "--gateway", gateway)
    assert word_errors([SENTENCES], [again.out]) <= 0.1


def test_saying_what_standard_input_says(cli: Cli, gateway: str, tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    command = ("say", "-", "--out", str(path), "--json", "--model", "aura-2-en", "--gateway", gateway)
    result = cli.run(*command, given=b"Good morning.\n")
    assert (result.status, result.err) == (0, "")
    audio = result.of("audio")
    assert audio
    assert {event["rate"] for event in audio} == {24000}
    assert "pcm" not in audio[0]
    with wave.open(str(path)) as file:
        assert 2 * file.getnframes() == sum(event["bytes"] for event in audio)
    assert result.of("audio_end")


def test_a_question_is_answered(cli: Cli, gateway: str) -> None:
    result = cli.run("chat", "How do I quit?", "--gateway", gateway)
    assert (result.status, result.err) == (0, "")
    assert "quit" in result.out.lower()
    assert result.out.endswith("\n")


def test_an_answer_can_be_kept_as_speech(cli: Cli, gateway: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    command = ("chat", "-", "--out", str(path), "--json", "--provider", "openai", "--gateway", gateway)
    result = cli.run(*command, given=b"How do I quit?")
    assert result.status == 0
    assert result.complaint.startswith("saved ")
    text = "".join(event["delta"] for event in result.of("answer_text"))
    assert "quit" in text.lower()
    assert result.of("answer_done")[0]["status"] == "completed"
    with wave.open(str(path)) as file:
        assert file.getnframes() / file.getframerate() > 1


def test_without_a_gateway_the_embedded_one_is_started(bare: Cli, tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    said = bare.run("say", "Good morning.", "--out", str(path))
    assert (said.status, said.err) == (0, "")
    assert path.stat().st_size > 20_000
