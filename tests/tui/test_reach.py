"""Everything can be reached: by key, by name and by mouse; and what is told of the keys is so."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from sessions.guide import sections
from sessions.live.actions import Stop, ToggleListening
from sessions.state.log import Entry
from sessions.state.snapshot import Picture, Speech
from tests.tui.test_deck import until
from tests.tui.test_screen import Still
from tests.tui.views import deck, session
from tui.actions import ACTIONS, BY_ID
from tui.actions.registry import key_name
from tui.keymap import key_map
from tui.panes.pane import Pane
from tui.screens.audio import AudioScreen
from tui.screens.help import help_text
from tui.widgets.find_bar import FindBar
from tui.widgets.menu import Menu

pytestmark = pytest.mark.anyio

README = Path(__file__).parents[2] / "README.md"
KINDS = ("transcribe", "speak", "converse", "image")
_SAID = [Entry("speech", "one two three"), Entry("speech", "two and two")]
_VIEW = deck(
    session("transcribe", log=_SAID),
    session("speak", speech=(Speech("1", "two words", "done"), Speech("2", "two more", "done"))),
    session("converse", log=[Entry("user", "two?"), Entry("answer", "two.")]),
    session("image", kind="image", pictures=(Picture("1", "two foxes", "failed", message="none", name="a"),)),
    *(session(f"more-{number}", kind="speak") for number in range(5)),
)


@asynccontextmanager
async def still(width: int = 120, height: int = 40) -> AsyncIterator[tuple[Still, Pilot[None]]]:
    app = Still(_VIEW, zoomed=True)
    async with app.run_test(size=(width, height)) as pilot:
        await until(pilot, lambda shown: "9 of 9 open" in shown)
        yield app, pilot


def _go_to(app: Still, number: int) -> Pane:
    """Bring a pane into sight, and have it drawn."""
    app.action_focus_pane(number)
    app.show(_VIEW)
    return app.panes[number]


async def click(pilot: Pilot[None], text: str, line: int | None = None) -> None:
    """Click where this text stands, as soon as it does."""

    def places(shown: str) -> list[tuple[int, int]]:
        lines = enumerate(shown.splitlines())
        return [(each.index(text), y) for y, each in lines if text in each and line in (None, y)]

    x, y = places(await until(pilot, lambda shown: bool(places(shown))))[0]
    widget, region = pilot.app.screen.get_widget_at(x, y)
    await pilot.click(widget, offset=(x - region.x, y - region.y))


async def until_menu(pilot: Pilot[None]) -> Menu:
    await until(pilot, lambda shown: "╭─ Menu" in shown)
    return pilot.app.screen.query_one(Menu)


async def test_every_action_has_a_key_a_name_and_a_place_to_click() -> None:
    text = " ".join(help_text(key_map().names_of).plain.split())
    found: set[str] = set()
    async with still() as (app, pilot):
        for number in range(len(KINDS)):
            app.action_focus_pane(number)
            await pilot.press("ctrl+w")
            chords = (await until_menu(pilot)).actions
            await pilot.press("escape")
            single = {binding.binding.id for binding in app.screen.active_bindings.values()}
            names = {command.title for command in app.get_system_commands(app.screen)}
            for action in filter(app.applies, ACTIONS):
                found.add(action.id)
                assert bool(action.keys) == bool(action.label), "an action by name alone is in no menu"
                assert not action.keys or action.id in chords | single
                assert action.help in text
                # What the palette lists is clicked there; the bottom line has a place for the palette.
                assert action.help in names or (action.id == "quit" and "Quit" in names)
                method = f"action_{action.method.partition('(')[0]}"
                assert callable(getattr(app.pane, method, None) or getattr(app, method, None)), action.id
    assert found == BY_ID.keys()


async def test_the_mouse_alone_drives_the_deck() -> None:
    async with still(80, 24) as (app, pilot):
        _go_to(app, 2)
        await click(pilot, "1 Transcribe", 22)
        await until(pilot, lambda _: app.pane is app.panes[0])  # by a tab of the strip
        await click(pilot, "Listen", 23)
        await until(pilot, lambda _: ("transcribe", ToggleListening()) in app.asked)  # by the bottom line
        await click(pilot, "Menu", 23)
        await until_menu(pilot)
        await click(pilot, "Timestamps")
        await until(pilot, lambda _: app.panes[0].log_view.timestamps)  # by a line of the menu
        await click(pilot, "in: ")
        await until(pilot, lambda _: isinstance(app.screen, AudioScreen))  # by a part of the title
        await click(pilot, "Esc closes")
        await until(pilot, lambda _: len(app.screen_stack) == 1)
        await click(pilot, "Palette", 23)
        first = min(
            (command.title for command in app.get_system_commands(app.screen_stack[0])), key=str.lower
        )
        asked = len(app.asked)
        await click(pilot, first[:20])
        await until(pilot, lambda _: len(app.asked) > asked)


async def test_text_is_found_in_every_pane_and_escape_ends_that_alone() -> None:
    async with still() as (app, pilot):
        for number, kind in enumerate(KINDS):
            pane = _go_to(app, number)
            await pilot.press("ctrl+f", *"two")
            assert pane.query_one(FindBar).query_one(Input).value == "two"
            shown = await until(pilot, lambda shown: re.search(r"Find two .* \d of \d ", shown) is not None)
            if kind == "transcribe":
                before = re.findall(r" \d of \d ", shown)[-1]
                await click(pilot, "↑")
                await until(pilot, lambda shown: before not in shown)  # noqa: B023 - it is done here
                await click(pilot, "✕")
            else:
                await pilot.press("escape")
            await until(pilot, lambda _: not pane.query(FindBar))  # noqa: B023 - as above
            assert pane.entry_point.has_focus
        assert not any(isinstance(action, Stop) for _, action in app.asked)


# What is told of the keys

_WRITTEN = re.compile(
    r"(?:Ctrl\+|Control )W(?: | and (?:then )?)(?P<chord>[a-z0-9,.+-]|Tab)(?![\w+])"
    r"|(?:Ctrl\+|Control )(?P<control>[A-Z])\b|\b(?P<function>F\d+)\b"
)
_OF_OTHERS = {"Ctrl+C", "Ctrl+J", "Ctrl+P"}
"""Keys that are no action's: those of the terminal, of a prompt and of Textual."""


