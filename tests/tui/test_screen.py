"""What is drawn: hostile text that must not act, long logs, lines that are not painted in vain."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.pilot import Pilot

from sessions.commands import ImpossibleCommand
from sessions.config import SessionTable
from sessions.live.actions import Action, Open
from sessions.state.log import Entry, LogView
from sessions.state.snapshot import DeckView
from tests.tui.drawn import screen_text
from tests.tui.views import (
    HOSTILE_DECK,
    HOSTILE_DEVICES,
    deck,
    session,
)
from tui.app import DeckApp
from tui.widgets.line import meter
from tui.widgets.line_log import LineLog
from tui.workspace.store import PaneState, WorkspaceState

if TYPE_CHECKING:
    from sessions.engine import Engine


class Still(DeckApp):
    """The deck without an engine behind it, showing one view; it keeps what it was asked to carry out."""

    def __init__(self, view: DeckView, *, zoomed: bool = False) -> None:
        panes = tuple(
            PaneState(session.name, session.table or SessionTable(session.kind, session.provider))
            for session in view.sessions
        )
        super().__init__(
            self._no_engine, Path(), state=WorkspaceState(panes, panes[-1].name if panes else "", zoomed)
        )
        self.still = view
        self.asked: list[tuple[str, Action]] = []
        self.refusal = ""
        self.animation_level = "none"

    def _no_engine(self, sessions: tuple[Open, ...]) -> "Engine":
        raise AssertionError("a still deck starts no engine")

    def _start_engine(self) -> None:
        self.call_from_thread(self.show, self.still)

    async def carry_out(self, session: str, action: Action) -> str:
        self.asked.append((session, action))
        if self.refusal:
            raise ImpossibleCommand(self.refusal)
        return ""


async def drawn_once(pilot: Pilot[None]) -> None:
    """Wait until the deck shows its view: a loaded machine takes its time."""
    app = pilot.app
    assert isinstance(app, DeckApp)
    while app.view is None or (app.panes and app.focused is None):
        await pilot.pause(0.02)
    await pilot.pause()


async def open_audio(pilot: Pilot[None]) -> None:
    """Open the audio screen, and wait until it is drawn and drawn the same again."""
    app = pilot.app
    assert isinstance(app, DeckApp)
    while not (app.pane and app.view):  # at the very start there is nothing to set yet
        await pilot.pause(0.05)
    await pilot.press("f6")
    shown, same = "", 0
    for _ in range(200):
        await pilot.pause(0.05)
        before, shown = shown, screen_text(app)
        same = same + 1 if shown == before and len(app.screen_stack) > 1 else 0
        if same == 5:
            return
    raise AssertionError(f"the screen does not settle; it is\n{shown}")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("view", "keys"), [(HOSTILE_DECK, []), (HOSTILE_DEVICES, []), (HOSTILE_DEVICES, ["f2", "f6"])]
)
async def test_hostile_text_is_shown_and_obeyed_nowhere(view: DeckView, keys: list[str]) -> None:
    app = Still(view)
    async with app.run_test(size=(200, 50)) as pilot:
        await drawn_once(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        shown = screen_text(app)
        assert "[bold]markup[/bold]" in shown
        assert "␛[31mred" in shown
        for character in "\x1b\x07\x9b\u202e":
            assert character not in shown


@pytest.mark.anyio
async def test_a_long_log_follows_its_end_until_it_is_scrolled_back() -> None:
    entries = [Entry("speech", f"line number {number}") for number in range(500)]
    app = Still(deck(session("transcribe", log=entries)))
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn_once(pilot)
        assert "line number 499" in screen_text(app)
        await pilot.press("f2", "pageup", "pageup")
        assert "line number 499" not in screen_text(app)
        entries.append(Entry("speech", "line number 500"))
        await _show(app, pilot, deck(session("transcribe", log=entries)))
        assert "line number 500" not in screen_text(app), "who reads further up is not torn away"
        for _ in range(4):
            await pilot.press("pagedown")
        assert "line number 500" in screen_text(app)
        entries.append(Entry("speech", "line number 501"))
        await _show(app, pilot, deck(session("transcribe", log=entries)))
        assert "line number 501" in screen_text(app)


@pytest.mark.anyio
async def test_text_survives_every_size() -> None:
    entries = [Entry("speech", f"word{number} " * 30) for number in range(20)]
    app = Still(deck(session("transcribe", log=entries)))
    async with app.run_test(size=(80, 24)) as pilot:
        for size in ((20, 6), (1, 1), (300, 100), (81, 25), (40, 200)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.resize_terminal(200, 120)
        await pilot.pause()
        shown = screen_text(app)
        assert all(f"word{number} " in shown for number in range(20))


@pytest.mark.anyio
async def test_an_interim_that_grows_repaints_only_its_own_line() -> None:
    settled = [Entry("speech", f"settled {number}") for number in range(5)]
    app = Still(deck(session("transcribe", log=settled)))
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        log = app.panes[0].query_one(LineLog)
        log.show(LogView(settled), (Entry("speech", "", tail="it begins"),))
        await pilot.pause()
        painted: list[int] = []
        original = log.render_line
        log.render_line = lambda y: (painted.append(y), original(y))[1]  # type: ignore[method-assign,func-returns-value]
        for tail in ("one", "one two", "one two three"):
            log.show(LogView(settled), (Entry("speech", "", tail=tail),))
            await pilot.pause()
        assert set(painted) == {5}


def test_the_meter_shows_silence_and_full_scale() -> None:
    assert meter(0.0).strip() == ""
    assert meter(1.0) == "██████"
    assert len(meter(0.02).strip()) == 1


async def _show(app: DeckApp, pilot: Pilot[None], view: DeckView) -> None:
    app.show(view)
    await pilot.pause()
