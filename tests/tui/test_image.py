"""Pictures on the screen: how they are drawn, what a hostile one does, the pane and the gallery."""

import io
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.config import SessionTable
from sessions.gateway import Gateway
from sessions.live.actions import Save
from sessions.state.snapshot import DeckView, Picture
from tests.tui.drawn import screen_text
from tests.tui.test_deck import type_text, until
from tests.tui.test_screen import Still
from tests.tui.views import HOSTILE, deck, session
from tui import graphics, viewer
from tui.app import DeckApp
from tui.panes.image import ImagePane
from tui.screens.gallery import GalleryScreen
from tui.widgets import pixels
from tui.widgets.picture import PictureView
from tui.widgets.pixels import Unreadable, draw
from tui.workspace.store import PaneState, WorkspaceState

RED, BLUE = (255, 0, 0), (0, 0, 255)


def picture_file(size: tuple[int, int] = (64, 64), form: str = "PNG", mode: str = "RGB") -> bytes:
    """The upper half red, the lower one blue."""
    picture = PIL.Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0], size[1] // 2))
    out = io.BytesIO()
    picture.convert(mode).save(out, form)
    return out.getvalue()


FOX, WHALE = picture_file(), picture_file((64, 32))


@pytest.mark.parametrize(
    ("size", "cells"),
    [((64, 64), (20, 10)), ((128, 32), (40, 5)), ((10, 400), (1, 10)), ((1000, 1), (40, 1))],
)
def test_a_picture_keeps_its_proportions(size: tuple[int, int], cells: tuple[int, int]) -> None:
    drawn = draw(picture_file(size), 40, 10, "half blocks", few_colours=False)
    assert (drawn.width, len(drawn.lines), drawn.pixels) == (*cells, size)
    assert {line.cell_length for line in drawn.lines} == {drawn.width}
    assert len(list(drawn.lines[0])) == 1, "what is alike is one segment"


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("WEBP", "RGB")])
def test_pictures_of_every_mode_are_drawn(form: str, mode: str) -> None:
    lines = draw(picture_file(form=form, mode=mode), 20, 10, "half blocks", few_colours=True).lines
    upper, lower = (next(iter(line)).style for line in (lines[1], lines[8]))
    assert upper and upper.color and upper.color.triplet and lower and lower.color and lower.color.triplet
    red, blue = upper.color.triplet, lower.color.triplet
    if mode != "L":
        assert red.red > 240 and red.blue < 15 and blue.blue > 240 and blue.red < 15


@given(st.binary(max_size=200), st.sampled_from(("PNG", "JPEG", "GIF", "WEBP")), st.integers(0, 120))
def test_a_broken_picture_is_drawn_or_refused(junk: bytes, form: str, at: int) -> None:
    content = picture_file((8, 8), form)
    with suppress(Unreadable):
        draw(content[:at] + junk + content[at + len(junk) :], 10, 5, "half blocks", few_colours=False)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MOST_PIXELS", 64 * 63)
    for content in (FOX, _claiming(60_000, 60_000), _claiming(10_000, 9_500)):
        with pytest.raises(Unreadable, match="too many pixels"):
            draw(content, 10, 5, "half blocks", few_colours=False)


def _claiming(width: int, height: int) -> bytes:
    """A picture of 64 pixels whose head tells of more."""
    import struct
    import zlib

    head = b"IHDR" + struct.pack("!II", width, height) + FOX[24:29]
    return FOX[:12] + head + struct.pack("!I", zlib.crc32(head)) + FOX[33:]


def test_kitty_is_sent_the_picture_once_and_told_to_forget_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = io.StringIO()
    monkeypatch.setattr(sys, "__stdout__", sent)
    drawn = draw(WHALE, 20, 10, "kitty", few_colours=False)
    assert drawn.width == 20 and sent.getvalue().count("a=p") == 1
    assert drawn.lines[0].text.count("\U0010eeee") == 20
    pixels.release(drawn)
    assert sent.getvalue().endswith(f"\x1b_Ga=d,d=I,i={drawn.kitty},q=2\x1b\\")


def test_sixels_have_half_blocks_under_them() -> None:
    drawn = draw(WHALE, 20, 10, "sixel", few_colours=False)
    assert drawn.sixels.startswith("\x1bP") and drawn.sixels.endswith("\x1b\\")
    assert drawn.lines[0].text == "▀" * drawn.width


@pytest.mark.parametrize(
    ("environment", "worth"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-kitty", "SSH_CONNECTION": "1 2 3 4"}, False),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "/tmp/x"}, False),
        ({"TERM": "foot", "NO_COLOR": "1"}, False),
        ({}, False),
    ],
)
def test_only_terminals_known_for_graphics_are_asked(environment: dict[str, str], worth: bool) -> None:
    assert graphics._is_worth_asking(environment) is worth


