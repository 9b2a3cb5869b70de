"""How the deck is driven: the key map, and the menu, jump mode, tour and help that come from it."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import MouseDown
from textual.pilot import Pilot
from textual.widgets import Footer, Static

import styles
from sessions.config import BadConfig, SessionTable, load
from tests.tui.terminal import terminal
from tui import memory
from tui.actions import ACTIONS
from tui.actions.registry import DeckAction
from tui.driven import DrivenApp, Manner
from tui.keymap import SUBJECTS, clashes, key_map
from tui.panes.kinds import pane_for
from tui.panes.pane import Pane
from tui.screens.help import HelpScreen, help_text
from tui.widgets.menu import Menu
from tui.widgets.title_bar import TitleBar

CONFIG = Path("config.toml")


class Driven(DrivenApp):
    """Two panes and what drives them; it keeps what it was asked to carry out."""

    CSS_PATH = styles.DECK

    def __init__(self, manner: Manner) -> None:
        super().__init__()
        self.drive(manner)
        self.panes = [pane_for(kind, SessionTable(kind)) for kind in ("speak", "converse")]
        self.asked: list[str] = []

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Vertical():
            yield from self.panes
        yield Footer()

    async def on_mount(self) -> None:
        for pane in self.panes:
            await pane.fill()
        self.go_to(self.panes[0])
        self.welcome()

    @property
    def pane(self) -> Pane | None:
        return next((pane for pane in self.panes if pane.has_focus_within), None)

    def go_to(self, pane: Pane | None) -> None:
        if pane:
            self.screen.set_focus(pane.entry_point)

    def applies(self, action: DeckAction) -> bool:
        return len(self.screen_stack) == 1 and action.id != "skip"

    async def action_perform(self, action: str) -> None:
        self.asked.append(action)
        if action in ("menu", "jump", "tour", "line_rate"):
            await self.run_action(action)


@asynccontextmanager
async def driven(
    size: tuple[int, int] = (80, 24), **manner: object
) -> AsyncIterator[tuple[Driven, Pilot[None]]]:
    app = Driven(Manner(**manner))  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def written(app: Driven, number: int) -> str:
    prompt = app.panes[number].prompt
    assert prompt
    return prompt.text


# The key map


def test_every_default_key_can_be_typed_and_means_one_thing() -> None:
    keys = key_map()
    assert list(clashes({action.id: keys.keys_of(action.id) for action in ACTIONS})) == []
    for action in ACTIONS:
        if action.keys:
            assert key_map({action.id: action.keys}).keys_of(action.id) == (action.keys,)


def test_every_action_has_a_subject() -> None:
    assert {action.id for _, actions in SUBJECTS for action in actions} == {action.id for action in ACTIONS}


def test_keys_are_taken_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'theme = "nord"\n[keys]\nzoom = "F10, ctrl+w X"\nlouder = ""\nclose = "ctrl+w +"\nfaster = ""'
    )
    config = load(path)
    keys = key_map(config.keys, config.path)
    assert config.theme == "nord"
    assert keys.keys_of("zoom") == ("f10", "ctrl+w X") and keys.names_of("zoom") == "F10, Ctrl+W X"
    assert keys.keys_of("louder") == () and keys.names_of("louder") == ""
    assert keys.keys_of("close") == ("ctrl+w plus",)


def test_chords_follow_the_key_of_the_menu() -> None:
    keys = key_map({"menu": "ctrl+b", "close": "ctrl+b ?"})
    assert keys.keys_of("zoom") == ("ctrl+b z",) and keys.keys_of("close") == ("ctrl+b question_mark",)
    assert ("z", "zoom") in [(key, action.id) for key, action in keys.chords]


@pytest.mark.parametrize(
    ("action", "keys", "told"),
    [
        ("zom", "f10", "keys.zom: there is no such action; did you mean zoom"),
        ("zoom", "f1", "keys.zoom: f1 is the key of help too; give one of them another"),
        ("zoom", "f10, f10", "keys.zoom: f10 stands there twice"),
        ("zoom", "ctrl+w c", "keys.zoom: ctrl+w c is the key of close too"),
        ("zoom", "f77", "keys.zoom: there is no key 'f77'; did you mean f7"),
        ("zoom", "x", "keys.zoom: 'x' is wanted for writing; take it behind the menu's key, as in ctrl+w x"),
        ("zoom", "enter", "is wanted for writing"),
        ("zoom", "ctrl+shift+x", "keys.zoom: 'ctrl+shift+x' cannot be typed: terminals do not pass it on"),
        ("zoom", "ctrl+i", "keys.zoom: 'ctrl+i' cannot be taken: terminals send it as Tab"),
        ("zoom", "ctrl+p", "it opens the palette"),
        ("zoom", "ctrl+b x", "a chord begins with the menu's key, ctrl+w"),
        ("zoom", "ctrl+w", "'ctrl+w' begins chords; another key must follow"),
        ("zoom", "ctrl+w a b", "more than two keys"),
        ("zoom", "ctrl+w escape", "'escape' is a key of the menu itself"),
        ("menu", "", "keys.menu: expected one key: it begins every chord"),
        ("menu", "f1", "keys.menu: f1 is the key of help too"),
    ],
)
def test_a_wrong_key_is_told_in_one_line(action: str, keys: str, told: str) -> None:
    with pytest.raises(BadConfig) as error:
        key_map({action: keys}, CONFIG)
    assert str(error.value).startswith("config.toml: keys.") and told in str(error.value)


@given(st.sampled_from([action.id for action in ACTIONS]), st.text(max_size=20))
def test_any_text_is_keys_or_refused(action: str, keys: str) -> None:
    refused = ""
    try:
        key_map({action: keys}, CONFIG)
    except BadConfig as error:
        refused = str(error)
    assert not refused or refused.startswith(f"config.toml: keys.{action}: ")


# The deck


@pytest.mark.anyio
async def test_keys_in_force_are_bound_and_shown_and_others_are_not() -> None:
    async with driven(keys=key_map({"help": "f10", "quit": ""})) as (app, pilot):
        await pilot.press("f1", "ctrl+q", "f10")
        assert app.asked == ["help"]
        shown = [binding.binding.key_display for binding in app.active_bindings.values()]
        assert "F10" in shown and "F1" not in shown


@pytest.mark.anyio
async def test_a_chord_typed_fast_and_text_behind_it_keep_their_order() -> None:
    async with driven() as (app, pilot):
        await pilot.press("a", "ctrl+w", "z", "b", "ctrl+w", "escape", "c", "ctrl+w", "k", "d")
        await pilot.pause()
        assert app.asked == ["menu", "zoom", "menu", "menu"], "what does not apply is not carried out"
        assert written(app, 0) == "abcd"
        assert not app.screen.query(Menu), "it was never wanted"


@pytest.mark.anyio
async def test_the_menu_shows_what_applies_and_is_clicked() -> None:
    async with driven((40, 12)) as (app, pilot):
        await pilot.press("ctrl+w")
        while not app.screen.query("Menu > Static"):
            await pilot.pause(0.02)
        await pilot.pause()
        table = app.screen.query_one("Menu > Static", Static)
        lines = str(table.content).splitlines()
        assert any("z Zoom" in line for line in lines) and not any("Skip" in line for line in lines)
        assert app.pane is app.panes[0], "it does not take the focus"
        at = next(number for number, line in enumerate(lines) if "z Zoom" in line)
        menu = app.screen.query_one(Menu)
        for _ in range(at):
            await pilot.press("down")
        offset = (lines[at].index("z Zoom") + 2, at)
        assert menu.region.bottom <= app.size.height
        await pilot.click(table, offset=offset)
        assert app.asked == ["menu", "zoom"] and not app.screen.query(Menu)
        await pilot.press("ctrl+w")
        await app.on_event(MouseDown(None, 1, 0, 0, 0, 1, False, False, False, 1, 0))
        await pilot.press("x")
        assert written(app, 0) == "x", "a click elsewhere has closed it"


@pytest.mark.anyio
async def test_a_label_goes_where_it_stands_and_escape_stays() -> None:
    async with driven() as (app, pilot):
        await pilot.press("ctrl+g")
        await pilot.pause()
        labels = {
            str(label.content).strip(): label.region
            for label in app.screen.query(".jump-label").results(Static)
        }
        other = next(name for name, region in labels.items() if region.y == app.panes[1].region.y)
        await pilot.press("escape", "h")
        assert not app.screen.query(".jump-label") and written(app, 0) == "h"
        await pilot.press("ctrl+g", other, "i")
        await pilot.pause()
        assert app.pane is app.panes[1] and written(app, 1) == "i"
        await pilot.press("ctrl+g", "5", "i")
        assert written(app, 1) == "ii", "a key that is no label ends it"
        title = next(name for name, region in labels.items() if region.y == 0)
        await pilot.press("ctrl+g", title)
        assert app.asked[-1] in ("workspaces", "audio")


@pytest.mark.anyio
@pytest.mark.usefixtures("empty_home")
async def test_the_tour_is_shown_once_and_takes_nothing() -> None:
    async with driven(memory=memory.load()) as (app, pilot):
        assert app.screen.query("#tour") and app.pane is app.panes[0]
        await pilot.press("a")
        assert not app.screen.query("#tour") and written(app, 0) == "a"
    assert memory.load().toured
    async with driven(memory=memory.load()) as (app, pilot):
        assert not app.screen.query("#tour")
        await app.action_perform("tour")
        await pilot.pause()
        await pilot.click("#tour")
        assert not app.screen.query("#tour")


@pytest.mark.anyio
@pytest.mark.usefixtures("empty_home")
async def test_a_theme_chosen_is_remembered_and_a_file_is_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("primary = '#ff0000'")
    async with driven(folder=tmp_path, memory=memory.Memory(toured=True)) as (app, pilot):
        assert memory.load().theme == "", "the one that it begins with was not chosen"
        app.theme = "mine"
        await pilot.pause()
        assert memory.load().theme == "mine"
        mine.write_text("primary = '#00aa00'")
        while app.theme_variables["primary"] != "#00AA00":
            await pilot.pause(0.05)
        mine.write_text("primary = 'grass'")
        while not any("'grass' is no colour" in note.message for note in app._notifications):
            await pilot.pause(0.05)


@pytest.mark.anyio
async def test_help_tells_every_action_and_narrows_down_to_what_is_typed() -> None:
    keys = key_map({"zoom": "f10"})
    text = " ".join(help_text(keys.names_of).plain.split())
    for action in ACTIONS:
        assert " ".join(action.help.split()) in text
        assert keys.names_of(action.id) in text
    async with driven(keys=keys) as (app, pilot):
        await app.push_screen(HelpScreen(app.keys_of))
        await pilot.press(*"f10", "space", *"whole")
        await pilot.pause()
        lines = str(app.screen.query_one("#help Static", Static).content).splitlines()
        assert any(line.startswith("F10") for line in lines) and len(lines) < 6


@pytest.mark.parametrize(
    ("config", "arguments", "told"),
    [
        ('[keys]\nzom = "f10"', [], "config.toml: keys.zom: there is no such action; did you mean zoom"),
        ("", ["--theme", "nrd"], "--theme: there is no theme 'nrd'; did you mean nord"),
    ],
)
def test_the_deck_does_not_open_with_a_wrong_key_or_theme(
    empty_home: Path, config: str, arguments: list[str], told: str
) -> None:
    path = empty_home / ".config" / "voxdeck" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(config)
    command = ["sh", "-c", '"$@"; echo $?', "sh", sys.executable, "-m", "tui", *arguments]
    with terminal(command, (200, 24), os.environ) as shown:
        shown.until_ended()
        line, status = shown.output.decode().splitlines()
        assert line.startswith("voxdeck: ") and line.endswith(told) and status == "2"
