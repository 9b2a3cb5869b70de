"""Sizes and keys in any order: nothing breaks, and no text is lost."""

import asyncio

import anyio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Key, Resize
from textual.geometry import Size

from sessions.state.log import Entry
from tests.tui.drawn import screen_text
from tests.tui.test_screen import Still, drawn_once
from tests.tui.views import deck, session
from tui.actions import ACTIONS

Step = tuple[tuple[int, int], tuple[str, ...]]
"""A size, and the keys behind it."""

_LEFT_OUT = {"quit", "open_picture", "workspaces"}
"""They end the deck, start a program beside it, put other panes in the place of these."""
_WRITING = ("a", "Z", "space", "enter", "ctrl+j", "down", "left", "right", "home", "end")
"""None takes away what is written."""
_KEYS = sorted({action.keys for action in ACTIONS if action.id not in _LEFT_OUT} | set(_WRITING))
_steps = st.tuples(
    st.tuples(st.integers(1, 200), st.integers(1, 60)),
    st.sampled_from(_KEYS).map(lambda keys: tuple(keys.split())),
)
_bursts = st.lists(st.lists(_steps, min_size=20, max_size=20), min_size=10, max_size=10)
_DRAFT = "written and not yet sent"


@given(bursts=_bursts)
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.generate,),
)
def test_two_hundred_sizes_with_any_keys_between(bursts: list[list[Step]]) -> None:
    anyio.run(_resize, bursts)


async def _resize(bursts: list[list[Step]]) -> None:
    said = [Entry("speech", f"word{number} " * 8) for number in range(20)]
    view = deck(
        session("transcribe", log=said, live=(Entry("speech", "", tail="still being said"),)),
        session("speak"),
        session("converse", log=[Entry("user", "a question"), Entry("answer", "an answer " * 20)]),
    )
    app = Still(view)
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn_once(pilot)
        front = app.pane
        assert front and front.prompt
        front.prompt.text = _DRAFT
        for burst in bursts:
            for size, keys in burst:
                _resized(app, size)
                for key in keys:
                    app.post_message(Key(key, " " if key == "space" else key if len(key) == 1 else None))
                    await asyncio.sleep(0)  # the next one comes while this one is at work
                if len(app.screen_stack) > 1:
                    app.post_message(Key("escape", None))
            app.show(view)
            await pilot.pause()
        while len(app.screen_stack) > 1:
            app.pop_screen()
        while app._closed_panes:
            await app.action_undo_close()
        texts = [text for pane in app.panes for text in (pane.draft, *pane.history)]
        assert any(_holds(text, _DRAFT) for text in texts), texts
        app.grid.zoomed = True
        app.go_to(next(pane for pane in app.panes if pane.session == "transcribe"))
        app.grid.rearrange()
        await pilot.resize_terminal(120, 40)
        app.show(view)
        await pilot.pause()
        shown = screen_text(app)
        assert all(f"word{number} " in shown for number in range(20)) and "still being said" in shown
        app.post_message(Key("a", "a"))  # one that comes when the deck is being left harms nothing


def _resized(app: Still, size: tuple[int, int]) -> None:
    """As `Pilot.resize_terminal` does it, which then waits until all is drawn."""
    assert isinstance(app._driver, HeadlessDriver)
    app._driver._size = Size(*size)
    app.post_message(Resize(Size(*size), Size(*size)))


def _holds(text: str, letters: str) -> bool:
    """Whether it has these letters in their order, whatever was written between them."""
    rest = iter(text)
    return all(letter in rest for letter in letters)
