"""The deck's bottom line of keys."""

import pytest

from tests.tui.drawn import screen_lines
from tests.tui.test_screen import Still
from tests.tui.views import BUSY
from tui.screens.picker import PickerScreen
from tui.widgets.key_line import KeyLine


@pytest.mark.anyio
async def test_keys_are_shown_whole_and_a_click_is_a_press() -> None:
    app = Still(BUSY)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        keys = {"F1 Help", "Ctrl+W Menu", "Ctrl+N New", "Esc Stop", "Ctrl+L Listen", "Ctrl+T Pause"}
        for width in (41, 17, 80, 200):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            shown = {key.strip() for key in screen_lines(app)[-1].split("  ")} - {""}
            assert "Ctrl+P Palette" in shown
            assert shown <= {*keys, "Ctrl+P Palette"} if width <= 80 else shown >= keys
        await pilot.click(KeyLine, offset=(screen_lines(app)[-1].index("New"), 0))
        await pilot.pause()
        assert isinstance(app.screen, PickerScreen)