def _keys_in(text: str) -> set[str]:
    """Every key that a text names, as it is written on keyboards."""
    found = set()
    for match in _WRITTEN.finditer(text):
        chord, control, function = match.group("chord", "control", "function")
        found.add(f"Ctrl+W {chord}" if chord else f"Ctrl+{control}" if control else function)
    return found


def test_keys_that_texts_name_are_those_of_the_registry() -> None:
    known = {key_name(action.keys) for action in ACTIONS if action.keys} | _OF_OTHERS
    guide = "\n".join(section.text for section in sections())
    assert {"Ctrl+W z", "Ctrl+L", "F6"} <= _keys_in(guide)
    for text in (guide, README.read_text(encoding="utf-8")):
        assert _keys_in(text) <= known


def test_the_table_of_keys_gives_each_action_its_key() -> None:
    told: set[str] = set()
    leads = False
    for row in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        if not row.startswith("| ") or len(cells) != 4:
            continue
        leads = cells[0].startswith("Ctrl+W …") or (leads and cells[0] != "key")
        for keys, what in (cells[:2], cells[2:]):
            for name in re.findall(r"`(\w+)`", what):
                told.add(name)
                key = key_name(BY_ID[name].keys.removeprefix("ctrl+w " if leads else ""))
                if not re.fullmatch(r"pane_\d", name):
                    assert key in {*keys.split(), *keys.replace(", ", " ").split()}, name
    assert told >= {action.id for action in ACTIONS if action.keys and not action.id.startswith("pane_")}


async def test_an_empty_pane_invites_by_the_keys_in_force() -> None:
    app = Still(deck(session("speak")))
    app.manner = replace(app.manner, keys=key_map({"replay": "f10", "save": ""}))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda shown: "F10 speaks it again, Ctrl+P saves it as WAV, Ctrl+W l" in shown)
