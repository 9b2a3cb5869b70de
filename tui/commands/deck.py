"""`voxdeck`: the deck itself."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.text import one_line
from tui.cli import USAGE
from tui.log import keep_off_the_screen, open_log

if TYPE_CHECKING:
    from sessions.engine import Engine


def run(arguments: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "voxdeck: the deck needs a terminal; without one use voxdeck transcribe, say or chat\n"
        )
        return USAGE
    from sessions.config import BadConfig  # noqa: PLC0415
    from tui.commands.settings import settings  # noqa: PLC0415

    try:
        config, gateway = settings(arguments)
    except BadConfig as error:
        sys.stderr.write(f"voxdeck: {one_line(str(error), 600)}\n")
        return USAGE
    log = open_log()
    keep_off_the_screen(log)
    from tui.app import DeckApp  # noqa: PLC0415 - textual must find the screen where it was put just now

    def make_engine() -> "Engine":
        from sessions.engine import Engine  # noqa: PLC0415 - after the first paint
        from sessions.live.deck import DeckPlan, plans  # noqa: PLC0415

        sessions = plans(("transcribe", "speak", "converse"))
        return Engine(DeckPlan(sessions, config, gateway, log))

    app = DeckApp(make_engine, Path.cwd())
    app.run()
    return app.return_code or 0
