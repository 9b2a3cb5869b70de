"""Time from the start of the process to the first painted frame, against an empty Textual app."""

import os
import statistics
import sys
import tempfile
import time

from tests.tui.terminal import terminal

ROUNDS = 11
TARGET = 1.4
_FRAME = b"\x1b[1;1H"
"""Where Textual's first frame begins: everything before it only sets modes."""
_EMPTY = "from textual.app import App; App().run()"


def run() -> None:
    ours, empty = [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(ROUNDS):
            empty.append(_first_paint([sys.executable, "-c", _EMPTY], home))
            ours.append(_first_paint([sys.executable, "-m", "tui"], home))
    mine, peer = statistics.median(ours), statistics.median(empty)
    verdict = "within" if mine <= TARGET * peer else "OVER"
    print("First paint, against an empty Textual app (median of rounds)")
    print(f"  {mine / peer:.2f} times ({mine * 1000:.0f} to {peer * 1000:.0f} ms; {verdict} {TARGET:g})")


def _first_paint(command: list[str], home: str) -> float:
    begun = time.perf_counter()
    with terminal(command, (120, 40), {**os.environ, "HOME": home}) as shown:
        while _FRAME not in shown.output:
            assert shown.read(5.0), "it ended before it painted"
        return time.perf_counter() - begun
