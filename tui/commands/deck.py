"""`voxdeck`: the deck itself."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.text import one_line
from tui.cli import DEFAULT_RATE, USAGE
from tui.log import keep_off_the_screen, open_log

if TYPE_CHECKING:
    from sessions.audio.devices import Direction
    from sessions.engine import Engine

_STANDARD_INPUT = ("-", "input")
_NO_TERMINAL = "the deck needs a terminal; without one use voxdeck transcribe, say or chat"


class _WrongUse(Exception):
    """The message is one line."""


def run(arguments: argparse.Namespace) -> int:
    from sessions.config import BadConfig  # noqa: PLC0415
    from tui.commands.settings import settings  # noqa: PLC0415

    try:
        piped = arguments.input in _STANDARD_INPUT
        if not piped:
            if arguments.input_rate:
                raise _WrongUse("--rate is that of PCM on standard input, for --input - alone")
            _check_input(arguments.input)
        _check_output(arguments.output)
        descriptor = _piped_sound() if piped else None
        if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise _WrongUse(_NO_TERMINAL)
        config, gateway = settings(arguments)
    except (_WrongUse, BadConfig) as error:
        sys.stderr.write(f"voxdeck: {one_line(str(error), 600)}\n")
        return USAGE
    log = open_log()
    keep_off_the_screen(log)
    from tui.app import DeckApp  # noqa: PLC0415 - textual must find the screen where it was put just now

    def make_engine() -> "Engine":
        from sessions.engine import Engine  # noqa: PLC0415 - after the first paint
        from sessions.live.deck import DeckPlan, plans  # noqa: PLC0415

        plan = DeckPlan(
            plans(("transcribe", "speak", "converse")),
            config,
            gateway,
            log,
            input=arguments.input,
            output=arguments.output,
            input_descriptor=descriptor,
            input_rate=arguments.input_rate or DEFAULT_RATE,
        )
        return Engine(plan)

    app = DeckApp(make_engine, Path.cwd())
    app.run()
    return app.return_code or 0


def _piped_sound() -> int:
    """Move what is piped in to a descriptor of its own, and have the keyboard on standard input instead.

    To be called before textual is imported, which asks what standard input is.
    """
    if sys.stdin is None:
        raise _WrongUse("--input - reads standard input, which is closed")
    if sys.stdin.isatty():
        raise _WrongUse("--input - reads PCM from standard input, which is a terminal here")
    try:
        keyboard = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise _WrongUse(_NO_TERMINAL) from None
    piped = os.dup(sys.stdin.fileno())
    os.dup2(keyboard, sys.stdin.fileno())
    os.close(keyboard)
    return piped


def _check_input(text: str) -> None:
    if not text:
        return
    from sessions.audio.sources import BadSource, FileSource, PaneSource, parse  # noqa: PLC0415 - only here

    try:
        source = parse(text)
    except BadSource as error:
        if text.startswith(("file:", "loop:", "tone:", "pane:")):
            raise _WrongUse(f"--input: {error}") from None
        _check_device(text, "input")
        return
    if isinstance(source, PaneSource):
        raise _WrongUse("--input: a pane is heard by another one, not by all; choose that in the deck")
    if isinstance(source, FileSource):
        try:
            with source.path.open("rb"):
                pass
        except OSError as error:
            why = (error.strerror or "cannot be read").lower()
            raise _WrongUse(f"--input: {source.path}: {why}") from None


def _check_output(text: str) -> None:
    if text:
        _check_device(text, "output")


def _check_device(text: str, direction: "Direction") -> None:
    from sessions.audio.devices import NoDevice  # noqa: PLC0415 - only where one is named
    from sessions.audio.directory import look  # noqa: PLC0415

    try:
        look().resolve(text, direction)
    except NoDevice as error:
        raise _WrongUse(f"--{direction}: {error}; voxdeck devices lists all") from None
