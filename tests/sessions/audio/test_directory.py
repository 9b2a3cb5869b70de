"""What can be chosen as microphone and speaker, and what is meant by a name, a number or nothing."""

import socket
from pathlib import Path

import pytest

from sessions.audio import pulse
from sessions.audio.devices import Device, Devices, Direction, NoDevice, shown
from sessions.audio.directory import NONE, Directory, name_of, route
from sessions.audio.relay.discovery import RelayAddress
from sessions.secrets import Secret

MICROPHONE = Device("USB Mic", "ALSA", "input", 44100, 1)
DEFAULT = Device("default", "ALSA", "output", 48000, 2)
HDMI = Device("HDMI", "ALSA", "output", 48000, 8)
THERE = Devices((MICROPHONE,), (HDMI, DEFAULT), MICROPHONE, DEFAULT)
RELAY = RelayAddress("relay", "SSH relay", Secret("a-token-of-a-relay"))


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSE_SERVER", raising=False)


def complaint(directory: Directory, wanted: str, direction: Direction) -> str:
    with pytest.raises(NoDevice) as caught:
        directory.resolve(wanted, direction)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_device_is_meant_by_its_id_its_number_its_name_or_a_part_of_it() -> None:
    directory = Directory(THERE, (RELAY,))
    for wanted in ("ALSA: HDMI", "1", "HDMI", "hdmi", "hd"):
        assert directory.resolve(wanted, "output") == HDMI
    assert [choice.id for choice in directory.choices("output")] == [
        "ALSA: HDMI",
        "ALSA: default",
        "relay",
        NONE,
    ]
    assert directory.resolve("3", "output") == RELAY
    assert directory.resolve("4", "output") is None and directory.resolve(NONE, "input") is None
    assert complaint(directory, "9", "output").startswith("no speaker '9'; there are: HDMI, default")


def test_the_default_is_the_systems_unless_a_relay_was_brought_along() -> None:
    assert Directory(THERE).resolve("", "output") == DEFAULT
    assert [choice.name for choice in Directory(THERE).choices("output") if choice.default] == ["default"]
    assert Directory(THERE, (RELAY,)).resolve("", "input") == RELAY
    assert [each.name for each in Directory(THERE, (RELAY,)).choices("input") if each.default] == [
        "SSH relay"
    ]


def test_over_ssh_this_machines_own_microphone_is_opened_only_when_chosen() -> None:
    directory = Directory(THERE, remote=True)
    assert "not used over SSH unless chosen; voxdeck relay" in complaint(directory, "", "input")
    assert directory.resolve("usb", "input") == MICROPHONE
    assert not any(choice.default for choice in directory.choices("input"))


def test_a_relay_that_is_not_there_or_named_wrongly_is_said() -> None:
    assert "run voxdeck relay where you sit" in complaint(Directory(THERE), "relay", "input")
    assert complaint(Directory(THERE, relay_problem="wrong"), "", "input") == "wrong"


def test_where_there_is_nothing_the_reason_is_told() -> None:
    assert complaint(Directory(Devices()), "", "input") == "no microphone"
    assert complaint(Directory(Devices()), "usb", "input") == "no microphone 'usb'; there is none"
    missing = Directory(Devices(problem="PortAudio is not installed"))
    assert complaint(missing, "", "output") == "PortAudio is not installed"
    assert [choice.id for choice in missing.choices("output")] == [NONE]


def test_a_hostile_name_is_one_line() -> None:
    assert complaint(Directory(THERE), "\x1b[2J\nx", "input") == (
        "no microphone '␛[2J x'; there are: USB Mic"
    )


def test_a_pulseaudio_server_is_shown_for_what_it_is() -> None:
    environment = {"PULSE_SERVER": "unix:/run/user/1/pulse/native"}
    assert shown(DEFAULT, environment) == "PulseAudio server /run/user/1/pulse/native"
    assert shown(HDMI, environment) == "HDMI" and shown(DEFAULT, {}) == "default"
    served = Device("pulse", "ALSA", "output", 48000, 2, "tcp:127.0.0.1:4713")
    assert served.id == "pulseaudio:tcp:127.0.0.1:4713" and route(served) == "pulseaudio"
    assert [name_of(each) for each in (None, RELAY, HDMI)] == [NONE, "SSH relay", "HDMI"]
    assert [route(each) for each in (None, RELAY, HDMI)] == ["none", "relay", "device"]


def test_forwarded_pulseaudio_sockets_are_found_over_ssh(tmp_path: Path) -> None:
    there = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    (tmp_path / "pulse.txt").write_text("not a socket")
    (tmp_path / "pulse-laptop").mkdir()
    paths = [tmp_path / "pulse-laptop" / "native", tmp_path / "pulse.sock"]
    sockets = [socket.socket(socket.AF_UNIX) for _ in paths]
    for each, path in zip(sockets, paths, strict=True):
        each.bind(str(path))
    found = [server for server in pulse.servers(there, tmp_path) if server.startswith("unix:")]
    assert found == sorted(f"unix:{path}" for path in paths)
    assert pulse.servers({}, tmp_path) == ()
    assert pulse.servers({**there, "PULSE_SERVER": "tcp:localhost:24713"}, tmp_path) == ()
    for each in sockets:
        each.close()
