"""The real command on a real pty, from an empty home, without a sound card or a key."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from sessions.gateway import Gateway
from tests.tui.terminal import Terminal, terminal

COMMAND = [sys.executable, "-m", "tui"]


@contextmanager
def deck(home: Path, size: tuple[int, int], *arguments: str, **variables: str) -> Iterator[Terminal]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **variables}
    where = Path.cwd()
    os.chdir(home)
    try:
        with terminal([*COMMAND, *arguments], size, environment) as shown:
            yield shown
    finally:
        os.chdir(where)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_it_hears_speaks_and_answers_and_leaves_no_trace(empty_home: Path, size: tuple[int, int]) -> None:
    with deck(empty_home, size) as shown:
        before = shown.modes
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("f2")
        shown.until(lambda text: "Dashwood" in text)
        shown.press("f3")
        shown.until(lambda text: "to hear it" in text)
        shown.press("Hello there, this is spoken.", "enter")
        shown.until(lambda text: "▶ playing" in text)
        shown.until(lambda text: "✓ done" in text)
        shown.press("f4")
        shown.until(lambda text: "Ask something" in text)
        shown.press("how do I save", "enter")
        shown.until(lambda text: "Control S" in text)
        family = shown.process.children(recursive=True)
        assert len(family) == 1, "the embedded gateway"
        shown.press("ctrl+q")
        assert shown.until_ended() < 3.0  # the benchmark has the real figure
        assert shown.modes == before
        for undo in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"):
            assert shown.output.rfind(undo) > shown.output.rfind(
                undo[:-1] + (b"l" if undo[-1:] == b"h" else b"h")
            )
        _, alive = psutil.wait_procs(family, timeout=1)
        assert not alive


def test_quitting_at_once_is_quick_and_clean(empty_home: Path) -> None:
    with deck(empty_home, (80, 24)) as shown:
        shown.until(lambda text: "Voxdeck" in text)
        shown.press("ctrl+q")
        assert shown.until_ended() < 3.0
        assert b"Traceback" not in shown.output


def test_killing_the_deck_ends_its_gateway(empty_home: Path) -> None:
    with deck(empty_home, (80, 24)) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        family = shown.process.children(recursive=True)
        shown.process.send_signal(signal.SIGKILL)
        shown.until_ended()
        _, alive = psutil.wait_procs(family, timeout=3)
        assert not alive


def test_a_wrong_token_is_shown_and_never_the_token(empty_home: Path, embedded: Gateway) -> None:
    url = embedded.base
    token = "sk_live_wrong_0123456789"
    with deck(empty_home, (120, 40), "--gateway", url, CLOUDFLARE_API_TOKEN=token) as shown:
        shown.until(lambda text: "3 failed" in text)
        shown.press("escape")  # puts the tour away
        shown.until(lambda text: text.count("401") == 3)
        assert "Unauthorized" in shown.text
        shown.press("ctrl+q")
        shown.until_ended()
        assert token.encode() not in shown.output
    for log in empty_home.rglob("*.log"):
        assert token not in log.read_text()


def test_what_libraries_print_goes_to_the_log(empty_home: Path) -> None:
    """ALSA complains on descriptor 2 where there is no sound card; none of it may reach the screen."""
    with deck(empty_home, (120, 40)) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("escape")  # puts the tour away
        shown.until(lambda text: "Dashwood" in text)
        shown.press("ctrl+q")
        shown.until_ended()
        assert b"ALSA" not in shown.output
    assert list(empty_home.rglob("voxdeck.log"))


def test_little_is_left_in_the_home(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime keeps a report for its maker there unless it is told not to, or is run by a CI."""
    monkeypatch.delenv("CI", raising=False)
    with deck(empty_home, (80, 24)) as shown:
        shown.until(lambda text: "3 of 3 open" in text)
        shown.press("f2")
        shown.until(lambda text: "Dashwood" in text)
        shown.press("ctrl+q")
        shown.until_ended()
    left = {path.name for path in empty_home.rglob("*") if path.is_file()}
    assert left == {"voxdeck.log", "deck.json", "default.json"}, "the log, what the deck remembers, the panes"
