"""The line to the terminal: what goes over it, and the pace that it bears."""

import io
import os
import threading

import pytest

from tui.line import INTERVAL, LONGEST, LOW_INTERVAL, Line, Pace, measured


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def is_stuck(line: Line) -> bool:
    return line.stuck


def slowed(pace: Pace) -> bool:
    return pace.slowed


def asks(pace: Pace) -> bool:
    return pace.wants_answer()


def pictures(pace: Pace, clock: Clock, seconds: float, line: Line | None = None, took: float = 0.0) -> int:
    """Ask at every turn for so long; every picture is a write that takes `took` seconds. Return how many."""
    drawn = 0
    end = clock.now + seconds
    while clock.now < end:
        if pace.due():
            drawn += 1
            if line:
                line.begin()
                clock.now += took
                line.end(1000)
        clock.now += INTERVAL
    return drawn


def test_bytes_are_counted_where_they_leave_and_waiting_writes_are_timed() -> None:
    reader, writer = os.pipe()
    line = Line()
    file = measured(os.fdopen(writer, "w", encoding="utf-8", errors="replace"), line)
    assert isinstance(file, io.TextIOWrapper) and file.fileno() == writer
    file.write("é\ud800")
    assert line.total == 0, "what is still in the buffer has not left"
    file.flush()
    assert os.read(reader, 10) == "é?".encode()
    assert line.total == 3 and not is_stuck(line)

    def stuff() -> None:
        file.write("x" * 200_000)
        file.flush()

    stuffed = threading.Thread(target=stuff)
    stuffed.start()
    while not is_stuck(line):
        assert stuffed.is_alive(), "a pipe that is not read must hold the write up"
    while line.total < 200_003:
        os.read(reader, 65536)
    stuffed.join()
    assert not is_stuck(line) and line.waiting > 0.01 and line.rate > 1000
    os.close(reader)
    file.close()


@pytest.mark.parametrize(("low", "wanted"), [(False, 10), (True, 2)])
def test_a_free_line_has_its_usual_pace(low: bool, wanted: int) -> None:
    clock = Clock()
    line = Line(clock)
    pace = Pace(line, low_bandwidth=low, clock=clock)
    assert pace.interval == (LOW_INTERVAL if low else INTERVAL)
    assert abs(pictures(pace, clock, 10.0, line) - 10 * wanted) <= 1
    assert not slowed(pace)


def test_the_pace_falls_while_writes_wait_and_rises_when_they_do_not() -> None:
    clock = Clock()
    line = Line(clock)
    pace = Pace(line, clock=clock)
    pictures(pace, clock, 20.0, line, took=0.15)
    assert slowed(pace) and INTERVAL < pace.interval <= LONGEST
    settled = pace.interval
    pictures(pace, clock, 10.0, line, took=0.15)
    assert settled / 2 <= pace.interval <= settled * 2, "it finds its pace"
    pictures(pace, clock, 10.0, line)
    assert not slowed(pace) and pace.interval == INTERVAL


def test_nothing_is_drawn_while_the_terminal_is_not_read() -> None:
    clock = Clock()
    line = Line(clock)
    pace = Pace(line, clock=clock)
    assert pace.due()
    line.begin()
    clock.now += 0.3
    assert pictures(pace, clock, 5.0) == 0
    assert slowed(pace)
    line.end(4096)
    assert pictures(pace, clock, 3.0) > 0
    pictures(pace, clock, 15.0)
    assert not slowed(pace)


def test_late_answers_of_the_terminal_slow_the_pace_and_missing_ones_do_not() -> None:
    clock = Clock()
    line = Line(clock)
    pace = Pace(line, clock=clock)
    assert not asks(pace), "an idle deck sends nothing"
    line.begin()
    line.end(5000)
    assert asks(pace) and not asks(pace)
    pictures(pace, clock, 20.0)
    assert not slowed(pace), "not every terminal answers"
    pace.answered()
    assert not asks(pace)
    pictures(pace, clock, 2.0)
    assert slowed(pace)
    assert asks(pace), "to see whether it is better"
    assert pace.last_answer_within() == 1.0
    clock.now += 0.05
    pace.answered()
    assert pace.last_answer_within() == 0.0
    pictures(pace, clock, 10.0)
    assert not slowed(pace)
