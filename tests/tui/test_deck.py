"""The deck, driven by keys, over a real engine and the embedded gateway."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from sessions.gateway import Gateway
from sessions.secrets import Secret
from tests.tui.drawn import screen_text
from tui.app import DeckApp
from tui.screens.help import HelpScreen
from tui.widgets.prompt import Prompt

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("empty_home", "no_sound_card")]

LIMIT = 20.0


def make_deck(at: Gateway, folder: Path) -> DeckApp:
    from sessions.config import load
    from sessions.engine import Engine
    from sessions.live.deck import DeckPlan

    return DeckApp(lambda sessions: Engine(DeckPlan(sessions, load(), at)), folder)


async def until(pilot: Pilot[None], reached: Callable[[str], bool]) -> str:
    """Wait until the screen's text is as wanted, and return it."""
    end = time.monotonic() + LIMIT
    app = pilot.app
    assert isinstance(app, DeckApp)
    shown = ""
    while not (_is_laid_out(app) and reached(shown := screen_text(app))):
        assert time.monotonic() < end, f"not reached; the screen is\n{shown}"
        await pilot.pause(0.05)
    return shown


def _is_laid_out(app: DeckApp) -> bool:
    """What is drawn between a removal and the layout after it is never sent to a terminal."""
    return not (app._batch_count or app.screen._layout_required)


async def type_text(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*(("space" if character == " " else character) for character in text))


async def test_what_is_typed_is_spoken_and_saved(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await pilot.press("f3")
        await type_text(pilot, "Hello there")
        await pilot.press("enter")
        await until(pilot, lambda shown: "▶ playing" in shown)
        await until(pilot, lambda shown: "✓ done" in shown and "first byte" in shown)
        await pilot.press("ctrl+r")
        await until(pilot, lambda shown: "▶ playing" in shown)
        await pilot.press("ctrl+t")
        await until(pilot, lambda shown: "paused" in shown)
        await pilot.press("escape")
        await until(pilot, lambda shown: "cleared" in shown)
        await pilot.press("ctrl+s")
        await until(pilot, lambda shown: "saved to" in shown)
    assert [path.suffix for path in tmp_path.iterdir() if path.is_file()] == [".wav"]  # noqa: ASYNC240


async def test_a_question_is_answered(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await type_text(pilot, "how do I save")
        await pilot.press("enter")
        await until(pilot, lambda shown: "Control S" in shown and " ms" in shown)


async def test_the_recording_stands_in_for_the_microphone_and_the_pane_says_so(
    embedded: Gateway, tmp_path: Path
) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "hears: bundled recording" in shown and "Dashwood" in shown)
        await pilot.press("f2", "ctrl+l")
        await until(pilot, lambda shown: " off  out" in shown)
        await pilot.press("ctrl+l")
        await until(pilot, lambda shown: " off  out" not in shown)


async def test_text_that_cannot_be_sent_returns_to_the_prompt(embedded: Gateway, tmp_path: Path) -> None:
    refused = replace(embedded, token=Secret("wrong"))
    async with make_deck(refused, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: shown.count("401") == 3)
        await type_text(pilot, "not lost")
        await pilot.press("enter")
        await until(pilot, lambda shown: "the session is closed" in shown)
        assert pilot.app.screen.query(Prompt).last().text == "not lost"


async def test_earlier_texts_come_back_with_the_up_key(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        for text in ("one", "two"):
            await type_text(pilot, text)
            await pilot.press("enter")
        await type_text(pilot, "draft")
        prompt = pilot.app.screen.query(Prompt).last()
        values = []
        for key in ("up", "up", "up", "down", "down"):
            await pilot.press(key)
            values.append(prompt.text)
        assert values == ["two", "one", "one", "two", "draft"]


async def test_a_session_is_reconnected_by_its_key(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await pilot.press("f5")
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await type_text(pilot, "how do I save")
        await pilot.press("enter")
        await until(pilot, lambda shown: "Control S" in shown)


async def test_the_footer_shows_the_keys_of_the_focused_pane(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "Listen" in shown)
        await pilot.press("f3")
        assert "Replay" in await until(pilot, lambda shown: "Pause" in shown)
        await pilot.press("f2")
        await until(pilot, lambda shown: "Replay" not in shown and "Listen" in shown)


async def test_the_audio_screen_sets_what_the_engine_does_and_tells_what_it_refuses(
    embedded: Gateway, tmp_path: Path
) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await pilot.press("f2", "f6")
        await until(pilot, lambda shown: "In " in shown and "bundled recording" in shown)
        source = pilot.app.screen.query_one("#source", Input)
        source.focus()
        await pilot.pause()
        for typed, refusal in (
            ("tone:much", "! tone:much: expected"),
            ("file:gone.wav", "gone.wav: no such"),
        ):
            source.value = typed
            await pilot.press("enter")
            await until(pilot, lambda shown, refusal=refusal: refusal in shown)  # type: ignore[misc]
        source.value = "tone:440"
        await pilot.press("enter", "tab", "right", "right")
        await pilot.press("escape")
        await until(pilot, lambda shown: "push-to-talk (Ctrl+L talks)" in shown)
        await pilot.press("f8")
        await until(pilot, lambda shown: "muted (F8 unmutes)" in shown and "tone:440" in shown)


async def test_a_pane_is_recorded_and_played_louder_and_faster(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await pilot.press("f3", "f9", "shift+up", "shift+up", "ctrl+w", "plus", "ctrl+o")
        await until(
            pilot,
            lambda shown: all(
                words in shown for words in ("● rec", "silenced", "volume 120 %", "speed 1.1×")
            ),
        )
        await type_text(pilot, "Hello")
        await pilot.press("enter")
        await until(pilot, lambda shown: "✓ done" in shown)
        await pilot.press("f9")
        await until(pilot, lambda shown: "● rec" not in shown)
    assert [path.suffix for path in tmp_path.iterdir() if path.is_file()] == [".wav"]  # noqa: ASYNC240


async def test_help_and_palette_open_and_close(embedded: Gateway, tmp_path: Path) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        assert isinstance(pilot.app.screen, CommandPalette)
        await pilot.press("escape")
        await until(pilot, lambda shown: "3 of 3 open" in shown)
