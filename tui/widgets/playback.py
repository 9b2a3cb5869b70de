"""One line that tells how far the speech is."""

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from sessions.state.snapshot import Speech

_SIGNS = {
    "queued": "…",
    "synthesising": "…",
    "playing": "▶",
    "paused": "⏸",
    "done": "✓",
    "cleared": "■",
    "broken": "!",
}
_BAR = 30


class Playback(Widget):
    """Shows one speech: its phase, the seconds played of those there are, a bar, the first byte's time."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"playback--bar", "playback--rest", "playback--phase"}

    def __init__(self) -> None:
        super().__init__()
        self._speech: Speech | None = None
        self._queued = 0

    def show(self, speech: Speech | None, queued: int) -> None:
        """`queued`: how many more are waiting."""
        if (speech, queued) != (self._speech, self._queued):
            self._speech, self._queued = speech, queued
            self.refresh()

    def render(self) -> Text:
        speech = self._speech
        if speech is None:
            return Text("", no_wrap=True)
        phase = self.get_component_rich_style("playback--phase")
        line = Text(no_wrap=True, overflow="crop")
        line.append(f"{_SIGNS[speech.phase]} {speech.phase} ", phase)
        right = "" if speech.first_byte is None else f" first byte {speech.first_byte * 1000:.0f} ms"
        if self._queued:
            right += f" · {self._queued} queued"
        if speech.phase == "cleared":
            line.append(f"after {speech.played:.1f} s ")
        elif speech.length:
            more = "" if speech.complete else "+"
            line.append(f"{speech.played:.1f} / {speech.length:.1f}{more} s ")
            bar = max(0, min(_BAR, self.size.width - line.cell_len - len(right)))
            done = min(bar, round(bar * speech.played / speech.length))
            line.append("━" * done, self.get_component_rich_style("playback--bar"))
            line.append("─" * (bar - done), self.get_component_rich_style("playback--rest"))
        line.append(right)
        return line
