"""The deck through a real sshd on this machine: every kind of pane at work, and what that costs the line."""

import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from tests.relay.conftest import Sshd
from tests.speech import RECORDINGS
from tests.tui.terminal import terminal

REPOSITORY = Path(__file__).parents[2]
LEFT_BEHIND = 'stty -echo -icanon min 0 time 10; printf "<%s>\\n" "$(dd bs=99 count=1 2>/dev/null | cat -v)"'
"""Shows what the terminal sends when the deck is gone: it would stand in the shell's line."""
MOST = 150_000
"""Bytes that a pane may cost from its opening to the end of its work; generous."""


def test_a_session_of_each_kind_from_its_opening_to_its_end(sshd: Sshd, empty_home: Path) -> None:
    """The terminal tells late where its cursor is: nothing of that may be taken for typing."""
    settings = [f"HOME={empty_home}", "COLORTERM=truecolor"]
    deck = [sys.executable, "-m", "tui", "--input", f"file:{RECORDINGS / 'sense_0880.wav'}"]
    remote = f"cd {shlex.quote(str(REPOSITORY))}; env {shlex.join([*settings, *deck])}; {LEFT_BEHIND}"
    costs: dict[str, int] = {}

    with terminal([*sshd.login("-tt"), remote], (80, 24), {**os.environ, "HOME": str(empty_home)}) as shown:
        shown.answers_after = 0.3

        def step(name: str, reached: Callable[[str], bool], *keys: str) -> None:
            before = len(shown.output)
            shown.press(*keys)
            shown.until(reached)
            costs[name] = costs.get(name, 0) + len(shown.output) - before

        step("start", lambda text: "3 of 3 open" in text)
        step("transcribe", lambda text: "Transcribe ·" in text, "escape", "f2")
        step("transcribe", lambda text: "young man." in text and " ms ━" in text)
        step("speak", lambda text: "Speak ·" in text, "f3")
        step("speak", lambda text: "✓ done" in text, "Hello there.", "enter")
        step("converse", lambda text: "Converse ·" in text, "f4")
        step("converse", lambda text: "deck's guide" in text, "hello", "enter")
        step("converse", lambda text: "stopped after" in text and "· ready" in text, "escape")
        step("picker", lambda text: "Open a session" in text, "ctrl+n")
        step("picker", lambda text: "elevenlabs" in text and "nova-3" not in text, "agent")
        step("agent", lambda text: "Agent ·" in text and "4 of 4 open" in text, "enter")
        step("agent", lambda text: "deck's guide" in text, "hello", "enter")
        step("agent", lambda text: "stopped after" in text and "· ready" in text, "escape")
        step("picker", lambda text: "Open a session" in text, "ctrl+n")
        step("picker", lambda text: "fal-ai" in text and "nova-3" not in text, "fal")
        step("image", lambda text: "Image ·" in text and "5 of 5 open" in text, "enter")
        step("image", lambda text: "kB ·" in text, "a red fox", "enter")
        shown.press("not sent")
        prompt = shown.until(lambda text: "not sent" in text)
        assert "┃ not sent  " in prompt, "no answer of the terminal's is written behind it"
        assert shown.answers > 3
        shown.until(lambda _: not shown.owes_answer)
        shown.answers_after = 0.55  # when leaving alone has long ended
        shown.press("f2")
        shown.until(lambda _: shown.owes_answer)
        shown.press("ctrl+q")
        shown.until_ended()
        assert b"<>" in shown.output, shown.output[-100:]
        # The pointer's shape is set, and no title of the terminal.
        assert set(re.findall(rb"\x1b\](\d+)", shown.output)) <= {b"22"}
    print("bytes to the terminal:", costs)  # shown by -s
    assert max(costs.values()) < MOST
