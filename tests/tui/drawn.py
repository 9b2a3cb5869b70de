"""What is drawn, as text that draws it again: `cat` shows a snapshot in a terminal."""

from rich.color import ColorSystem
from rich.style import Style
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App

_PLAIN = Style()


class Drawing(SingleFileSnapshotExtension):
    """A file with SGR sequences for each snapshot."""

    _file_extension = file_extension = "ansi"
    _write_mode = WriteMode.TEXT


def screen_lines(app: App[None]) -> list[str]:
    """Return the screen's lines, without styles."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[None]) -> str:
    return "\n".join(screen_lines(app))


def drawn(app: App[None], colors: ColorSystem = ColorSystem.TRUECOLOR) -> str:
    """Return the screen as a terminal of so many colours gets it."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        parts = []
        for segment in strip.simplify():
            style = (segment.style or _PLAIN).without_color if colors is None else segment.style or _PLAIN
            parts.append(style.render(segment.text, color_system=colors))
        lines.append("".join(parts))
    return "\n".join(lines) + "\n"
