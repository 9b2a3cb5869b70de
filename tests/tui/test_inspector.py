"""The inspector, by keys and by mouse, over frames that come while it is open."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Input

import styles
from sessions.secrets import Secret
from sessions.state.journal import Journal
from tests.tui.views import HOSTILE, deck, session
from tui.screens.inspector import InspectorScreen
from tui.widgets.frame_list import FrameList
from tui.widgets.frame_view import FrameView

pytestmark = pytest.mark.anyio

KEY = "inspected-key-0123456789"
SOUND = b64encode(b"\x00\x40" * 2400).decode()


class Inspected(App[None]):
    """Shows the inspector of a session with 300 frames: sound, and text at each tenth."""

    CSS_PATH = styles.DECK

    def __init__(self, save_into: Path) -> None:
        super().__init__()
        Secret(KEY)
        self.save_into = save_into
        self.journal = Journal()
        self.add(300)

    def on_mount(self) -> None:
        view = session("converse", title=HOSTILE, frames=self.journal.view())
        self.push_screen(InspectorScreen(view, self.save_into))

    def add(self, count: int) -> None:
        for number in range(count):
            if number % 10:
                self.journal.add(number / 50, "sent", json.dumps({"type": "append", "audio": SOUND}))
            else:
                said = {
                    "type": f"said {HOSTILE}",
                    "say": HOSTILE,
                    "of": {"key": KEY},
                    "long": f"{KEY} w " * 20,
                }
                self.journal.add(number / 50, "received", json.dumps(said))

    def more(self) -> None:
        self.add(10)
        assert isinstance(self.screen, InspectorScreen)
        self.screen.show(deck(session("converse", frames=self.journal.view())))

    @property
    def listed(self) -> FrameList:
        return self.screen.query_one(FrameList)

    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_frames_are_listed_opened_sifted_found_copied_and_saved(tmp_path: Path) -> None:
    app = Inspected(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        shown = app.text()
        assert "300 frames" in shown and "→ sent      6,431  append  100 ms" in shown.replace("▌", " ")
        assert "audio, 100 ms at 24 kHz, peak -6 dB" in shown and "████" in shown
        assert "base64 of 4,800 bytes" in shown

        app.more()
        await pilot.pause()
        assert "310 frames" in app.text() and len(app.listed.listing) == 310
        await pilot.press("p")
        app.more()
        await pilot.press("home", "d", "d")
        await pilot.pause()
        shown = app.text()
        assert "31 of 320 frames · only received · paused" in shown and "0.000 ← received" in shown
        assert "[bold]markup[/bold]" in shown and KEY not in shown and 'key: "•••"' in shown
        assert not any(char in shown for char in "\x1b\x07\x9b\u202e")

        await pilot.press("tab", "down", "down", "down", "left")
        assert "of: {1}" in app.text() and "key:" not in app.text()
        view = app.screen.query_one(FrameView)
        await pilot.click(view, offset=(4, 5))
        await pilot.pause()
        assert app.text().count("••• w") > 3, "the long string is open"
        await pilot.press("tab")
        app.screen.query_one("#filter", Input).value = "append"
        await pilot.press("enter")
        assert "0 of 320 frames" in app.text()
        await pilot.press("d", "p")
        app.more()
        await pilot.press("a", "slash")
        app.screen.query_one("#filter", Input).value = ""
        app.screen.query_one("#find", Input).value = "SAID"
        await pilot.press("ctrl+f", "enter")
        assert app.listed.chosen and app.listed.chosen.number == 0, "it goes on at the beginning"
        await pilot.press("N")
        assert app.listed.chosen.number == 320
        assert "33 of 330 frames · without audio" in app.text()

        await pilot.press("ctrl+y", "s", "S")
        assert KEY not in app.clipboard and '"say":' in app.clipboard and "\x1b" not in app.clipboard
        await app.workers.wait_for_complete()
        saved = list(tmp_path.glob("*.jsonl"))  # noqa: ASYNC240
        assert len(saved) == 2
        for path in saved:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            assert [line["number"] for line in lines] == list(range(0, 330, 10))
            assert lines[0]["message"]["of"] == {"key": "•••"} and KEY not in path.read_text()
        await pilot.press("escape")
        assert not isinstance(app.screen, InspectorScreen)


async def test_a_list_scrolled_back_stands_still_until_its_end_is_wanted(tmp_path: Path) -> None:
    app = Inspected(tmp_path)
    async with app.run_test(size=(120, 20)) as pilot:
        await pilot.pause()
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        before = [app.listed.render_line(y).text for y in range(10)]
        for _ in range(5):
            app.more()
            await pilot.pause()
        assert [app.listed.render_line(y).text for y in range(10)] == before
        await pilot.press("end")
        for _ in range(5):
            app.more()
            await pilot.pause()
        top = app.listed.scroll_offset.y
        assert top < len(app.listed.listing) <= top + app.listed.size.height
