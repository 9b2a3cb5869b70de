"""What an import pulls in, seen from a fresh interpreter."""

import subprocess
import sys

import pytest

EVERY_MODULE = """
import importlib, pkgutil, sys, sessions
sys.modules["rich"] = sys.modules["textual"] = None  # there is no such thing
def walk(package):
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not found.name.startswith("sessions.local"):
            module = importlib.import_module(found.name)
            yield found.name
            if found.ispkg:
                yield from walk(module)
assert len(list(walk(sessions))) > 30
"""

FIRST_PAINT = """
from pathlib import Path
import tui.cli, tui.commands.deck, tui.commands.settings
from tui.app import DeckApp
list(DeckApp(lambda sessions: None, Path()).compose())
"""
SLOW = {
    "anyio",
    "httpx",
    "numpy",
    "PIL",
    "sounddevice",
    "sessions.engine",
    "sessions.openings",
    "sessions.providers.catalogue",
    "textual.widgets._footer",
    "textual.widgets._text_area",
    "tui.screens.picker",
    "tui.widgets.find_bar",
    "tui.widgets.prompt",
}


def modules_after(code: str) -> set[str]:
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def imported_by(code: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_after(code)}


def test_sessions_know_no_screen() -> None:
    assert imported_by("import sessions").isdisjoint({"textual", "rich", "tui", "styles"})


def test_sessions_need_no_screen() -> None:
    assert imported_by(EVERY_MODULE).isdisjoint({"tui", "styles"})


@pytest.mark.parametrize("module", ["sessions.gateway", "sessions.events", "sessions.providers.catalogue"])
def test_vocabulary_and_codecs_do_no_input_or_output(module: str) -> None:
    loaded = imported_by(f"import {module}")
    assert loaded.isdisjoint({"anyio", "asyncio", "httpx", "httpx_ws", "numpy", "sounddevice", "socket"})


def test_command_line_imports_only_what_its_subcommand_needs() -> None:
    loaded = imported_by("import tui.cli")
    assert loaded.isdisjoint({"textual", "rich", "numpy", "httpx", "httpx_ws", "sounddevice", "anyio"})


def test_what_is_slow_to_import_comes_after_the_first_paint() -> None:
    assert modules_after(FIRST_PAINT).isdisjoint(SLOW)
