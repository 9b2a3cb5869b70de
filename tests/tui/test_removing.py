"""Widgets that leave while the screen is painted over and over."""

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical

from tests.tui.drawn import screen_text
from tui.widgets.prompt import Prompt
from tui.widgets.removing import remove


class Host(App[None]):
    def compose(self) -> ComposeResult:
        with Vertical(id="leaving"):
            yield Prompt("what is to be said")

    async def paint(self) -> None:
        """As a loaded machine may at any moment, with the styles asked for anew."""
        prompt = self.query_one(Prompt)
        while True:
            prompt.notify_style_update()
            self.screen.refresh(repaint=True)
            self.screen._on_timer_update()
            await asyncio.sleep(0)


@pytest.mark.anyio
async def test_what_is_removed_is_not_painted_again() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        painting = asyncio.create_task(app.paint())
        await remove(app.query_one("#leaving"))
        await pilot.pause(0.1)
        assert not painting.done()
        painting.cancel()
        assert "what is to be said" not in screen_text(app)
