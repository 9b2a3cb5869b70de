"""A walk through all that the deck can show: each kind of pane and each screen, filled as in use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from sessions.config import Config, SessionTable, WorkspaceTable
from sessions.state.snapshot import DeckView
from tests.tui.filled import (
    CALL,
    PICTURES,
    agent,
    conversation,
    images,
    in_phases,
    speaking,
    transcription,
    wave,
)
from tests.tui.test_screen import Still
from tests.tui.views import (
    BUSY,
    HOSTILE_DECK,
    HOSTILE_DEVICES,
    IN_TROUBLE,
    LAPTOP,
    SOUND,
    deck,
    session,
)
from tui.panes.image import ImagePane
from tui.screens.picker import PickerScreen, Search
from tui.widgets.find_bar import FindBar
from tui.widgets.form import Field, SettingsForm
from tui.widgets.pulse import Pulse
from tui.widgets.title_bar import TitleBar
from tui.workspace.store import Store, usual

_CALM, _TURNS = 3, 10
"""A widget that is mounted mounts others, which are laid out: so often must there be nothing to do, and so
many turns of the event loop are waited each time."""


class Stage:
    """A deck that goes from scene to scene."""

    def __init__(self, app: Still, pilot: Pilot[None]) -> None:
        self.app, self._pilot = app, pilot

    async def show(self, view: DeckView, front: str = "", *, zoomed: bool = False) -> None:
        """Show a view, with a pane in front."""
        if self.app.grid.zoomed != zoomed:
            self.app.action_zoom()
        pane = next((each for each in self.app.panes if each.session == front), self.app.panes[-1])
        if pane is not self.app.pane or not pane.display:
            self.app.go_to(pane)
        await self.settle()
        for pulse in self.app.query(Pulse):
            pulse._painted_at = 0.0  # it paints four times a second at most
        self.app.show(view)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is left to be done or drawn."""
        calm = 0
        while calm < _CALM:
            if _is_busy(self.app.screen):
                calm = 0
                await asyncio.sleep(0.005)
                continue
            await self._pilot._wait_for_screen()
            await self.app.workers.wait_for_complete()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            calm += 1

    async def perform(self, action: str) -> None:
        await self.app.action_perform(action)
        await self.settle()

    async def back(self) -> None:
        """Close the screen in front; what is under it need not be drawn before the next scene."""
        await self.app.pop_screen()


