"""`voxdeck`: the deck itself."""

import argparse
import gc
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.text import one_line
from tui.cli import DEFAULT_RATE, USAGE
from tui.log import keep_off_the_screen, open_log

if TYPE_CHECKING:
    from sessions.audio.devices import Direction
    from sessions.config import Config, SessionTable
    from sessions.engine import Engine
    from sessions.live.actions import Open
    from tui.driven import Manner
    from tui.keymap import Keymap

_STANDARD_INPUT = ("-", "input")
_NO_TERMINAL = "the deck needs a terminal; without one use voxdeck transcribe, say or chat"


class _WrongUse(Exception):
    """The message is one line."""


def run(arguments: argparse.Namespace) -> int:
    from sessions.config import BadConfig  # noqa: PLC0415
    from tui.commands.settings import settings  # noqa: PLC0415
    from tui.keymap import key_map  # noqa: PLC0415
    from tui.workspace.store import BadWorkspace, Store  # noqa: PLC0415

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
        keys = key_map(config.keys, config.path)
        if _low_bandwidth(arguments):
            # To be said before textual is imported. Sixteen colours take a third of the bytes.
            os.environ["TEXTUAL_COLOR_SYSTEM"] = "standard"
        _check_theme(arguments.theme, config)
        store = Store(config)
        state = store.load(arguments.workspace)
    except (_WrongUse, BadConfig, BadWorkspace) as error:
        sys.stderr.write(f"voxdeck: {one_line(str(error), 600)}\n")
        return USAGE
    log = open_log()
    keep_off_the_screen(log)
    gc.disable()  # until the first paint: nothing that is imported is garbage, and looking for it takes 15 ms
    # textual must find the screen where it was put just now
    from tui.app import DeckApp  # noqa: PLC0415
    from tui.graphics import ask_terminal  # noqa: PLC0415

    def make_engine(sessions: "tuple[Open, ...]") -> "Engine":
        from sessions.engine import Engine  # noqa: PLC0415 - after the first paint
        from sessions.live.deck import DeckPlan  # noqa: PLC0415

        collect_seldom()
        plan = DeckPlan(
            sessions,
            config,
            gateway,
            log,
            input=arguments.input,
            output=arguments.output,
            input_descriptor=descriptor,
            input_rate=arguments.input_rate or DEFAULT_RATE,
        )
        return Engine(plan)

    def lacking(table: "SessionTable") -> str:
        from sessions.openings import lacks  # noqa: PLC0415 - after the first paint

        return lacks(config, gateway, table)

    manner = _manner(arguments, config, keys)
    app = DeckApp(
        make_engine,
        Path.cwd(),
        config,
        manner,
        workspace=arguments.workspace,
        state=state,
        lacks=lacking,
    )
    ask_terminal()
    app.run()
    return app.return_code or 0


def collect_seldom() -> None:
    """Begin to collect garbage, but not in what there is now, which stays, and seldom.

    A full collection holds up all threads: 60 ms with 16 busy panes, several times a minute.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def _low_bandwidth(arguments: argparse.Namespace) -> bool:
    return arguments.low_bandwidth or os.environ.get("VOXDECK_LOW_BANDWIDTH", "") not in ("", "0")


def _check_theme(option: str, config: "Config") -> None:
    """Raises BadConfig."""
    if name := option or config.theme:
        from tui.themes import check_name  # noqa: PLC0415 - only where one is named

        check_name(name, "--theme" if option else f"{config.path}: theme", _themes(config))


def _themes(config: "Config") -> Path:
    return config.path.with_name("themes")


def _manner(arguments: argparse.Namespace, config: "Config", keys: "Keymap") -> "Manner":
    """How the deck is driven and dressed. The line is measured from now on."""
    from tui import memory  # noqa: PLC0415 - the deck's alone
    from tui.driven import Manner  # noqa: PLC0415 - as textual is
    from tui.line import Line, measured  # noqa: PLC0415 - as above

    line = Line()
    if isinstance(sys.__stderr__, io.TextIOWrapper):
        sys.__stderr__ = measured(sys.__stderr__, line)  # type: ignore[misc]
    remembered = memory.load()
    return Manner(
        keys,
        arguments.theme or config.theme or remembered.theme,
        _low_bandwidth(arguments),
        line,
        _themes(config),
        remembered,
    )


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
