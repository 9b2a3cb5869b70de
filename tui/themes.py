"""Themes: Textual's own, the deck's, and users' files, which are watched.

A user's theme is a file `themes/<name>.toml` beside the configuration: `dark`, the colours by Textual's names
(`primary` at least), and under `[variables]` what Textual would derive from them. The deck's own are
such files.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import msgspec
from textual.color import Color, ColorParseError
from textual.design import ColorSystem
from textual.theme import BUILTIN_THEMES, Theme

import styles
from sessions.config import BadConfig
from sessions.text import one_line

DARK, LIGHT, SIXTEEN = "voxdeck-dark", "voxdeck-light", "voxdeck-16"
_LARGEST = 64 * 1024
_FILES = 100
"""At most so many themes of a user's are read."""
_LIGHT_BACKGROUNDS = ("7", "15")

Colour = Annotated[str, msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    primary: Colour
    name: str = ""
    """Empty for that of the file."""
    dark: bool = True
    ansi: bool = False
    """Its colours are the terminal's own, `ansi_red` and such."""
    secondary: Colour | None = None
    accent: Colour | None = None
    success: Colour | None = None
    warning: Colour | None = None
    error: Colour | None = None
    foreground: Colour | None = None
    background: Colour | None = None
    surface: Colour | None = None
    panel: Colour | None = None
    boost: Colour | None = None
    variables: dict[str, Colour] = {}


_COLOURS = frozenset(_File.__struct_fields__) - {"name", "dark", "ansi", "variables"}
_VARIABLES = frozenset(
    name for name in ColorSystem("#000000").generate() if not name.endswith(("-style", "style-hover"))
)


def read(path: Path) -> Theme:
    """Read and check a theme's file. Raises BadConfig."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise BadConfig(f"{path}: it is too large to be a theme")
        table = msgspec.convert(tomllib.loads(data.decode("utf-8")), _File)
    except OSError as error:
        raise BadConfig(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except UnicodeDecodeError:
        raise BadConfig(f"{path}: it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        raise BadConfig(f"{path}: {error}") from None
    name = one_line(table.name or path.stem, 40)
    colours = {field: colour for field in _COLOURS if (colour := getattr(table, field)) is not None}
    for field, colour in (*colours.items(), *table.variables.items()):
        _check(path, field, colour)
    for variable in table.variables:
        if variable not in _VARIABLES:
            near = get_close_matches(variable, _VARIABLES, 1)
            hint = f"; did you mean {near[0]}" if near else ""
            raise BadConfig(f"{path}: variables.{variable}: there is no such colour{hint}")
    return Theme(name, dark=table.dark, ansi=table.ansi, variables=table.variables, **colours)


def _check(path: Path, field: str, colour: str) -> None:
    try:
        Color.parse(colour)
    except ColorParseError:
        raise BadConfig(f"{path}: {field}: {colour!r} is no colour; expected one such as #6cb6ff") from None


def ours() -> list[Theme]:
    """The deck's own themes."""
    return [read(styles.THEMES / f"{name}.toml") for name in (DARK, LIGHT, SIXTEEN)]


class ThemeFolder:
    """A user's themes. It is looked at once a second: that works on every file system, and costs 20 µs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] = {}

    def changed(self) -> tuple[list[Theme], list[str]]:
        """Return the themes whose files are new or changed since the last call, and what is wrong."""
        themes, wrong = [], []
        seen = self._look()
        for path, stamp in sorted(seen.items()):
            if self._seen.get(path) == stamp:
                continue
            try:
                themes.append(read(Path(path)))
            except BadConfig as error:
                wrong.append(one_line(str(error)))
        self._seen = seen
        return themes, wrong

    def _look(self) -> dict[str, tuple[int, int]]:
        try:
            with os.scandir(self._folder) as entries:
                files = [entry for entry in entries if entry.name.endswith(".toml")][:_FILES]
                return {file.path: ((stat := file.stat()).st_mtime_ns, stat.st_size) for file in files}
        except OSError:
            return {}


def usual(colours: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The theme for a terminal where nobody chose one.

    `colours` is what Rich calls its colour system. Only some terminals tell whether they are light.
    """
    if colours == "standard":
        return SIXTEEN
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in _LIGHT_BACKGROUNDS else DARK


def check_name(name: str, place: str, folder: Path) -> None:
    """Check that there is a theme of this name. Raises BadConfig, which says what is wrong at `place`."""
    themes, wrong = ThemeFolder(folder).changed()
    known = [theme.name for theme in (*ours(), *BUILTIN_THEMES.values(), *themes)]
    if name in known:
        return
    for line in wrong:
        if line.startswith(str(folder / f"{name}.toml")):
            raise BadConfig(line)
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}" if near else f"expected one of: {', '.join(sorted(known))}"
    raise BadConfig(f"{place}: there is no theme {name!r}; {hint}")
