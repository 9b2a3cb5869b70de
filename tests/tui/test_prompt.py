"""The prompt of a pane, pressed and pasted into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Static

from tui.widgets.prompt import HIGHEST, KEPT, LINE_BREAK, LONGEST, Prompt

pytestmark = pytest.mark.anyio


class Panes(App[None]):
    """Two prompts, one below the other."""

    CSS = """
    Vertical { height: 1fr; }
    Static { height: 1fr; }
    Prompt { height: auto; padding: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        for _ in range(2):
            with Vertical():
                yield Static("what was said")
                yield Prompt("Type here")

    def on_prompt_sent(self, event: Prompt.Sent) -> None:
        self.sent.append(event.text)


@asynccontextmanager
async def prompting(
    *, width: int = 40, height: int = 48
) -> AsyncIterator[tuple[Pilot[None], Prompt, list[str]]]:
    app = Panes()
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield pilot, app.query(Prompt).first(), app.sent


def press_at_once(pilot: Pilot[None], *keys: str) -> None:
    """As from a terminal that hands over many keys in one go."""
    for key in keys:
        pilot.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_keys_that_come_in_one_go_are_carried_out_in_their_order() -> None:
    async with prompting() as (pilot, prompt, sent):
        press_at_once(pilot, "a", "c", "left", "b", "enter", "d", "up", "e", "down", "f", "backspace", "g")
        await pilot.pause()
        assert sent == ["abc"]
        assert prompt.text == "dg", "what was recalled and changed did not get into the draft"
        assert prompt.earlier == ["abc"]


async def test_it_grows_with_its_text_as_far_as_there_is_room() -> None:
    async with prompting() as (pilot, prompt, sent):
        assert prompt.size.height == 1
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")
        assert (prompt.text, prompt.size.height) == ("a\nb\nc", 3)
        prompt.text = "word " * 100
        await pilot.pause()
        assert prompt.size.height == HIGHEST
        await pilot.press("enter")
        assert prompt.size.height == 1 and sent == [("word " * 100).strip()]
        prompt.text = "word " * 100
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert prompt.size.height == 4, "a third of a pane of 12 lines"


async def test_paste_keeps_its_lines_and_nothing_in_it_acts() -> None:
    async with prompting() as (pilot, prompt, sent):
        await pilot.press("x", "shift+home")
        pilot.app.post_message(Paste("one\r\ntwo\tthree\rfour \x1b]0;x\x07 \u202eevil [bold]"))
        await pilot.pause()
        assert prompt.text == "one\ntwo    three\nfour ␛]0;x␇ ‹U+202E›evil [bold]"
        pilot.app.post_message(Paste("x" * LONGEST))
        await pilot.pause()
        assert "x" * 9 not in prompt.text and sent == []
        prompt.text = "from a \x1b[31mfile"
        assert prompt.text == "from a ␛[31mfile"


async def test_earlier_texts_are_recalled_and_the_draft_comes_back() -> None:
    async with prompting() as (pilot, prompt, sent):
        prompt.earlier = ["first", "second\nof two lines"]
        await pilot.press("d", "up")
        assert prompt.text == "second\nof two lines"
        await pilot.press("up")
        assert prompt.text == "second\nof two lines", "within it first"
        await pilot.press("up", "up")
        assert prompt.text == "first"
        await pilot.press("!", "down", "down", "down")
        assert prompt.text == "d"
        await pilot.press("ctrl+z", "ctrl+z")
        assert prompt.text == "first!", "what was changed in passing is not lost"
        for number in range(KEPT + 5):
            prompt.remember(str(number))
            prompt.remember(str(number))
        assert prompt.earlier == [str(number) for number in range(5, KEPT + 5)]
        assert sent == []


async def test_what_could_not_be_sent_comes_back_where_nothing_else_is() -> None:
    async with prompting() as (pilot, prompt, sent):
        await pilot.press("a", "enter")
        prompt.give_back("a")
        assert prompt.text == "a"
        await pilot.press("enter", "b")
        prompt.give_back("a")
        assert prompt.text == "b"
        prompt.take_up("c")
        await pilot.press("up")
        assert prompt.text == "b" and sent == ["a", "a"]
        await pilot.press("backspace", "space", "enter")
        assert sent == ["a", "a"], "there is nothing to send"


async def test_it_is_quiet_and_lets_tab_go_on() -> None:
    async with prompting(width=60) as (pilot, prompt, _):
        assert not prompt.cursor_blink
        assert str(prompt.placeholder) == f"Type here · {LINE_BREAK}"
        await pilot.press("tab")
        assert prompt.text == "" and not prompt.has_focus
        await pilot.resize_terminal(20, 24)
        await pilot.pause()
        assert str(prompt.placeholder) == "Type here"
