"""The audio screen, walked through by keys and by mouse."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from sessions.audio.view import AudioView, Choice
from sessions.live.actions import (
    Action,
    ChooseInput,
    ChooseOutput,
    Front,
    LookForDevices,
    SetArbitration,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
)
from sessions.state.snapshot import DeckView
from tests.tui.drawn import screen_text
from tests.tui.test_screen import Still
from tests.tui.views import LAPTOP, deck, session
from tui.screens.audio import AudioScreen
from tui.widgets.device_list import DeviceList
from tui.widgets.settings import Setting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


def laptop(audio: AudioView = LAPTOP, **converse: Any) -> DeckView:
    return deck(session("transcribe"), session("speak"), session("converse", **converse), audio=audio)


@asynccontextmanager
async def audio_screen(view: DeckView, pane: str = "f4") -> "AsyncIterator[tuple[Still, Pilot[None]]]":
    app = Still(view)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(pane, "f6")
        await pilot.pause()
        assert isinstance(app.screen, AudioScreen)
        yield app, pilot


def wanted(app: Still) -> list[Action]:
    return [action for _, action in app.asked if not isinstance(action, Front | LookForDevices)]


async def test_everything_can_be_reached_and_changed_by_the_keyboard_alone() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        await pilot.press("down", "enter", "tab", "down", "down", "enter", "tab")
        await pilot.press("right", "tab", "right", "tab")
        await pilot.press(*"file:a.wav", "enter", "tab")
        await pilot.press("right", "tab", "left", "tab", "right", "down", "right")
        await pilot.pause()
        assert wanted(app) == [
            ChooseInput("mic-2"),
            ChooseOutput("relay"),
            SetEcho("half-duplex"),
            SetArbitration("mix"),
            SetSource("file:a.wav"),
            SetMicrophone("muted"),
            SetVolume(0.9),
            SetSpeed(1.1),
            SetMuted(True),
        ]
        await pilot.press("escape")
        assert not isinstance(app.screen, AudioScreen)


async def test_everything_can_be_changed_by_the_mouse_alone() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        for words in ("USB Audio", "relay (laptop) ·", "half-duplex", "solo", "voice", "▸", "silenced"):
            await click(app, pilot, words)
        assert wanted(app) == [
            ChooseInput("mic-2"),
            ChooseOutput("relay"),
            SetEcho("half-duplex"),
            SetArbitration("solo"),
            SetMicrophone("voice"),
            SetSpeed(1.1),
            SetMuted(True),
        ]
        before = len(app.asked)
        await click(app, pilot, "r looks again")
        assert [action for _, action in app.asked[before:]] == [LookForDevices()]
        await click(app, pilot, "Esc closes")
        assert not isinstance(app.screen, AudioScreen)


async def test_devices_are_looked_for_when_it_opens_and_when_asked() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        await pilot.press("r")
        await pilot.pause()
        assert [action for _, action in app.asked if isinstance(action, LookForDevices)] == [
            LookForDevices()
        ] * 2


async def test_it_goes_on_showing_views_and_the_cursor_stays_on_its_device() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        await pilot.press("down", "down")
        plugged = replace(
            LAPTOP,
            inputs=(Choice("new", "Headset", "device"), *LAPTOP.inputs),
            input=replace(LAPTOP.input, clipping=True, level=1.0),
            echo="off",
        )
        app.show(laptop(plugged, volume=0.5))
        await pilot.pause()
        shown = screen_text(app)
        assert "Headset" in shown and "CLIP" in shown and "0 dB" in shown and "50 %" in shown
        assert app.screen.query_one("#echo", Setting).value == "off"
        await pilot.press("enter")
        await pilot.pause()
        assert wanted(app) == [ChooseInput("pulse")]
        app.show(laptop(replace(LAPTOP, inputs=())))
        await pilot.pause()
        assert app.screen.query_one("#inputs", DeviceList).highlighted == 0


async def test_the_default_can_be_had_back() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        await pilot.press("home", "enter")
        await pilot.pause()
        assert wanted(app) == [ChooseInput("")]


async def test_a_setting_pressed_fast_does_not_jump_back_to_an_older_view() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        volume = app.screen.query_one("#volume", Setting)
        volume.focus()
        for _ in range(3):
            await pilot.press("right")
            app.show(laptop())
        await pilot.pause()
        assert wanted(app) == [SetVolume(1.1), SetVolume(1.2), SetVolume(1.3)]


async def test_a_refused_source_is_told_and_stays_to_be_mended() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        app.refusal = "no such file: [b]gone.wav[/b]\x1b[2J"
        source = app.screen.query_one("#source", Input)
        source.focus()
        await pilot.press(*"file:gone.wav", "enter")
        await pilot.pause()
        assert "! no such file: [b]gone.wav[/b]␛[2J" in screen_text(app)
        app.show(laptop())
        await pilot.pause()
        assert source.value == "file:gone.wav"


async def test_what_is_pasted_acts_nowhere() -> None:
    async with audio_screen(laptop()) as (app, pilot):
        source = app.screen.query_one("#source", Input)
        source.focus()
        await pilot.pause()
        source.post_message(Paste("file:\x1b[2J\na.wav"))
        await pilot.pause()
        assert source.value.endswith("file:␛[2J a.wav")


async def test_only_what_a_pane_has_is_offered() -> None:
    for pane, absent in (("f2", {"volume", "speed", "muted"}), ("f3", {"microphone"})):
        async with audio_screen(laptop(), pane) as (app, _):
            offered = {setting.id for setting in app.screen.query(Setting)}
            assert offered == {"echo", "arbitration", "microphone", "volume", "speed", "muted"} - absent
            assert bool(app.screen.query("#source")) == (pane == "f2")


async def test_the_palette_leads_to_the_source() -> None:
    app = Still(laptop())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await app.run_action("source_field")
        await pilot.pause()
        assert app.screen.focused is app.screen.query_one("#source")


async def test_it_can_be_used_on_a_very_small_screen() -> None:
    app = Still(laptop())
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        await pilot.press("f6", "shift+tab")
        await pilot.pause()
        assert "silenced" in screen_text(app), "what has the focus is scrolled into sight"
        await pilot.press("escape")


async def click(app: Still, pilot: "Pilot[None]", words: str) -> None:
    lines = screen_text(app).split("\n")
    y = next(number for number, line in reversed(list(enumerate(lines))) if words in line)
    await pilot.click(offset=(lines[y].rindex(words) + len(words) // 2, y))
    await pilot.pause()
