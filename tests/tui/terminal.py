"""A terminal for tests: runs a command on a real pty, presses keys, reads the screen."""

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil
import pyte

KEYS = {"enter": "\r", "escape": "\x1b", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "ctrl+q": "\x11"}
LIMIT = 30.0


class _Screen(pyte.Screen):
    def report_device_status(self, *args: object, **kwargs: object) -> None:
        """Not answered: the program must do without."""

    def select_graphic_rendition(self, *attrs: int, private: bool = False, **kwargs: object) -> None:
        if not private:
            super().select_graphic_rendition(*attrs)


class Terminal:
    """The screen's side of a pty on which a program runs."""

    def __init__(self, process: psutil.Process, master: int, columns: int, lines: int) -> None:
        self.process = process
        self.output = b""
        self._master = master
        self._screen = _Screen(columns, lines)
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

    def until_ended(self) -> float:
        """Read until the program closes the terminal; return how many seconds that took."""
        begun = time.monotonic()
        while self.read(0.1):
            assert time.monotonic() < begun + LIMIT, "the program does not end"
        return time.monotonic() - begun

    def read(self, seconds: float, limit: int = 65536) -> bool:
        """Read what there is, at most `limit` bytes; return False at the end of the program."""
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
    variables = {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    child, master = pty.fork()
    if child == 0:
        os.execvpe(command[0], list(command), variables)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = psutil.Process(child)
    try:
        yield Terminal(process, master, columns, lines)
    finally:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            process.kill()
        os.waitpid(child, 0)
        os.close(master)
