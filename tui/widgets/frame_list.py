"""The list of a session's frames, drawn line by line: only those in sight are read."""

import time
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessions.state.frame_list import Listing, Sieve
from sessions.state.frames import Reader
from sessions.state.journal import Direction, JournalView, WireFrame
from sessions.text import one_line

WAYS: dict[Direction, str] = {"sent": "→ sent", "received": "← received"}
_BUDGET = 0.01
"""Seconds in which frames are looked through at a time: keys and other panes wait no longer."""


class FrameList(ScrollView, can_focus=True):
    """Follows the newest frame unless it is scrolled back. The cursor stays on its frame."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "frames--sent",
        "frames--received",
        "frames--fault",
        "frames--cursor",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Earlier frame", show=False),
        Binding("down", "move(1)", "Later frame", show=False),
        Binding("pageup", "turn(-1)", "Earlier frames", show=False),
        Binding("pagedown", "turn(1)", "Later frames", show=False),
        Binding("home", "go(0)", "Oldest frame", show=False),
        Binding("end", "go(-1)", "Newest frame", show=False),
    ]

    class Chosen(Message):
        """The cursor is on another frame."""

        def __init__(self, frame: WireFrame) -> None:
            super().__init__()
            self.frame = frame

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.listing = Listing(reader)
        self.clock = False
        """Show times of day, not seconds since the session's first frame."""
        self._offset = time.time() - time.monotonic()
        self._chosen: int | None = None
        self._lines = 0
        self._following = True
        self._sifted = False
        """What is listed is another choice of frames: the list is to be full of them."""
        self._jumping = False
        self._continuing = False

    def show(self, frames: JournalView) -> None:
        """Show these frames: those shown before, of which the oldest may be gone, and what came since."""
        gone = self.listing.take(frames)
        self._lines -= gone
        self._scan(gone)

    def sift(self, sieve: Sieve) -> None:
        """List only what passes."""
        self.listing.sieve = sieve
        self._lines = 0
        self._scroll(0)
        self._following = self._sifted = True
        self._scan(0)

    @property
    def chosen(self) -> WireFrame | None:
        row = self._row()
        return self.listing[row] if row is not None else None

    def choose(self, frame: WireFrame) -> None:
        """Put the cursor on a frame that is listed, and have it in sight."""
        before, self._chosen = self._row(), frame.number
        row = self.listing.row_of(frame.number)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= row < top + height:
            self._scroll(row if row < top else row - height + 1)
        else:
            for each in (before, row):
                if each is not None:
                    self._repaint(each, 1)
        self._following = row == len(self.listing) - 1
        self.post_message(self.Chosen(frame))

    def show_clock(self, *, clock: bool) -> None:
        self.clock = clock
        self.refresh()

    def on_resize(self) -> None:
        self._fit(0)

    def on_click(self, event: Click) -> None:
        row = event.y + self.scroll_offset.y
        if row < len(self.listing):
            self.choose(self.listing[row])

    def action_move(self, step: int) -> None:
        row = self._row()
        self.action_go(max(0, min(len(self.listing) - 1, (row if row is not None else 0) + step)))

    def action_turn(self, step: int) -> None:
        self.action_move(step * max(1, self.size.height - 1))

    def action_go(self, row: int) -> None:
        if len(self.listing):
            self.choose(self.listing[row])

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if not self._jumping:
            self._following = new >= self.max_scroll_y

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        if row >= len(self.listing):
            return Strip.blank(self._width, self.rich_style)
        frame = self.listing[row]
        gist = self.listing.gist(frame)
        chosen = frame.number == self._chosen
        mark = "▌" if chosen else " "
        lead = f"{mark}{self.time_of(frame)} {WAYS[frame.direction]:<10} {_short(frame.size)}  "
        sound = "" if gist.sound is None else f"  {gist.sound * 1000:,.0f} ms"
        kind = one_line(gist.kind, max(1, self._width - len(lead) - len(sound)))
        # In one style: each change of style costs more bytes than a word.
        name = "cursor" if chosen else "fault" if "error" in gist.kind.lower() else frame.direction
        style = self.get_component_rich_style(f"frames--{name}")
        return Strip([Segment(f"{lead}{kind}{sound}", style)]).adjust_cell_length(self._width, style)

    def time_of(self, frame: WireFrame) -> str:
        """`    12.345`, or `17:44:03.120`."""
        if not self.clock:
            return f"{frame.at - self.listing.frames.began:9.3f}"
        at = frame.at + self._offset
        return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at % 1 * 1000):03d}"

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _row(self) -> int | None:
        """The cursor's row; of the next frame where its own is not listed."""
        if self._chosen is None or not len(self.listing):
            return None
        return min(self.listing.row_of(self._chosen), len(self.listing) - 1)

    def _scan(self, gone: int) -> None:
        done = self.listing.scan(_BUDGET)
        self._fit(gone)
        near = self.chosen
        if done and len(self.listing) and (near is None or near.number != self._chosen):
            self.choose(self.listing[-1] if self._following or near is None else near)
        if not done and not self._continuing:
            self._continuing = True
            self.set_timer(0.001, self._go_on)

    def _go_on(self) -> None:
        self._continuing = False
        self._scan(0)

    def _fit(self, gone: int) -> None:
        """Have room for all rows, follow the newest, and paint what is new."""
        height, lines = self.size.height, len(self.listing)
        top = before = self.scroll_offset.y
        if self._following and lines > top + height:
            # By half a page at once: most rows then come below the last, and nothing else is painted.
            top = lines - height + (0 if self._sifted else height // 2)
            self._sifted = False
        else:
            top = max(0, min(top - gone, lines - 1))
        self._jumping = True
        # In steps, for each other size has the screen laid out and the list painted whole.
        step = max(1, height // 2)
        room = 0 if self._following else -(-lines // step) * step
        self.virtual_size = Size(self._width, max(room, top + height))
        if top != before:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self._jumping = False
        if top != before or gone:
            self.refresh()
        elif lines > self._lines:
            self._repaint(self._lines, lines - self._lines)
        self._lines = lines

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self.refresh()

    def _repaint(self, row: int, count: int) -> None:
        self.refresh(Region(0, row - self.scroll_offset.y, self._width, count))


def _short(size: int) -> str:
    """A size in six cells."""
    return f"{size:>6,}" if size < 100_000 else f"{size // 1000:>5,}k"
