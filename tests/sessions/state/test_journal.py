"""The journal of a session's frames: what is kept, and what its views show while it goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.state import journal
from sessions.state.journal import Journal, JournalView, WireFrame
from sessions.state.log import Entry, LogView

FRAMES = st.lists(st.one_of(st.binary(max_size=3000), st.text(max_size=300)), max_size=60)


@pytest.fixture(autouse=True, scope="module")
def small() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "KEPT_BYTES", 5000)
        yield


@given(FRAMES)
def test_views_show_the_latest_frames_and_never_change(contents: list[bytes | str]) -> None:
    kept = Journal()
    views: list[tuple[JournalView, list[WireFrame]]] = []
    for at, content in enumerate(contents):
        kept.add(float(at), "sent" if at % 2 else "received", content)
        view = kept.view()
        views.append((view, list(view)))
    for count, (view, shown) in enumerate(views, 1):
        assert list(view) == shown, "what came later changed an earlier view"
        assert [frame.number for frame in shown] == list(range(count - len(shown), count))
        assert [frame.content for frame in shown] == contents[count - len(shown) : count]
        assert view[-1] == shown[-1] and list(view[-3:]) == shown[-3:]
        assert len(shown) == 1 or sum(frame.size for frame in shown) <= journal.KEPT_BYTES
        with pytest.raises(IndexError):
            view[len(shown)]


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=300))
def test_what_is_dropped_is_let_go(sizes: list[int]) -> None:
    """Else a session of pictures would keep gigabytes of frames that nobody can see."""
    kept = Journal()
    for size in sizes:
        kept.add(0.0, "received", bytes(size))
    assert sum(frame.size for frame in kept._frames) <= 1.25 * journal.KEPT_BYTES + max(sizes)


def test_views_of_the_same_moment_are_equal_so_that_an_idle_deck_is_not_drawn() -> None:
    journal, log = Journal(), [Entry("note", "one")]
    journal.add(1.0, "sent", "one")
    before, log_before = journal.view(), LogView(log)
    assert (journal.view(), LogView(log)) == (before, log_before)
    journal.add(2.0, "received", "two")
    log.append(Entry("note", "two"))
    assert journal.view() != before and LogView(log) != log_before
    assert LogView(list(log)) != LogView(log), "another log, though it reads the same"
