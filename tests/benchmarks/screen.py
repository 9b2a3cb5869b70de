"""What the screen costs: CPU, bytes to the terminal, and the time from a key to its character.

Through a real pty of 160x48, against a Textual app of RichLogs that shows the same in the same run.
"""

import fcntl
import os
import pty
import random
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass

import psutil

SIZE = (160, 48)
SETTLES = 8.0
"""Seconds from the start that do not count: in the first, sessions are opened and silence runs in."""
LASTS = 30.0
_KEY = b"@"
_ERASE = b"\x7f"
_EVERY = 0.15
"""Seconds from a key's character to the next key, on the average."""


@dataclass
class Cost:
    cpu: float
    """Of a core, 0 to 1."""
    rate: float
    """kB a second."""
    keys: list[float]
    """Milliseconds."""

    @property
    def key_99(self) -> float:
        return statistics.quantiles(self.keys, n=100)[98] if len(self.keys) > 1 else 0.0


def run() -> None:
    print("The screen at 160x48: CPU of a core, kB/s to the terminal, key to screen (median, p99)")
    for panes, words, most_share, most_rate, most_key in ((16, 50, 0.25, 100, 60), (8, 50, 1.0, 50, 50)):
        peer = measure("richlog", panes, words)
        ours = measure("deck", panes, words)
        share = ours.cpu / peer.cpu
        fits = share <= most_share and ours.rate <= most_rate and ours.key_99 <= most_key
        print(
            f"  {panes} x {words}: {share:.2f} of RichLog's CPU ({_shown(ours)}; RichLog {_shown(peer)}; "
            f"{'within' if fits else 'OVER'} {most_share:g}, {most_rate} kB/s, {most_key} ms)"
        )
    for kind, told in (("deck", "views alone"), ("engine", "with the engine")):
        idle = measure(kind, 8, 0, keys=False)
        verdict = "within" if idle.cpu <= 0.01 and idle.rate == 0 else "OVER"
        print(f"  idle, 8 panes, {told}: {idle.cpu:.2%}, {idle.rate * 1000:.0f} B/s ({verdict} 1 %, 0)")
    low = measure("low", 4, 20, keys=False)
    print(f"  --low-bandwidth, 4 x 20: {low.rate:.1f} kB/s ({'within' if low.rate <= 5 else 'OVER'} 5)")


def _shown(cost: Cost) -> str:
    keys = f"{statistics.median(cost.keys):.0f}, {cost.key_99:.0f} ms" if cost.keys else ""
    return f"{cost.cpu:.0%}, {cost.rate:.0f} kB/s, {keys}"


def measure(kind: str, panes: int, words: float, *, keys: bool = True) -> Cost:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "tests.benchmarks.screen_load", kind, str(panes), str(words)]
        child, master = pty.fork()
        if child == 0:
            environment = {**os.environ, "HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            for name in [name for name in environment if name.startswith(("XDG_", "SSH_"))]:
                del environment[name]
            if kind == "low":
                environment["TEXTUAL_COLOR_SYSTEM"] = "standard"  # as `--low-bandwidth` does
            os.execvpe(command[0], command, environment)
        columns, lines = SIZE
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        try:
            return _watch(psutil.Process(child), master, keys=keys)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(master)


def _watch(process: psutil.Process, master: int, *, keys: bool) -> Cost:
    _read_until(master, time.monotonic() + SETTLES)
    begun, used = time.monotonic(), _cpu(process)
    count, waits = 0, []
    pause = random.Random(7)
    while (now := time.monotonic()) < begun + LASTS:
        if not keys:
            count += len(_read_until(master, now + 0.5))
            continue
        os.write(master, _KEY)
        data, came = _read_for(master, _KEY, now + 2.0)
        waits.append((came - now) * 1000)
        os.write(master, _ERASE)
        count += len(data) + len(_read_until(master, time.monotonic() + _EVERY * (0.5 + pause.random())))
    lasted = time.monotonic() - begun
    return Cost((_cpu(process) - used) / lasted, count / lasted / 1000, waits)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _read_until(master: int, end: float) -> bytes:
    data = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            data += os.read(master, 1 << 16)
    return data


def _read_for(master: int, wanted: bytes, end: float) -> tuple[bytes, float]:
    """Read until it has come; return all that was read, and when it came."""
    data = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            data += os.read(master, 1 << 16)
            if wanted in data:
                break
    return data, time.monotonic()
