"""The pane of a conversation: calls answered, turns edited, instructions changed, tokens drawn."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.config import SessionTable
from sessions.events import Usage
from sessions.gateway import Gateway
from sessions.live.actions import AnswerCall, Change, Inform, Instruct, Resend
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, ToolRequest
from tests.tui.drawn import screen_text
from tests.tui.test_deck import type_text, until
from tests.tui.test_screen import Still
from tests.tui.views import HOSTILE, deck, session
from tui.app import DeckApp
from tui.widgets.tool_calls import LINES, folded
from tui.widgets.usage import drawn
from tui.workspace.store import PaneState, WorkspaceState

WEATHER = ToolRequest("c1", "get_weather", '{"city":"Lyon","days":2}')
OTHER = ToolRequest("c2", "get_time", "{}")
SAID = [Entry("user", "Why?"), Entry("answer", "Because.")]


def conversing(**fields: object) -> DeckView:
    return deck(session("converse", log=SAID, **fields))


@pytest.mark.anyio
async def test_calls_wait_without_the_focus_and_are_answered_one_by_one() -> None:
    app = Still(conversing())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await type_text(pilot, "half a")
        app.show(conversing(calls=(WEATHER, OTHER)))
        await type_text(pilot, " word")
        shown = screen_text(app)
        assert "half a word" in shown, "who types goes on typing"
        assert "get_weather" in shown and '"city": "Lyon"' in shown and "1 more behind it" in shown
        await app.action_perform("answer_call")
        await pilot.pause()
        await type_text(pilot, "14 degrees")
        await pilot.press("enter")
        assert app.asked[-1] == ("converse", AnswerCall("c1", "14 degrees"))
        app.show(conversing(calls=(msgspec.structs.replace(WEATHER, state="answered"), OTHER)))
        await pilot.press("enter")
        await pilot.pause()
        assert app.asked[-1] == ("converse", AnswerCall("c1", "14 degrees")), "it answers no other call"
        await pilot.press("escape")
        await type_text(pilot, "s")
        assert "half a words" in screen_text(app)
        await app.action_perform("fail_call")
        await pilot.pause()
        assert app.asked[-1] == ("converse", AnswerCall("c2", "the user declined", failed=True))


@pytest.mark.anyio
async def test_an_edited_turn_is_sent_anew_and_the_draft_comes_back() -> None:
    app = Still(conversing())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await type_text(pilot, "draft")
        await app.action_perform("edit_turn")
        await pilot.pause()
        assert app.pane and app.pane.draft == "Why?"
        await pilot.press("escape")
        await pilot.pause()
        assert app.pane.draft == "draft"
        await app.action_perform("edit_turn")
        await pilot.pause()
        await type_text(pilot, " And how?")
        app.refusal = "the session is closed"
        await pilot.press("enter")
        await pilot.pause()
        assert app.pane.draft == "Why? And how?", "what could not be sent is still being edited"
        app.refusal = ""
        await pilot.press("enter")
        await pilot.pause()
        assert app.asked[-1] == ("converse", Resend("Why? And how?"))
        assert app.pane.draft == "draft"
        await app.action_perform("inform")
        await pilot.pause()
        assert [action for _, action in app.asked][-1] == Inform("draft")


@pytest.mark.anyio
async def test_instructions_are_changed_in_the_session_or_else_by_opening_it_anew() -> None:
    table = SessionTable("converse", "google", instructions="Be brief.")
    app = Still(deck(session("converse", table=table)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for refusal in ("", "only at the start"):
            app.refusal = refusal
            await app.action_perform("instructions")
            await pilot.pause()
            assert "Be brief." in screen_text(app)
            await type_text(pilot, " Be kind.")
            await pilot.press("ctrl+s")
            await pilot.pause()
        text = "Be brief. Be kind."
        changed = msgspec.structs.replace(table, instructions=text)
        wished = [action for _, action in app.asked if isinstance(action, (Instruct, Change))]
        assert wished == [Instruct(text), Instruct(text), Change(changed)]


@pytest.mark.anyio
@pytest.mark.usefixtures("no_sound_card")
async def test_a_call_and_an_edited_turn_over_the_embedded_gateway(embedded: Gateway, tmp_path: Path) -> None:
    from sessions.config import load
    from sessions.engine import Engine
    from sessions.live.deck import DeckPlan

    tools = tmp_path / "tools.json"
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools.write_text(json.dumps([{"type": "function", "name": "get_weather", "parameters": city}]))
    table = SessionTable("converse", "openai", tools=str(tools), answers="text")
    state = WorkspaceState((PaneState("converse", table),))
    app = DeckApp(lambda sessions: Engine(DeckPlan(sessions, load(), embedded)), tmp_path, state=state)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda shown: "1 of 1 open" in shown)
        assert app.pane
        app.pane.draft = "get weather Lyon"
        await pilot.press("enter")
        await until(pilot, lambda shown: '"city": "Lyon"' in shown)
        await app.action_perform("answer_call")
        await pilot.pause()
        await type_text(pilot, "fog")
        await pilot.press("enter")
        await until(pilot, lambda shown: "get weather says: fog" in shown and "waits for" not in shown)
        await app.action_perform("edit_turn")
        await pilot.pause()
        assert app.pane.draft == "get weather Lyon"
        app.pane.draft = "how do I save"
        await pilot.press("enter")
        shown = await until(pilot, lambda shown: "Control S" in shown)
        assert "taken back, with all that followed: get weather Lyon" in shown
        assert app.pane.view
        assert all(entry.role != "fault" for entry in app.pane.view.log), "no deletion was refused"


def test_tokens_are_drawn_in_one_scale() -> None:
    into, out = drawn(Usage(100, 300, 200, 0, 100), 0.5, 80)
    assert [(text, kind) for text, kind in into if kind != "words"] == [
        ("▒" * 8, "text"),
        ("█" * 22, "audio"),
    ]
    assert out[2] == ("█" * 8, "audio")
    assert into[-1][0] == "▒ 100 text · █ 300 audio · ▮▮▯▯▯ 50 % cached"
    assert out[-1][0].endswith("$0.50")
    narrow, _ = drawn(Usage(100, 300, 200, 0, 100), 0.5, 50)
    assert narrow[-1][0] == "▒ 100 █ 300 ▮▮▯▯▯ 50 %" and len(narrow[2][0]) > 10


@given(st.builds(Usage, *[st.integers(0, 10**9)] * 5), st.integers(0, 200))
def test_tokens_are_drawn_at_any_width(usage: Usage, width: int) -> None:
    lines = drawn(usage, None, width)
    bars = [sum(len(text) for text, kind in line[1:-1]) for line in lines]
    assert bars[0] == bars[1] <= max(0, width)
    assert (usage.output_audio > 0) == any(kind == "audio" and text for text, kind in lines[1]) or not bars[0]


def test_arguments_are_indented_and_folded() -> None:
    assert folded('{"city":"Lyon"}') == '{\n  "city": "Lyon"\n}'
    assert folded(json.dumps(list(range(20)))).splitlines()[-1] == f"… {22 - LINES + 1} more lines"
    assert folded("no JSON at all") == "no JSON at all"


@given(st.text() | st.just("[" * 100_000) | st.just(json.dumps([HOSTILE] * 3, ensure_ascii=False)))
def test_any_arguments_are_shown_harmlessly(arguments: str) -> None:
    shown = folded(arguments)
    assert len(shown.splitlines()) <= LINES
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"}
