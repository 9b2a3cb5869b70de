"""What of a reply was heard, as far as can be told from here."""

import numpy as np

from sessions.local.reply import Playback, Said


def part(text: str, seconds: float) -> Said:
    return Said(text, np.zeros(round(seconds * 24000), np.int16))


def test_what_was_heard_is_whole_words() -> None:
    playback = Playback()
    playback.add(part("One two. ", 2.0), now=100.0)
    playback.add(part("Three four five six.", 4.0), now=100.1)
    assert playback.heard(99.0) == ""
    assert playback.heard(101.1) == "One"
    assert playback.heard(102.0) == "One two. "
    assert playback.heard(104.3) == "One two. Three four"
    assert playback.heard(106.0) == playback.text == "One two. Three four five six."
    assert playback.remaining(101.0) == 5.0 and playback.remaining(107.0) == 0.0


def test_a_gap_in_the_synthesis_is_not_heard_as_speech() -> None:
    playback = Playback()
    playback.add(part("One. ", 1.0), now=10.0)
    playback.add(part("Two.", 1.0), now=15.0)
    assert playback.remaining(15.0) == 1.0
    assert playback.heard(15.0) == "One. "