def test_without_a_screen_to_open_it_on_the_user_is_told_where_the_picture_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(viewer, "_folder", lambda: tmp_path)
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    said = viewer.open_outside(FOX)
    (file,) = tmp_path.glob("*.png")
    assert said.endswith(str(file)) and file.read_bytes() == FOX


def _view(*pictures: Picture) -> DeckView:
    return deck(session("image", provider="fal", model="fal-ai/fast-lightning-sdxl", pictures=pictures))


PICTURES = (
    Picture("1", "a red fox", "done", content=FOX, seconds=0.4, name="1"),
    Picture("2", "a blue whale", "done", content=WHALE, seconds=1.26, name="2"),
    Picture("3", f"prompt {HOSTILE}", "failed", message=f"refused {HOSTILE}", name="3"),
    Picture("4", "no picture", "done", content=b"<svg onload=x>", seconds=0.1, name="4"),
    Picture("5", "a slow one", "waiting", seconds=2.3, name="5"),
)


def _has(place: str, why: str, shown: str) -> bool:
    return place in shown and why in shown


@pytest.mark.anyio
async def test_the_pane_shows_each_picture_or_why_it_is_not_there() -> None:
    app = Still(_view(*PICTURES[:2]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(
            pilot, lambda shown: "▀" * 20 in shown and "2/2 a blue whale 64x32 · 0 kB · 1.3 s" in shown
        )
        pane = app.pane
        assert isinstance(pane, ImagePane)
        await pilot.pause(0.2)  # until what was seen just now is painted too
        painted: list[int] = []
        frame = pane.query_one(PictureView)
        original = frame.render_lines
        frame.render_lines = lambda crop: (painted.append(1), original(crop))[1]  # type: ignore[method-assign,func-returns-value]
        app.show(_view(*PICTURES[:2]))
        await pilot.pause()
        assert not painted, "what has not changed is not painted again"
        app.show(_view(*PICTURES))
        told = {"5": "waiting 2 s", "4": "the picture cannot be read", "3": "! refused ␛[31mred"}
        for name, why in told.items():
            pane.choose(name)
            shown = await until(pilot, partial(_has, f"{name}/5 ", why))
        for character in "\x1b\x07\x9b\u202e":
            assert character not in shown
        await pilot.press("pageup", "pageup", "pageup", "ctrl+s")
        await until(pilot, lambda shown: "1/5 a red fox" in shown)
        assert app.asked[-1] == ("image", Save(app.save_into, picture="1"))


@pytest.mark.anyio
async def test_the_gallery_steps_through_all_and_saves() -> None:
    app = Still(_view(*PICTURES))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda shown: "4/5 no picture" in shown)
        assert isinstance(app.pane, ImagePane)
        app.pane.choose("1")
        app.pane.action_gallery()
        shown = await until(pilot, lambda shown: shown.count("▀" * 18) > 2)
        assert "▸ a red fox" in shown and "waiting 2 s" in shown
        await pilot.press("down", "up", "right")
        await until(pilot, lambda shown: "▸ a blue whale" in shown)
        await pilot.press("enter", "s")
        await until(pilot, lambda shown: "2/5 a blue whale" in shown and "▀" * 60 in shown)
        assert app.asked[-1] == ("image", Save(app.save_into, picture="2"))
        await pilot.press("left", "escape", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, GalleryScreen)
        assert app.pane.shown == PICTURES[0]
        shown = screen_text(app)
        assert "1/5 a red fox" in shown


@pytest.mark.anyio
@pytest.mark.usefixtures("no_sound_card")
async def test_a_prompt_becomes_a_picture_on_the_screen(embedded: Gateway, tmp_path: Path) -> None:
    from sessions.config import load
    from sessions.engine import Engine
    from sessions.live.deck import DeckPlan

    panes = WorkspaceState((PaneState("image", SessionTable("image", size="square")),))
    app = DeckApp(lambda sessions: Engine(DeckPlan(sessions, load(), embedded)), tmp_path, state=panes)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda shown: "1 of 1 open" in shown)
        await type_text(pilot, "a red fox")
        await pilot.press("enter")
        await until(pilot, lambda shown: "1/1 a red fox 512x512" in shown and "▀" * 20 in shown)
        await pilot.press("ctrl+s")
        await until(pilot, lambda shown: "saved to" in shown)
    (saved,) = tmp_path.glob("voxdeck-image-*.jpg")  # noqa: ASYNC240
    with PIL.Image.open(saved) as picture:
        assert picture.size == (512, 512)
