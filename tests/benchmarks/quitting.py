"""Time from Ctrl+Q to the end of the process, with three sessions open and one of them listening."""

import os
import statistics
import sys
import tempfile

from tests.tui.terminal import terminal

ROUNDS = 5
TARGET = 1.0


def run() -> None:
    with tempfile.TemporaryDirectory() as home:
        taken = [_quit(home) for _ in range(ROUNDS)]
    worst = max(taken)
    verdict = "within" if worst <= TARGET else "OVER"
    print("Quitting, from the key to the end of the process")
    print(f"  {statistics.median(taken):.2f} s in the middle, {worst:.2f} s at worst ({verdict} {TARGET:g})")


def _quit(home: str) -> float:
    with terminal([sys.executable, "-m", "tui"], (120, 40), {**os.environ, "HOME": home}) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("escape")  # puts the tour away, which a new home begins with
        shown.until(lambda text: "Dashwood" in text)
        shown.press("ctrl+q")
        return shown.until_ended()