def _is_busy(screen: Screen[object]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


def lacks(table: SessionTable) -> str:
    return "needs a key: set ELEVENLABS_API_KEY" if table.provider == "elevenlabs" else ""


def still(theme: str, folder: Path) -> Still:
    """The deck of the first scene; `folder` is for its workspaces."""
    app = Still(BUSY)
    sessions = {"notes": SessionTable("transcribe", "deepgram", "nova-3", language="de")}
    app.config = Config(
        Path("config.toml"), sessions=sessions, workspaces={"work": WorkspaceTable(("notes",))}
    )
    app.store = Store(app.config, folder)
    app.store.save("interview", usual())
    app.lacks = lacks
    app.theme = theme
    return app


async def walk(app: Still, pilot: Pilot[None]) -> AsyncIterator[str]:
    """Yield the name of each scene when it is to be seen."""
    stage = Stage(app, pilot)
    while app.view is None:
        await pilot.pause()
    for part in (_deck, _panes, _over_the_deck, _screens, _more_panes):
        async for scene in part(stage):
            yield scene


async def _deck(stage: Stage) -> AsyncIterator[str]:
    """All panes, as far as there is room for them."""
    nothing_yet = deck(session("transcribe"), session("speak"), session("converse"), audio=LAPTOP)
    await stage.show(deck(transcription(), speaking(), conversation(), audio=LAPTOP))
    yield "busy"
    for scene, view in (
        ("nothing-yet", nothing_yet),
        ("sound", SOUND),
        ("sound-in-trouble", IN_TROUBLE),
        ("hostile", HOSTILE_DECK),
        ("hostile-devices", HOSTILE_DEVICES),
    ):
        await stage.show(view)
        yield scene
    for front in ("transcribe", "speak", "converse"):
        await stage.show(in_phases(), front)
        yield f"over-{front}"
    for pane in stage.app.panes[:2]:
        pane.grouped = True
    titled = [replace(each, title=f"{each.kind} for the board") for each in BUSY.sessions]
    await stage.show(deck(*titled), "speak")
    yield "compared"
    for pane in stage.app.panes:
        pane.grouped = False


async def _panes(stage: Stage) -> AsyncIterator[str]:
    """Each kind of pane on the whole screen."""
    view = deck(transcription(), speaking(), conversation(), audio=LAPTOP)
    await stage.show(view, "transcribe", zoomed=True)
    yield "transcribe"
    await stage.perform("timestamps")
    await stage.perform("find")
    stage.app.screen.query_one(FindBar).query_one(Input).value = "the"
    await stage.settle()
    yield "transcribe-find"
    await stage.app.screen.query_one(FindBar).action_close()
    await stage.perform("timestamps")

    await stage.show(view, "speak", zoomed=True)
    yield "speak"
    await stage.perform("choose_text")
    yield "speak-list"
    await stage.perform("choose_text")

    await stage.show(view, "converse", zoomed=True)
    yield "converse"
    await stage.perform("tokens")
    calling = conversation(live=(), answering=False, calls=(CALL, replace(CALL, call="c2")))
    await stage.show(deck(*view.sessions[:2], calling, audio=LAPTOP), zoomed=True)
    yield "converse-call"
    await stage.perform("tokens")
    await stage.show(view, zoomed=True)
    await stage.perform("edit_turn")
    yield "converse-editing"
    await stage.perform("stop")
    for front in ("speak", "transcribe"):
        await stage.show(HOSTILE_DECK, front, zoomed=True)
        yield f"hostile-{front}"


async def _over_the_deck(stage: Stage) -> AsyncIterator[str]:
    """What stands over the panes."""
    app = stage.app
    await stage.show(deck(transcription(), speaking(), conversation(), audio=LAPTOP))
    assert app.pane
    app.pane.say_to_user("saved to voxdeck-converse-20260314-091500.txt")
    app.pane.say_to_user("the answer is over: there is nothing to stop", warning=True)
    # Beside them, what the title tells of the line.
    app.query_one(TitleBar).show_line(12_300.0, slowed=True)
    await stage.settle()
    yield "notifications"
    app.query_one(TitleBar).show_line(None, slowed=False)
    app.clear_notifications()
    await stage.perform("tour")
    yield "tour"
    app.put_tour_away()
    await stage.perform("jump")
    yield "jump"
    app._release()
    await stage.perform("menu")
    assert app._taker
    app._show_menu(app._taker)
    await stage.settle()
    yield "menu"
    app._release()


async def _screens(stage: Stage) -> AsyncIterator[str]:
    """The other screens; one pane is behind them, which is drawn sooner than all."""
    app = stage.app
    sounding = replace(
        LAPTOP,
        input=replace(LAPTOP.input, wave=wave(0.5)),
        output=replace(LAPTOP.output, wave=wave(0.6)),
    )
    view = deck(transcription(), speaking(), conversation(), audio=sounding)
    await stage.show(view, zoomed=True)
    await stage.perform("help")
    yield "help"
    await stage.back()
    app.action_command_palette()
    await stage.settle()
    yield "palette"
    await stage.back()
    for action in ("rename", "instructions", "workspaces", "inspector"):
        await stage.perform(action)
        yield action
        await stage.back()
    app.go_to(app.panes[0])
    for action, scene in (("change", "settings"), ("export", "export"), ("new", "picker")):
        await stage.perform(action)
        yield scene
        if scene != "picker":
            await stage.back()
    picker = app.screen
    assert isinstance(picker, PickerScreen)
    picker.query_one(Search).value = "flux"
    await stage.settle()
    picker.action_mark()
    picker.action_mark()
    await stage.settle()
    yield "picker-marked"
    picker.query_one(Search).value = "gpt-realtime-2"
    await stage.settle()
    await picker.action_settings()
    await stage.settle()
    form = picker.query_one(SettingsForm)
    fields = {field.setting.name: field for field in form.query(Field)}
    fields["threshold"].query_one(Input).value = "7"
    form.action_done()
    await stage.settle()
    yield "picker-form"
    await stage.back()

    for scene, sound, front in (("audio", view, 2), ("audio-in-trouble", IN_TROUBLE, 1)):
        app.view = sound
        app.go_to(app.panes[front])
        await stage.perform("audio")
        yield scene
        await stage.back()


async def _more_panes(stage: Stage) -> AsyncIterator[str]:
    """An agent and pictures; and then more panes than there is room for."""
    app = stage.app
    with app.batch_update():
        await app.open_pane(SessionTable("converse", "elevenlabs", agent="library"), None)
        await app.open_pane(SessionTable("image"), None)
    three = (transcription(), speaking(), conversation())
    view = deck(*three, agent(), images(), audio=LAPTOP)
    await stage.show(view, "converse-2", zoomed=True)
    yield "agent"
    await stage.show(view, "image", zoomed=True)
    yield "image"
    pane = app.pane
    assert isinstance(pane, ImagePane)
    pane.choose(PICTURES[2].name)
    await stage.settle()
    yield "image-failed"
    pane.choose(PICTURES[1].name)
    await stage.perform("gallery")
    yield "gallery"
    await stage.back()
    with app.batch_update():
        for _ in range(4):
            await app.open_pane(SessionTable("transcribe"), None)
    others = (replace(transcription(live=()), name=f"transcribe-{number}") for number in range(2, 6))
    await stage.show(deck(*view.sessions, *others, audio=LAPTOP), "converse")
    yield "nine-panes"
