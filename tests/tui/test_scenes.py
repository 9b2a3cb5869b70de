"""All that the deck can show, at three sizes in three themes, drawn as it was when it was looked at.

`cat` shows a snapshot in a terminal of its size.
"""

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.color import ColorSystem
from syrupy.assertion import SnapshotAssertion

from tests.tui.drawn import Drawing, drawn
from tests.tui.scenes import Stage, still, walk
from tests.tui.test_screen import Still
from tests.tui.views import BUSY
from tui.themes import DARK, LIGHT, SIXTEEN

COLOURS = {DARK: ColorSystem.TRUECOLOR, LIGHT: ColorSystem.TRUECOLOR, SIXTEEN: ColorSystem.STANDARD}


@pytest.fixture
def _no_collecting() -> Iterator[None]:
    """It would take half of the time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.anyio
@pytest.mark.usefixtures("_no_collecting")
@pytest.mark.parametrize("theme", COLOURS, ids=("dark", "light", "16"))
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_scene(size: tuple[int, int], theme: str, snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    app = still(theme, tmp_path)
    pictures = snapshot.use_extension(Drawing)
    async with app.run_test(size=size, notifications=True) as pilot:
        others = [
            scene async for scene in walk(app, pilot) if drawn(app, COLOURS[theme]) != pictures(name=scene)
        ]
    assert not others, f"drawn otherwise: {', '.join(others)}"


@pytest.mark.anyio
async def test_another_theme_leaves_nothing_of_the_one_before() -> None:
    colours = []
    for first in (LIGHT, DARK):
        app = Still(BUSY)
        app.theme = first
        async with app.run_test(size=(120, 40)) as pilot:
            stage = Stage(app, pilot)
            await stage.show(BUSY)
            app.theme = LIGHT
            await stage.settle()
            app.show(BUSY)
            await stage.settle()
            colours.append(set(re.findall(r"[34]8;2;(\d+;\d+;\d+)", drawn(app))))
    assert colours[0] == colours[1]
