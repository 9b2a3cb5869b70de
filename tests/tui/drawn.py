"""What is drawn, as text that draws it again: `cat` shows a snapshot in a terminal."""

import re
from functools import cache

from rich.color import ColorSystem
from rich.style import Style
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App
from textual.strip import Strip

_PLAIN = Style()
_RUNS = re.compile(r" +|[^ ]+")


class Drawing(SingleFileSnapshotExtension):
    """A file with SGR sequences for each snapshot."""

    _file_extension = file_extension = "ansi"  # of syrupy 4 and 5
    _write_mode = WriteMode.TEXT


def screen_lines(app: App[None]) -> list[str]:
    """Return the screen's lines, without styles."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[None]) -> str:
    return "\n".join(screen_lines(app))


def drawn(app: App[None], colours: ColorSystem = ColorSystem.TRUECOLOR) -> str:
    """Return the screen as a terminal of so many colours gets it."""
    strips = app.screen._compositor.render_strips()
    return "".join(f"{_line(strip, colours)}\x1b[0m\n" for strip in strips)


def _line(strip: Strip, colours: ColorSystem) -> str:
    """What cannot be seen makes no difference: of a blank nothing but its background."""
    line, now = "", _PLAIN
    for segment in strip:
        style = segment.style or _PLAIN
        for run in _RUNS.findall(segment.text):
            if run[0] == " " and not _is_marked(style):
                alike = style.bgcolor == now.bgcolor and not _is_marked(now)
                wanted = now if alike else Style(bgcolor=style.bgcolor)
            else:
                wanted = style
            if (codes := _codes(wanted, colours)) != _codes(now, colours):
                line += codes
            line, now = line + run, wanted
    return line


def _is_marked(style: Style) -> bool:
    """Whether even a blank of this style can be seen, apart from its background."""
    return bool(style.underline or style.reverse or style.strike)


@cache
def _codes(style: Style, colours: ColorSystem) -> str:
    """What a terminal is sent to write in a style, whatever it wrote in before."""
    begin, _, _ = style.render("\0", color_system=colours).partition("\0")
    return f"\x1b[0m{begin}"
