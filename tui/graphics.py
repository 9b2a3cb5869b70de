"""Which graphics the terminal has for pictures."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Literal

logger = logging.getLogger(__name__)

Graphics = Literal["kitty", "sixel", "half blocks"]

_TERMS = ("xterm-kitty", "xterm-ghostty", "wezterm", "foot", "mlterm", "contour")
_PROGRAMS = ("ghostty", "WezTerm", "iTerm.app", "contour", "rio", "mintty", "vscode")
_MARKS = ("KITTY_WINDOW_ID", "KONSOLE_VERSION", "WT_SESSION")
# Inside of a multiplexer the others tell of the terminal outside. Without colour Kitty's pictures are lost:
# the colour of their placeholders names them.
_AGAINST = ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY", "NO_COLOR")
_LATE = 0.1
"""Seconds for an answer that was given up to come all the same."""

_found: Graphics = "half blocks"


def ask_terminal() -> None:
    """Find out which graphics the terminal has. To be called before the deck starts: Textual would take the
    terminal's answer for keys.

    Only terminals that are known for them are asked, and none over SSH, where the answer may come late and a
    picture is heavy. All others are spared the time of it, and get half blocks.
    """
    global _found  # noqa: PLW0603 - the process has one terminal
    if not _is_worth_asking(os.environ):
        return
    try:
        import textual_image.widget  # noqa: F401, PLC0415 - it asks as it is imported
        from textual_image import renderable  # noqa: PLC0415
    except Exception:  # keys that were typed meanwhile may be taken for the answer, and be anything
        logger.warning("the terminal's graphics are not known", exc_info=True)
    else:
        if renderable.Image is renderable.SixelImage:
            _found = "sixel"
        elif renderable.Image is renderable.TGPImage:
            _found = "kitty"
    if _found == "half blocks":
        _drop_late_answer()


def graphics(*, low_bandwidth: bool) -> Graphics:
    """Return what to draw pictures with."""
    return "half blocks" if low_bandwidth else _found


def _is_worth_asking(environment: Mapping[str, str]) -> bool:
    if any(name in environment for name in _AGAINST):
        return False
    return (
        environment.get("TERM", "").startswith(_TERMS)
        or environment.get("TERM_PROGRAM", "") in _PROGRAMS
        or any(mark in environment for mark in _MARKS)
    )


def _drop_late_answer() -> None:
    time.sleep(_LATE)
    if sys.platform != "win32" and sys.__stdin__ is not None:
        import termios  # noqa: PLC0415 - not on Windows

        termios.tcflush(sys.__stdin__, termios.TCIFLUSH)
