"""Microphones and speakers: which there are, and which one is meant.

PortAudio looks for devices once in a process and never again, unless it is ended, which kills what is open
(measured). So a child process looks, as often as wanted: `python -m sessions.audio.devices` prints what it
sees. What libraries print meanwhile, and an ALSA configuration that makes PortAudio abort (an empty one
does), end with the child.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sessions.audio import pulse
from sessions.text import one_line

Direction = Literal["input", "output"]
WHAT: dict[Direction, str] = {"input": "microphone", "output": "speaker"}

DEFAULT = ""
"""What is wanted when nothing is: the system's default."""
_LOOK_TIMEOUT = 10.0
_NO_PORTAUDIO = 3
PORTAUDIO_MISSING = "PortAudio is not installed (Debian, Ubuntu: apt install libportaudio2)"


class NoDevice(Exception):
    """There is no such device or it cannot be opened; the message is one line with the way out."""


class Device(msgspec.Struct, frozen=True):
    """A microphone or a speaker, as PortAudio knows it."""

    name: str
    host: str
    """PortAudio's host interface, such as ALSA, Core Audio or Windows WASAPI."""
    direction: Direction
    rate: int
    """Its own: samples a second."""
    channels: int
    server: str = ""
    """The PulseAudio server that it is to be reached by, where that is not the system's own."""

    @property
    def id(self) -> str:
        """What is remembered: indices change when devices come and go."""
        return f"pulseaudio:{self.server}" if self.server else f"{self.host}: {self.name}"

    @property
    def detail(self) -> str:
        # A sound server takes any number; that tells nothing.
        channels = (
            f", {self.channels} channel{'s' if self.channels > 1 else ''}" if self.channels <= 16 else ""
        )
        return f"{self.host}, {self.rate} Hz{channels}"


@dataclass(frozen=True)
class Devices:
    """What there is, in PortAudio's order. `problem`: why there is nothing, in one line."""

    inputs: tuple[Device, ...] = ()
    outputs: tuple[Device, ...] = ()
    default_input: Device | None = None
    default_output: Device | None = None
    problem: str = ""

    def of(self, direction: Direction) -> tuple[Device, ...]:
        return self.inputs if direction == "input" else self.outputs

    def default(self, direction: Direction) -> Device | None:
        return self.default_input if direction == "input" else self.default_output

    def pick(self, wanted: str, direction: Direction) -> Device:
        """Find a device by its id, its name or a part of it. Raises NoDevice."""
        there = self.of(direction)
        if self.problem:
            raise NoDevice(self.problem)
        if wanted == DEFAULT:
            if found := self.default(direction):
                return found
            raise NoDevice(f"no {WHAT[direction]}")
        name = wanted.casefold()
        for same in (
            [each for each in there if each.id == wanted],
            [each for each in there if each.name.casefold() == name],
            [each for each in there if name in each.name.casefold()],
        ):
            if len(same) == 1:
                return same[0]
            if same:
                names = ", ".join(each.id for each in same)
                raise NoDevice(f"{one_line(wanted, 60)!r} is more than one {WHAT[direction]}: {names}")
        known = f"there are: {', '.join(each.name for each in there)}" if there else "there is none"
        raise NoDevice(f"no {WHAT[direction]} {one_line(wanted, 60)!r}; {known}")


def look(server: str = "") -> Devices:
    """Look which devices there are now. Blocks for about 0.3 s. `server`: a PulseAudio server to reach."""
    environment = {**os.environ, **pulse.settings(server)}
    # -P: a folder named `sessions` where the user stands is not ours.
    command = [sys.executable, "-P", "-m", "sessions.audio.devices"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_LOOK_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Devices(problem=f"the sound system did not answer for {_LOOK_TIMEOUT:.0f} s")
    except OSError as error:
        return Devices(problem=f"devices cannot be looked for: {(error.strerror or str(error)).lower()}")
    if done.returncode == _NO_PORTAUDIO:
        return Devices(problem=PORTAUDIO_MISSING)
    if done.returncode < 0:
        return Devices(problem="PortAudio crashed: check the sound system's settings (ALSA: asound.conf)")
    if done.returncode:
        return Devices(problem="PortAudio does not work here; voxdeck doctor may tell more")
    return _devices(json.loads(done.stdout), server)


def _devices(seen: dict[str, Any], server: str) -> Devices:
    def read(position: int, direction: Direction) -> tuple[tuple[Device, ...], Device | None]:
        found: dict[int, Device] = {}
        for index, each in enumerate(seen["devices"]):
            channels = int(each[f"max_{direction}_channels"])
            if channels:
                name, host = one_line(each["name"], 80), seen["hosts"][each["hostapi"]]
                found[index] = Device(
                    name, host, direction, int(each["default_samplerate"]), channels, server
                )
        return tuple(found.values()), found.get(seen["default"][position])

    inputs, default_input = read(0, "input")
    outputs, default_output = read(1, "output")
    return Devices(inputs, outputs, default_input, default_output)


def portaudio() -> Any:
    """Import sounddevice, which looks for the library as it is imported. Raises NoDevice."""
    try:
        import sounddevice  # noqa: PLC0415
    except (OSError, ImportError):
        raise NoDevice(PORTAUDIO_MISSING) from None
    return sounddevice


def shown(device: Device, environment: Mapping[str, str] = os.environ) -> str:
    """Name a device for people: of ALSA's `default` and `pulse` only the sound server knows the real one."""
    server = device.server or environment.get(pulse.VARIABLE, "")
    if server and through_pulseaudio(device, environment):
        return f"PulseAudio server {one_line(server.removeprefix('unix:'), 60)}"
    return device.name


def through_pulseaudio(device: Device, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the device is that of a PulseAudio server which was named."""
    named = device.server or environment.get(pulse.VARIABLE, "")
    return bool(named) and device.host == "ALSA" and device.name in ("default", "pulse")


def _print_what_there_is() -> None:
    try:
        sounddevice = portaudio()
    except NoDevice:
        sys.exit(_NO_PORTAUDIO)
    hosts = [host["name"] for host in sounddevice.query_hostapis()]
    seen = {
        "devices": list(sounddevice.query_devices()),
        "hosts": hosts,
        "default": list(sounddevice.default.device),
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    _print_what_there_is()
