"""A view of a log is a picture: it does not change when the log grows."""

import pytest

from sessions.state.log import Entry, LogView


def entries(*texts: str) -> list[Entry]:
    return [Entry("speech", text) for text in texts]


def test_view_keeps_its_length_while_the_log_grows() -> None:
    log = entries("one", "two")
    view = LogView(log)
    log += entries("three")
    assert len(view) == 2
    assert list(view) == entries("one", "two")
    assert view[-1] == Entry("speech", "two")
    assert view[1:] == entries("two")
    assert view[-5:5] == entries("one", "two")
    assert Entry("speech", "three") not in view
    assert list(LogView(log)) == log


def test_growing_does_not_disturb_who_is_reading() -> None:
    log = entries("one", "two")
    seen = []
    for entry in LogView(log):
        seen.append(entry.text)
        log.append(Entry("speech", "more"))
    assert seen == ["one", "two"]


def test_view_may_be_shorter_than_the_log() -> None:
    assert list(LogView(entries("one", "two"), 1)) == entries("one")
    assert list(LogView([], 0)) == []


@pytest.mark.parametrize("index", [1, -2])
def test_nothing_is_beyond_the_view(index: int) -> None:
    log = entries("one")
    view = LogView(log)
    log += entries("two")
    with pytest.raises(IndexError):
        view[index]
