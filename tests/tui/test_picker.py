"""The picker and the settings of a session, by keys and by mouse."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select, TextArea

import styles
from sessions.config import Config, SessionTable
from sessions.gateway import Gateway, gateway
from sessions.openings import lacks
from tests.tui.views import HOSTILE
from tui.screens.picker import Picked, PickerScreen, Search, SettingsScreen
from tui.widgets.form import Field, SettingsForm
from tui.widgets.session_list import SessionList

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("empty_home")]

NOTES = SessionTable("transcribe", "deepgram", "nova-3", language="de")
SAVED = {"notes": NOTES, HOSTILE: SessionTable("speak", "acme", HOSTILE)}
CLOUDFLARE = gateway("wss://gateway.ai.cloudflare.com/v1/a/g")


class Empty(App[None]):
    CSS_PATH = styles.DECK


class Opened:
    """A screen in front of an empty app, and what it was dismissed with."""

    def __init__(self, app: Empty, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.results: list[Any] = []

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def find(self, words: str, *keys: str) -> None:
        self.app.screen.query_one(Search).value = words
        await self.press(*keys)

    @property
    def rows(self) -> list[str]:
        return [str(option.prompt) for option in self.app.screen.query_one(SessionList).options]

    @property
    def form(self) -> SettingsForm:
        return next(form for form in self.app.screen.query(SettingsForm) if form.display)

    def field(self, name: str) -> Field:
        return next(field for field in self.form.query(Field) if field.setting.name == name)

    @property
    def wrong(self) -> dict[str, str]:
        return {
            field.setting.name: str(field.query_one(".wrong").render())
            for field in self.form.query(Field)
            if field.has_class("-wrong")
        }


@asynccontextmanager
async def picker(
    at: Gateway | None = None, recent: Sequence[SessionTable] = (), size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Opened]:
    config = Config(Path("config.toml"), sessions=SAVED)
    screen = PickerScreen(config, lambda table: lacks(config, at, table), recent)
    async with opened(screen, size) as shown:
        yield shown


@asynccontextmanager
async def opened(
    screen: PickerScreen | SettingsScreen, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Opened]:
    app = Empty()
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        shown = Opened(app, pilot)
        app.push_screen(screen, shown.results.append)
        await shown.press()
        yield shown


async def test_what_is_typed_finds_and_enter_opens_it_as_it_is() -> None:
    async with picker() as shown:
        await shown.press(*"medic", "enter")
        assert shown.results == [Picked((SessionTable("transcribe", "deepgram", "nova-3-medical"),))]


async def test_all_is_listed_by_kind_with_the_latest_first_and_nothing_acts() -> None:
    async with picker(recent=[SessionTable("converse", "google"), NOTES]) as shown:
        rows = [" ".join(row.split()) for row in shown.rows]
        headings = [row for row in rows if " " not in row and row != "│"]
        assert headings == ["Recent", "Saved", "Transcribe", "Speak", "Converse", "Agent", "Image"]
        assert rows[1].startswith("google gemini-3.8-live converse")
        assert rows[2].startswith("notes transcribe · deepgram nova-3")
        assert rows[4].startswith("! ") and "[bold]" in rows[4] and "\x1b" not in rows[4]
        assert not [row for row in rows[5:] if row.startswith("!")], "the embedded gateway needs nothing"
        await shown.press("escape")
        assert shown.results == [None]


async def test_what_is_missing_is_said_and_does_not_open() -> None:
    async with picker(CLOUDFLARE) as shown:
        await shown.find("aura-1", "enter")
        about = str(shown.app.screen.query_one("#about").render())
        assert about == "! needs the gateway's token: set CLOUDFLARE_API_TOKEN"
        await shown.press("insert")
        assert not shown.app.screen.query_one(SessionList).marked
        # An agent's id can be given here.
        await shown.find("agent", "enter")
        assert shown.wrong == {"agent": "! an agent's id is needed"}
        await shown.press("m", "y", "enter")
        assert shown.results == [Picked((SessionTable("converse", "elevenlabs", "agent", agent="my"),))]


async def test_several_are_marked_and_opened_as_a_group() -> None:
    async with picker() as shown:
        await shown.press("space")
        await shown.find("flux", "insert", "ctrl+@", "enter")
        assert shown.results == [
            Picked(
                (
                    NOTES,
                    SessionTable("transcribe", "workers-ai", "@cf/deepgram/flux"),
                    SessionTable("transcribe", "deepgram", "flux-general-en"),
                ),
                compare=True,
            )
        ]


async def test_settings_are_made_and_nothing_typed_is_lost() -> None:
    async with picker() as shown:
        await shown.find("gpt-realtime-2", "end", "right")
        fields = [field.setting.name for field in shown.form.query(Field)]
        assert fields[:4] == ["model", "voice", "answers", "instructions"] and fields[-1] == "block"
        shown.field("voice").query_one(Select).value = "marin"
        shown.field("instructions").query_one(TextArea).text = "Be brief.\nBe kind."
        shown.field("threshold").query_one(Input).value = "7"
        shown.field("tools").query_one(Input).value = "no/such.json"
        await shown.press("ctrl+s")
        assert shown.wrong == {"threshold": "! '7' is not a number from 0 to 1"}
        assert shown.field("threshold").control.has_focus and not shown.results
        await shown.press("escape")
        assert shown.app.screen.query_one(Search).value == "gpt-realtime-2"
        await shown.press("tab")
        shown.field("threshold").query_one(Input).value = "0,7"
        shown.form.query_one(Button).press()
        await shown.press()
        assert shown.wrong == {"tools": "! no/such.json: no such file or directory"}
        shown.field("tools").query_one(Input).value = ""
        await shown.press("enter")
        assert shown.results == [
            Picked(
                (
                    SessionTable(
                        "converse",
                        "openai",
                        "gpt-realtime-2.1",
                        voice="marin",
                        instructions="Be brief.\nBe kind.",
                        threshold=0.7,
                    ),
                )
            )
        ]


async def test_the_mouse_alone_marks_opens_and_closes() -> None:
    async with picker() as shown:
        rows = shown.app.screen.query_one(SessionList)
        at = next(number for number, row in enumerate(shown.rows) if row.split() == ["deepgram", "nova-3"])
        await shown.pilot.click(rows, offset=(0, at))
        assert len(rows.marked) == 1 and shown.app.screen.query_one(Search).has_focus
        await shown.pilot.click(rows, offset=(0, at))
        assert not rows.marked
        await shown.pilot.click(rows, offset=(15, at + 1))
        assert not shown.results, "the first click goes there"
        await shown.pilot.click(rows, offset=(15, at + 1))
        await shown.press()
        assert shown.results == [Picked((SessionTable("transcribe", "deepgram", "nova-3-medical"),))]


async def test_an_open_session_s_settings_are_changed_and_another_voice_is_written() -> None:
    table = SessionTable("speak", "cartesia", "sonic-3", voice="v-1", sample_rate=8000)
    async with opened(SettingsScreen(table), (40, 12)) as shown:
        assert shown.field("model").text == "sonic-3" and shown.field("sample_rate").text == "8000"
        model = shown.field("model").query_one(Select)
        model.focus()
        await shown.press("enter", "end", "enter")
        assert shown.field("model").control.has_focus, "what is not listed is written"
        await shown.press(*"s-9", "enter")
        assert shown.results == [SessionTable("speak", "cartesia", "s-9", voice="v-1", sample_rate=8000)]
