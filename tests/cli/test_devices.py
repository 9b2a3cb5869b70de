"""`voxdeck devices`, and what --input and --output take."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessions.audio.files import bundled_recording
from tests.audio.conftest import pulse  # noqa: F401 - a fixture
from tests.cli.conftest import LIMIT, Cli, Result
from tests.tui.terminal import terminal

VOXDECK = f"{shlex.quote(sys.executable)} -m tui"
SIZE = (120, 40)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.status == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


# The list


@pytest.mark.usefixtures("pulse")
def test_devices_are_listed_with_number_and_rate(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    listed = rows(cli.run("devices", "--json"))
    for direction in ("input", "output"):
        found = [row for row in listed if row["direction"] == direction]
        assert [row["number"] for row in found] == list(range(1, len(found) + 1))
        assert sum(row["default"] for row in found) == 1
        assert found[-1]["name"] == "none"
        assert not any(row["chosen"] for row in found)
    people = cli.run("devices").out
    for device in (row for row in listed if row["route"] == "pulseaudio"):
        assert device["id"] == "ALSA: default"
        about = f"(ALSA, {device['rate']} Hz"
        assert f"\n  {device['number']}  {device['name']} {about}" in people
    assert {row["route"] for row in listed} >= {"pulseaudio", "none"}


@pytest.mark.usefixtures("pulse")
def test_what_was_chosen_is_marked_and_missed_where_it_has_gone(tmp_path: Path) -> None:
    remembered = tmp_path / "state" / "voxdeck" / "audio.json"
    remembered.parent.mkdir(parents=True)
    remembered.write_text(json.dumps({"input": "ALSA: mic", "output": "ALSA: gone\n\x1b[2J"}))
    cli = Cli(tmp_path)
    assert [row["id"] for row in rows(cli.run("devices", "--json")) if row["chosen"]] == ["ALSA: mic"]
    out = cli.run("devices").out
    assert "The speaker that you chose is not here: ALSA: gone" in out
    assert out.replace("\n", "").isprintable()


def test_no_device_is_no_fault_and_has_a_way_out(tmp_path: Path) -> None:
    cli = without_devices(tmp_path)
    result = cli.run("devices")
    assert (result.status, result.err) == (0, "")
    assert "There is no microphone: connect one, run voxdeck relay where you sit" in result.out
    assert "There is no speaker: connect one, run voxdeck relay where you sit" in result.out
    result = cli.run("devices", "--json")
    assert [row["name"] for row in rows(result)] == ["none", "none"]
    assert result.err.count("\n") == 2


def test_without_portaudio_the_way_out_is_to_install_it(tmp_path: Path) -> None:
    result = without_portaudio(tmp_path).run("devices")
    assert result.status == 1
    assert result.complaint.startswith("voxdeck devices: PortAudio is not installed")


def test_a_relay_that_is_named_wrongly(tmp_path: Path) -> None:
    result = without_devices(tmp_path).having(VOXDECK_RELAY="nonsense").run("devices")
    assert result.status == 0, "devices do not need it"
    assert "VOXDECK_RELAY" in result.complaint


def without_devices(home: Path) -> Cli:
    """A machine whose PortAudio finds nothing."""
    return _with_portaudio(
        home,
        "class default: device = (-1, -1)\ndef query_hostapis(): return ()\ndef query_devices(): return ()\n",
    )


def without_portaudio(home: Path) -> Cli:
    return _with_portaudio(home, "raise OSError('PortAudio library not found')\n")


def _with_portaudio(home: Path, module: str) -> Cli:
    folder = home / "packages"
    folder.mkdir()
    (folder / "sounddevice.py").write_text(module)
    # A relay of another test's would be found.
    return Cli(home, {"PYTHONPATH": f"{folder}", "VOXDECK_RELAY": ""})


# What the deck takes

WRONG = {
    "--input -": "--input - reads PCM from standard input, which is a terminal here",
    "--input nothing.wav": "--input: nothing.wav: no such file or directory",
    "--input file:/": "--input: /: is a directory",
    "--input tone:5": "--input: tone:5: expected a frequency from 40 to 20000 Hz",
    "--input pane:speak": "--input: a pane is heard by another one, not by all",
    "--input 'no such thing'": "--input: no microphone 'no such thing'; there is none; voxdeck devices lists",
    "--output 7": "--output: no speaker '7'; there is none; voxdeck devices lists all",
    "--rate 8000": "--rate is that of PCM on standard input, for --input - alone",
    "--input - < /dev/null > /dev/null": "voxdeck: the deck needs a terminal",
    "< /dev/null": "voxdeck: the deck needs a terminal; without one use voxdeck transcribe",
    "<&-": "voxdeck: the deck needs a terminal",
    "--input - <&-": "--input - reads standard input, which is closed",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_use_at_a_terminal_is_one_line(tmp_path: Path, arguments: str) -> None:
    cli = without_devices(tmp_path)
    command = f"exec 2>&1; {VOXDECK} {arguments} 2>complaint; echo status $?; cat complaint"
    with terminal(["sh", "-c", f"cd {tmp_path}; {command}"], SIZE, path_to_the_code(cli)) as shown:
        shown.until_ended()
    assert b"status 2" in shown.output
    complaint = (tmp_path / "complaint").read_text()
    assert WRONG[arguments] in complaint
    assert complaint.count("\n") == 1 and complaint.startswith("voxdeck: ")


def test_without_any_terminal_sound_on_standard_input_is_of_no_use(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "--input", "-"]
    environment = without_devices(tmp_path).environment
    done = subprocess.run(
        command,
        input=bytes(100),
        capture_output=True,
        env=environment,
        timeout=LIMIT,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"voxdeck: the deck needs a terminal")


@pytest.mark.parametrize("arguments", [("--input", "x", "say", "x"), ("--rate", "8000", "doctor")])
def test_an_option_of_the_deck_before_another_command(bare: Cli, arguments: tuple[str, ...]) -> None:
    result = bare.run(*arguments)
    assert result.status == 2
    assert f"{arguments[0]} is not for {arguments[2]}" in result.complaint


def test_speech_goes_to_a_file_or_to_a_speaker(bare: Cli) -> None:
    result = bare.run("say", "x", "--out", "x.wav", "--output", "1")
    assert result.status == 2
    assert "not allowed with" in result.complaint


@pytest.mark.parametrize("piped", ["cat sound.raw |", "< sound.raw"])
def test_sound_is_piped_in_while_the_keyboard_stays_the_terminals(tmp_path: Path, piped: str) -> None:
    clip = bundled_recording()
    pause = np.zeros(clip.rate, np.int16)
    (tmp_path / "sound.raw").write_bytes(np.concatenate((pause, clip.samples[: 9 * clip.rate])).tobytes())
    cli = without_devices(tmp_path)
    before, after = (piped, "") if piped.endswith("|") else ("", piped)
    command = f"cd {tmp_path}; {before} {VOXDECK} --input - --rate {clip.rate} --output none {after}"
    with terminal(["sh", "-c", command], SIZE, path_to_the_code(cli)) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("f2")
        shown.until(lambda text: "Dashwood" in text)
        shown.press("ctrl+q")
        assert shown.until_ended() < 5
    assert b"Traceback" not in shown.output


def path_to_the_code(cli: Cli) -> dict[str, str]:
    code = Path(__file__).parents[2]
    return {**cli.environment, "PYTHONPATH": f"{cli.settings['PYTHONPATH']}:{code}"}
