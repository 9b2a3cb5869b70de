"""A terminal for tests: runs a command on a real pty, presses keys, reads the screen."""

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil
import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "end": "\x1b[F",
    "f12": "\x1b[24~",
    "ctrl+l": "\x0c",
    "ctrl+n": "\x0e",
    "ctrl+q": "\x11",
    "ctrl+w": "\x17",
    "ctrl+y": "\x19",
}
LIMIT = 30.0


class _Screen(pyte.Screen):
    asked: Callable[[], None]
    """Called when the program asks where the cursor is."""

    def report_device_status(self, mode: int, **kwargs: object) -> None:
        if mode == 6:
            self.asked()

    def select_graphic_rendition(self, *attrs: int, private: bool = False, **kwargs: object) -> None:
        if not private:
            super().select_graphic_rendition(*attrs)


class Terminal:
    """The screen's side of a pty on which a program runs.

    Where the cursor is it does not answer: the program must do without. With `answers_after`, it answers so
    many seconds late.
    """

    def __init__(self, process: psutil.Process, master: int, columns: int, lines: int) -> None:
        self.process = process
        self.output = b""
        self.answers_after: float | None = None
        self.answers = 0
        """Given so far."""
        self._due: deque[tuple[float, str]] = deque()
        self._master = master
        self._screen = _Screen(columns, lines)
        self._screen.asked = self._asked
        self._stream = pyte.ByteStream(self._screen)

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def until(self, reached: Callable[[str], bool]) -> str:
        """Read until the screen's text is as wanted; return it."""
        end = time.monotonic() + LIMIT
        while not reached(self.text):
            assert time.monotonic() < end, f"not reached; the screen is\n{self.text}"
            assert self.read(0.1), f"the program has ended; the screen is\n{self.text}"
        return self.text

    def until_still(self, seconds: float = 0.6) -> str:
        """Read until nothing has come for so long; return the screen's text."""
        end, size, since = time.monotonic() + LIMIT, len(self.output), time.monotonic()
        while time.monotonic() < since + seconds:
            assert time.monotonic() < end, f"it does not come to rest; the screen is\n{self.text}"
            assert self.read(0.1), f"the program has ended; the screen is\n{self.text}"
            if len(self.output) > size:
                size, since = len(self.output), time.monotonic()
        return self.text

    def until_ended(self) -> float:
        """Read until the program closes the terminal; return how many seconds that took."""
        begun = time.monotonic()
        while self.read(0.1):
            assert time.monotonic() < begun + LIMIT, "the program does not end"
        return time.monotonic() - begun

    def read(self, seconds: float, limit: int = 65536) -> bool:
        """Read what there is, at most `limit` bytes; return False at the end of the program."""
        while self._due and self._due[0][0] <= time.monotonic():
            os.write(self._master, self._due.popleft()[1].encode())
            self.answers += 1
        if select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, limit)
            except OSError:
                return False
            if not data:
                return False
            self.output += data
            self._stream.feed(data)
        return True

    @property
    def owes_answer(self) -> bool:
        """Whether the program asked, and has no answer yet."""
        return bool(self._due)

    def _asked(self) -> None:
        if self.answers_after is not None:
            cursor = self._screen.cursor
            answer = f"\x1b[{cursor.y + 1};{cursor.x + 1}R"
            self._due.append((time.monotonic() + self.answers_after, answer))

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    @property
    def modes(self) -> object:
        return termios.tcgetattr(self._master)


@contextmanager
def terminal(
    command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]
) -> Iterator[Terminal]:
    """Run a command on a new pty of `size` columns and lines; it is gone afterwards."""
    columns, lines = size
    # Some runners of tests set COLUMNS and LINES, by which the program would go.
    inherited = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    variables = {**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    child, master = pty.fork()
    if child == 0:
        # Here, not by the parent: the program must find the size when it begins.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.execvpe(command[0], list(command), variables)
    process = psutil.Process(child)
    try:
        yield Terminal(process, master, columns, lines)
    finally:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            process.kill()
        os.waitpid(child, 0)
        os.close(master)
