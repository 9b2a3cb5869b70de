"""A real sshd on this machine, and the real `voxdeck relay` as a process of its own."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from sessions.audio.pcm import RATE, Samples
from sessions.audio.relay.discovery import FOLDER, VARIABLE, RelayAddress, find
from tests.audio.conftest import pulse  # noqa: F401 - a fixture

PATIENCE = 15.0
_SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
"""


def wait_for(reached: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@dataclass
class RelayProcess:
    """`voxdeck relay`."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    remote: Path = Path()
    """The forwarded socket, once there is a tunnel."""

    def read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def said(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    def until_said(self, text: str, times: int = 1) -> None:
        wait_for(lambda: self.said(text) >= times, f"{text!r} in {self.lines}")

    @property
    def ssh(self) -> list[str]:
        """The command that it printed."""
        return next(shlex.split(line) for line in self.lines if line.startswith("ssh "))

    @property
    def address(self) -> RelayAddress:
        return find({VARIABLE: str(self.remote)})[0]

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def relay_process(*arguments: str) -> Iterator[RelayProcess]:
    command = [sys.executable, "-m", "tui", "relay", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        relay = RelayProcess(process)
        reader = threading.Thread(target=relay.read)
        reader.start()
        try:
            relay.until_said("Ctrl+C ends the relay")
            yield relay
        finally:
            process.kill()
            reader.join()


@dataclass(frozen=True)
class Sshd:
    """An sshd that lets the current user in."""

    folder: Path
    port: int
    tunnels: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def command(self, relay: RelayProcess, *more: str) -> list[str]:
        """Return the command that the relay printed, as it reaches this sshd."""
        name, option, forward, host = relay.ssh
        assert (name, option, host) == ("ssh", "-R", "HOST")
        remote, local = forward.split(":", 1)
        relay.remote = self.folder / Path(remote).relative_to(FOLDER)
        return self.forwarding(f"{relay.remote}:{local}", *more)

    def forwarding(self, forward: str, *more: str) -> list[str]:
        """Return the command of a tunnel."""
        return self.login(*more, "-oExitOnForwardFailure=yes", "-R", forward)

    def login(self, *more: str) -> list[str]:
        """Return the command that logs in, to which a command may be added."""
        settings = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        key = ["-F", "none", "-p", str(self.port), "-i", str(self.folder / "user")]
        return ["ssh", *more, *key, *(f"-o{setting}" for setting in settings), "127.0.0.1"]

    def connect(self, relay: RelayProcess) -> "subprocess.Popen[bytes]":
        """Run the command that the relay printed, and wait until the tunnel is there.

        But the socket is made where no other deck on this machine finds it.
        """
        command = self.command(relay, "-N")
        return self.tunnel(command, relay.remote)

    def tunnel(self, command: list[str], socket_path: Path) -> "subprocess.Popen[bytes]":
        """Run the command of a tunnel, and wait until its socket is there."""
        before = socket_path.stat().st_ino if socket_path.exists() else None
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self.tunnels.append(process)

        def there() -> bool:
            assert process.poll() is None, process.stderr and process.stderr.read()
            return socket_path.exists() and socket_path.stat().st_ino != before

        wait_for(there, "the tunnel")
        return process


def end(process: "subprocess.Popen[bytes]") -> None:
    with process:
        process.kill()


def _missing() -> str:
    missing = [name for name in ("ssh", "ssh-keygen") if shutil.which(name) is None]
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") is None:
        missing.append("sshd")
    return f"{', '.join(missing)} (openssh-server, openssh-client)" if missing else ""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short name: a socket's path has about 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="relay-") as name:
        yield Path(name)


@pytest.fixture
def sshd(folder: Path) -> Iterator[Sshd]:
    """Skips where it cannot be had, which in CI is a failure."""
    missing = _missing()
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI lacks {missing}")
    if missing:
        pytest.skip(f"needs {missing}")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(_SSHD_CONFIG.format(folder=folder, port=port))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    assert program is not None
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=log) as daemon,
    ):
        running = Sshd(folder, port)
        try:
            wait_for(lambda: b"Server listening" in (folder / "log").read_bytes(), "sshd")
            yield running
        finally:
            for tunnel in running.tunnels:
                end(tunnel)
            daemon.terminate()


class Tone:
    """A mixer that plays 440 Hz for so long, then silence, and keeps account."""

    def __init__(self, seconds: float = 1e9) -> None:
        self.anchors: list[tuple[int, float]] = []
        self._seconds = seconds
        self._pulled = 0

    @property
    def pulled(self) -> int:
        return self._pulled

    def pull(self, frames: int) -> Samples:
        at = np.arange(self._pulled, self._pulled + frames) / RATE
        self._pulled += frames
        return np.asarray(np.sin(2 * np.pi * 440 * at) * 12000 * (at < self._seconds), np.int16)

    def anchor(self, frame: int, at: float) -> None:
        assert 0 <= frame <= self._pulled
        self.anchors.append((frame, at))
