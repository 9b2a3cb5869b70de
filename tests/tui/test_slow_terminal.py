"""A terminal that is not read, and a slow one: sessions and sound go on, and the screen is right again."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.speech import RECORDINGS
from tests.tui.terminal import Terminal, terminal
from tests.tui.unread_deck import SessionReport

LONG = "This is a long text that goes on being spoken while nobody reads the screen. " * 3
LASTS = 5.0
SLOW = 20_000
"""Bytes a second."""


def unread(shown: Terminal) -> None:
    time.sleep(LASTS)


def slow(shown: Terminal) -> None:
    end = time.monotonic() + LASTS
    while time.monotonic() < end:
        shown.read(0.1, limit=SLOW // 10)
        time.sleep(0.1)


@pytest.mark.parametrize("hold", [unread, slow], ids=["unread", "slow"])
def test_a_terminal_that_does_not_keep_up_holds_nothing_up(
    hold: Callable[[Terminal], None], empty_home: Path, tmp_path: Path, no_sound_card: None
) -> None:
    written = tmp_path / "report.json"
    command = [sys.executable, "-m", "tests.tui.unread_deck", str(written)]
    source = f"loop:{RECORDINGS / 'sense_0870.wav'}"
    with terminal([*command, source], (120, 40), {**os.environ, "HOME": str(empty_home)}) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("f3")
        shown.press(LONG, "enter")
        shown.until(lambda text: "playing" in text)
        shown.press("f4")
        shown.press("how do I save", "enter")
        hold(shown)
        shown.until(lambda text: "Control S" in text and "playing" in text)
        shown.press("escape", "f2", "ctrl+l", "f3", "escape")
        shown.until(lambda text: "not listening" in text and "cleared after" in text)
        after = shown.until_still()
        shown.press("f1")
        shown.until(lambda text: "type to search" in text)
        shown.press("escape")  # all is painted anew
        shown.until(lambda text: "type to search" not in text)
        assert shown.until_still() == after
        shown.press("ctrl+q")
        shown.until_ended()
    reports = msgspec.json.decode(written.read_bytes(), type=dict[str, SessionReport])
    for session in reports.values():
        assert session.numbers == list(range(session.numbers[0], session.numbers[0] + len(session.numbers)))
        assert session.underruns == 0
    heard = reports["transcribe"]
    assert heard.last - heard.first > LASTS
    assert heard.sent / 32_000 == pytest.approx(heard.last - heard.first, abs=0.5), (
        "sound is sent as it comes"
    )
    assert "Dashwood" in heard.text
