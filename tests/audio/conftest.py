"""Real audio devices without hardware: a PulseAudio of our own, reached by PortAudio through ALSA.

It has a speaker (`speaker`, a null sink, whose monitor is what a user would hear) and a microphone (`mic`,
fed by playing into `micfeed`).
"""

import ctypes.util
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from sessions.audio.pcm import Samples, samples_of

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
pcm.mic { type pulse device "mic" hint { show on description "mic" } }
pcm.speaker { type pulse device "speaker" hint { show on description "speaker" } }
pcm.micfeed { type pulse device "micfeed" hint { show on description "micfeed" } }
"""
_LISTEN = ("parec", "-d", "speaker.monitor", "--raw", "--rate=48000", "--channels=1", "--format=s16le")


class Pulse:
    """The daemon."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run" / "pulse").mkdir(parents=True, mode=0o700)
        (folder / "run").chmod(0o700)
        (folder / "state").mkdir(mode=0o700)
        (folder / "pulse.pa").write_text(_PULSE)
        (folder / "asound.conf").write_text(_ALSA)
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PULSE_RUNTIME_PATH": str(folder / "run/pulse"),
            "PULSE_STATE_PATH": str(folder / "state"),
            "PULSE_SERVER": f"unix:{folder}/run/pulse/native",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        self._ear: subprocess.Popen[bytes] | None = None
        """Somebody who listens keeps the null sink at low latency; else its first seconds stutter."""

    def start(self) -> None:
        daemon = ("pulseaudio", "-n", "-F", str(self.folder / "pulse.pa"), "--daemonize=yes")
        options = ("--exit-idle-time=-1", "--use-pid-file=yes", "--realtime=no", "--high-priority=no")
        log = f"--log-target=file:{self.folder}/log"
        # A socket that a crash has left is not always taken over at once.
        for _ in range(10):
            if subprocess.run([*daemon, *options, log], check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        self._ear = subprocess.Popen([*_LISTEN, "--latency-msec=20"], stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run(["pulseaudio", "--kill"], check=False, capture_output=True)
        self._end_ear()

    def kill(self) -> None:
        """End it as a crash would."""
        os.kill(int((self.folder / "run/pulse/pid").read_text()), signal.SIGKILL)
        self._end_ear()

    def load(self, module: str, *arguments: str) -> None:
        """Have it do something more, such as to loop a sink back."""
        subprocess.run(["pactl", "load-module", module, *arguments], check=True, capture_output=True)

    def play_into_microphone(self, recording: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["paplay", "-d", "micfeed", str(recording)])

    @contextmanager
    def recorded(self, into: Path) -> Iterator[None]:
        """Record what comes out of the speaker, as 16-bit mono at 48 kHz."""
        with self.heard() as heard:
            yield
        into.write_bytes(heard.samples.tobytes())

    @contextmanager
    def heard(self) -> Iterator["Heard"]:
        """Hear what comes out of the speaker as it comes."""
        command = [*_LISTEN, "--latency-msec=10", f"--server={self.environment['PULSE_SERVER']}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            heard = Heard()
            reader = threading.Thread(target=heard.read, args=(recorder.stdout,), daemon=True)
            reader.start()
            assert heard.began.wait(10)
            yield heard
            recorder.terminate()
            reader.join()

    def _end_ear(self) -> None:
        if self._ear:
            self._ear.terminate()
            self._ear.wait()


class Heard:
    """Sound as it came, at 48 kHz."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self._pieces: list[tuple[float, Samples]] = []

    def read(self, stream: IO[bytes]) -> None:
        while data := stream.read(960):
            self._pieces.append((time.monotonic(), samples_of(data)))
            self.began.set()

    @property
    def samples(self) -> Samples:
        return np.concatenate([samples for _, samples in self._pieces])

    def last_loud(self) -> float:
        """When the last piece came in which there was sound."""
        return max(at for at, samples in self._pieces if samples.size and np.abs(samples).max() > 500)


def missing() -> str:
    if ctypes.util.find_library("portaudio") is None:
        return "PortAudio (libportaudio2)"
    tools = [tool for tool in ("pulseaudio", "paplay", "parec") if shutil.which(tool) is None]
    return f"{', '.join(tools)} (pulseaudio, pulseaudio-utils)" if tools else ""


@contextmanager
def pulseaudio(folder: Path) -> Iterator[Pulse]:
    pulse = Pulse(folder)
    before = {name: os.environ.get(name) for name in pulse.environment}
    os.environ.update(pulse.environment)
    pulse.start()
    try:
        _look_for_devices_again()
        yield pulse
    finally:
        pulse.stop()
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
    lacks = missing()
    if lacks and os.environ.get("CI"):
        pytest.fail(f"CI lacks {lacks}")
    if lacks:
        pytest.skip(f"needs {lacks}")
    with pulseaudio(tmp_path_factory.mktemp("pulse")) as running:
        yield running
