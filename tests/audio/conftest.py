"""Real audio devices without hardware: a PulseAudio of our own, reached by PortAudio through ALSA.

It has a speaker (`speaker`, a null sink, whose monitor is what a user would hear) and a microphone (`mic`,
fed by playing into `micfeed`).
"""

import ctypes.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_PULSE = """\
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=speaker rate=48000 channels=2
load-module module-null-sink sink_name=micfeed rate=48000 channels=1
load-module module-remap-source source_name=mic master=micfeed.monitor
set-default-sink speaker
set-default-source mic
"""
_ALSA = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "Default (PulseAudio)" } }
ctl.!default { type pulse }
"""


@dataclass
class Pulse:
    """The running daemon."""

    folder: Path
    environment: dict[str, str]

    def play_into_microphone(self, recording: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["paplay", "-d", "micfeed", str(recording)])

    @contextmanager
    def recorded(self, into: Path) -> Iterator[None]:
        """Record what comes out of the speaker, as 16-bit mono at 48 kHz."""
        command = [
            "parec",
            "-d",
            "speaker.monitor",
            "--raw",
            "--rate=48000",
            "--channels=1",
            "--format=s16le",
        ]
        with (
            into.open("wb") as file,
            subprocess.Popen([*command, "--latency-msec=20"], stdout=file) as recorder,
        ):
            while not into.stat().st_size:
                time.sleep(0.02)
            yield
            recorder.terminate()

    def kill(self) -> None:
        os.kill(int((self.folder / "run/pulse/pid").read_text()), signal.SIGKILL)


def _missing() -> str:
    if ctypes.util.find_library("portaudio") is None:
        return "PortAudio (libportaudio2)"
    missing = [tool for tool in ("pulseaudio", "paplay", "parec") if shutil.which(tool) is None]
    return f"{', '.join(missing)} (pulseaudio, pulseaudio-utils)" if missing else ""


@contextmanager
def _pulseaudio(folder: Path) -> Iterator[Pulse]:
    (folder / "run" / "pulse").mkdir(parents=True, mode=0o700)
    (folder / "run").chmod(0o700)
    (folder / "state").mkdir(mode=0o700)
    (folder / "pulse.pa").write_text(_PULSE)
    (folder / "asound.conf").write_text(_ALSA)
    environment = {
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "PULSE_RUNTIME_PATH": str(folder / "run/pulse"),
        "PULSE_STATE_PATH": str(folder / "state"),
        "PULSE_SERVER": f"unix:{folder}/run/pulse/native",
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    daemon = ["pulseaudio", "-n", "-F", str(folder / "pulse.pa"), "--daemonize=yes", "--exit-idle-time=-1"]
    options = ["--use-pid-file=yes", "--realtime=no", "--high-priority=no", f"--log-target=file:{folder}/log"]
    subprocess.run([*daemon, *options], check=True, capture_output=True)
    pulse = Pulse(folder, environment)
    # Somebody who listens keeps the null sink at low latency; else its first seconds stutter.
    with subprocess.Popen(
        ["parec", "--latency-msec=20", "-d", "speaker.monitor"], stdout=subprocess.DEVNULL
    ) as ear:
        _look_for_devices_again()
        try:
            yield pulse
        finally:
            ear.terminate()
            subprocess.run(["pulseaudio", "--kill"], check=False, capture_output=True)
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _look_for_devices_again() -> None:
    """PortAudio looks for devices once, when it is first used."""
    import sounddevice

    sounddevice._terminate()
    sounddevice._initialize()


@pytest.fixture
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    """A PulseAudio for one test; skips where that cannot be had, which in CI is a failure."""
    missing = _missing()
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI lacks {missing}")
    if missing:
        pytest.skip(f"needs {missing}")
    with _pulseaudio(tmp_path_factory.mktemp("pulse")) as running:
        yield running
