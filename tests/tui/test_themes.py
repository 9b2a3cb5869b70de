"""Themes: the deck's own can be read, and users' files are checked and followed."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from textual.app import App
from textual.color import Color
from textual.theme import Theme

import styles
from sessions import doctor
from sessions.config import BadConfig
from tui import memory
from tui.themes import DARK, LIGHT, SIXTEEN, ThemeFolder, check_name, ours, read, usual

TEXT = [
    "foreground",
    "primary",
    "secondary",
    "accent",
    "success",
    "warning",
    "error",
    "text-muted",
    "text-warning",
    "text-error",
    "text-success",
    "text-accent",
    "foreground-muted",
    "footer-key-foreground",
]
BEHIND = ("background", "surface", "panel")


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text: str, behind: str) -> float:
    """As the Web Content Accessibility Guidelines have it."""
    back = Color.parse(behind)
    if text.startswith("auto"):
        front = back + back.get_contrast_text(float(text.split()[1].rstrip("%")) / 100)
    else:
        front = back + Color.parse(text)
    low, high = sorted((luminance(front), luminance(back)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [theme for theme in ours() if not theme.ansi], ids=lambda theme: theme.name)
def test_text_stands_out(theme: Theme) -> None:
    colours = theme.to_color_system().generate()
    for behind in BEHIND:
        for text in TEXT:
            assert contrast(colours[text], colours[behind]) >= 4.5, f"{text} on {behind}"
        assert contrast(colours["border-blurred"], colours["background"]) >= 3.0
    cursor = contrast(colours["block-cursor-foreground"], colours["block-cursor-background"])
    assert cursor >= 4.5


def test_sixteen_colours_are_the_terminals_own_and_no_background_is_bright() -> None:
    theme = next(theme for theme in ours() if theme.name == SIXTEEN)
    colours = theme.to_color_system().generate()
    assert theme.ansi
    for name in (*TEXT, *BEHIND):
        assert colours[name].startswith("ansi_"), name
        assert "bright_black" not in colours[name], "many terminals show it as black"
    for name in BEHIND:
        assert "bright" not in colours[name]


@pytest.mark.parametrize(
    ("colours", "background", "wanted"),
    [("truecolor", "", DARK), ("256", "15;0", DARK), ("256", "0;15", LIGHT), ("standard", "0;15", SIXTEEN)],
)
def test_the_usual_theme_suits_the_terminal(colours: str, background: str, wanted: str) -> None:
    assert usual(colours, {"COLORFGBG": background}) == wanted


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, {"truecolor": "all colours"}),
        ({"TERM": "xterm-256color"}, {"256": "256 colours"}),
        ({"TERM": "xterm-kitty"}, {"256": "256 colours"}),
        ({"TERM": "xterm-16color"}, {"standard": "16 colours"}),
        ({"TERM": "linux"}, {"standard": "16 colours"}),
    ],
)
def test_the_doctor_tells_the_colours_that_the_deck_has(
    environment: dict[str, str], told: dict[str, str]
) -> None:
    system = Console(force_terminal=True, _environ=environment).color_system
    assert system and doctor.colours(environment).startswith(told[system])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "`primary`"),
        ("primary = 3", "`$.primary`"),
        ("primary = 'sky'", "primary: 'sky' is no colour; expected one such as #6cb6ff"),
        ("primary = '#fff'\nbackgroud = '#000'", "backgroud"),
        (
            "primary = '#fff'\n[variables]\nborders = '#000'",
            "borders: there is no such colour; did you mean border",
        ),
        ("primary = '#fff'\n[variables]\nborder = 'round'", "border: 'round' is no colour"),
        ("primary =", "Invalid value"),
        ("primary = '#fff'\ndark = 'yes'", "`$.dark`"),
        ("x" * 70_000, "too large"),
    ],
)
def test_a_bad_theme_is_told_in_one_line(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadConfig) as told:
        read(path)
    assert str(told.value).startswith(f"{path}: ") and wrong in str(told.value)
    assert "\n" not in str(told.value)
    with pytest.raises(BadConfig, match=r"mine\.toml"):
        check_name("mine", "--theme", tmp_path)


@given(st.binary(max_size=200))
def test_any_file_is_a_theme_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(b'primary = "#123456"\n' + data)
    refused = ""
    try:
        read(path)
    except BadConfig as error:
        refused = str(error)
    assert "\n" not in refused


def test_a_name_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    check_name("nord", "--theme", tmp_path)
    with pytest.raises(
        BadConfig, match="--theme: there is no theme 'voxdeck-drak'; did you mean voxdeck-dark"
    ):
        check_name("voxdeck-drak", "--theme", tmp_path)


def test_a_folder_tells_what_is_new_changed_or_wrong_once(tmp_path: Path) -> None:
    folder = ThemeFolder(tmp_path / "themes")
    assert folder.changed() == ([], [])
    (tmp_path / "themes").mkdir()
    mine, other = tmp_path / "themes/mine.toml", tmp_path / "themes/other.toml"
    mine.write_text("primary = '#ff0000'")
    other.write_text("primary = \x1b")
    themes, wrong = folder.changed()
    assert [theme.name for theme in themes] == ["mine"]
    assert len(wrong) == 1 and "other.toml" in wrong[0] and "\x1b" not in wrong[0]
    assert folder.changed() == ([], [])
    mine.write_text("name = 'renamed'\nprimary = '#00ff00'")
    os.utime(mine, ns=(1, 1))
    themes, wrong = folder.changed()
    assert [(theme.name, theme.primary) for theme in themes] == [("renamed", "#00ff00")] and not wrong


@pytest.mark.anyio
async def test_every_colour_that_is_accepted_can_be_drawn(tmp_path: Path) -> None:
    names = read(styles.THEMES / f"{DARK}.toml").to_color_system().generate()
    path = tmp_path / "odd.toml"
    for odd in ("auto 50%", "transparent", "ansi_red", "rgba(1,2,3,0.5)"):
        values = "\n".join(
            f"{name} = '{odd}'" for name in names if not name.endswith(("-style", "style-hover"))
        )
        path.write_text(f"primary = '#fff'\n[variables]\n{values}")
        app: App[None] = App(css_path=styles.DECK)
        try:
            theme = read(path)
        except BadConfig:
            continue
        app.register_theme(theme)
        app.theme = "odd"
        async with app.run_test() as pilot:
            await pilot.pause()


def test_what_is_remembered_comes_back_and_a_broken_file_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deck.json"
    assert memory.load(path) == memory.Memory()
    memory.remember(path, theme="nord")
    memory.remember(path, toured=True)
    assert memory.load(path) == memory.Memory(toured=True, theme="nord")
    path.write_text("{")
    assert memory.load(path) == memory.Memory()
    memory.remember(tmp_path / "state/deck.json/no/deck.json", toured=True)
