"""Which frames are listed, whatever came before and is kept no more."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.state.frame_list import Listing, Sieve
from sessions.state.frames import Reader
from sessions.state.journal import Direction, Journal, JournalView, WireFrame

SOUND = json.dumps({"type": "a.append", "audio": "A" * 400})


def journal(*frames: tuple[Direction, str | bytes]) -> JournalView:
    kept = Journal()
    for at, (direction, content) in enumerate(frames):
        kept.add(float(at), direction, content)
    return kept.view()


def listing(view: JournalView, sieve: Sieve | None = None) -> Listing:
    made = Listing(Reader("openai", "converse"))
    if sieve:
        made.sieve = sieve
    made.take(view)
    assert made.scan(60.0)
    return made


def numbers(of: Listing) -> list[int]:
    return [of[row].number for row in range(len(of))]


@pytest.mark.parametrize(
    ("sieve", "listed"),
    [
        (Sieve(), [0, 1, 2, 3]),
        (Sieve(direction="sent"), [0, 2]),
        (Sieve(sound=False), [1, 2]),
        (Sieve("HELLO"), [1, 2]),
        (Sieve("audio"), [0, 3]),
        (Sieve("text"), [1]),
        (Sieve("hello", "sent"), [2]),
        (Sieve("nowhere"), []),
    ],
)
def test_what_passes_is_listed(sieve: Sieve, listed: list[int]) -> None:
    view = journal(
        ("sent", SOUND),
        ("received", "hello?"),
        ("sent", '{"type": "x", "say": "Hello"}'),
        ("received", b"\x00" * 9),
    )
    assert numbers(listing(view, sieve)) == listed


def test_a_text_is_found_forwards_backwards_and_around() -> None:
    view = journal(*[("sent", f"{number} {'odd' if number % 2 else 'even'}") for number in range(500)])
    of = listing(view)
    for row, step, found in ((0, 1, 1), (1, 1, 3), (1, -1, 499), (499, 1, 1), (4, -1, 3)):
        assert [frame.number for frame in of.find("ODD", row, step) if frame] == [found]
    looked = list(of.find("nowhere", 0, 1))
    assert looked and not any(looked), "others get their turn meanwhile"


def test_looking_takes_no_longer_than_it_may() -> None:
    of = listing(journal(), Sieve("x"))
    of.take(JournalView([WireFrame(number, 0.0, "sent", "x") for number in range(50)]))
    assert not of.scan(-1.0)
    while not of.scan(0.0001):
        pass
    assert len(of) == 50


@given(
    st.lists(st.integers(0, 400), max_size=30),
    st.sampled_from([Sieve(), Sieve("7"), Sieve(direction="received")]),
)
def test_the_list_is_what_passes_of_the_frames_that_are_kept(steps: list[int], sieve: Sieve) -> None:
    frames: list[WireFrame] = []
    of = listing(JournalView(), sieve)
    first = 0
    for step in steps:
        for number in range(len(frames), len(frames) + step):
            direction: Direction = "sent" if number % 3 else "received"
            frames.append(WireFrame(number, 0.0, direction, str(number).rjust(9000)))
        first = max(first, len(frames) - 100)
        rows = len(of)
        gone = of.take(JournalView(frames, first))
        assert len(of) == rows - gone
        assert of.scan(60.0)
        kept = [frame.number for frame in frames[first:] if _passes(frame, sieve)]
        listed = numbers(of)
        assert listed[len(listed) - len(kept) :] == kept
        assert sum(of[row].size for row in range(len(listed) - len(kept))) < 1024 * 1024
        assert all(of.row_of(number) == row for row, number in enumerate(listed))


def _passes(frame: WireFrame, sieve: Sieve) -> bool:
    return sieve.direction in (None, frame.direction) and sieve.text in str(frame.content)
