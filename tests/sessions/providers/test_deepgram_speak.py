"""Deepgram's streaming text-to-speech: what goes out, and whose audio it is that comes back."""

import json

import pytest

from sessions.commands import Clear, Finalize, Finish, ImpossibleCommand, SendAudio, Speak
from sessions.events import Audio, AudioEnd, AudioSpan, Cleared, Event, Malformed, Problem, Raw
from sessions.providers.codec import Frame
from sessions.providers.deepgram_speak import (
    FLUSH_WINDOW,
    FLUSHES,
    GROUP,
    LONGEST_SPEAK,
    OUTPUT_RATE,
    SpeakCodec,
)

METADATA = (
    '{"type":"Metadata","request_id":"77aa","model_name":"aura-2-luna-en",'
    '"model_version":"2025-04-07.0","model_uuid":"b7"}'
)
FLUSHED = '{"type":"Flushed","sequence_id":0}'
CLEARED = '{"type":"Cleared","sequence_id":1}'
FLUSH, CLEAR, CLOSE = '{"type":"Flush"}', '{"type":"Clear"}', '{"type":"Close"}'
SECOND = bytes(2 * OUTPUT_RATE)


def read(codec: SpeakCodec, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def speaking(*texts: str) -> SpeakCodec:
    """A codec that was asked for utterances named a, b, ..."""
    codec = SpeakCodec()
    for name, text in zip("abcdefgh", texts, strict=False):
        codec.send(Speak(name, text), 0.0)
    return codec


# Speaking


def test_each_sentence_is_spoken_and_flushed_on_its_own() -> None:
    frames = SpeakCodec().send(Speak("a", 'Say "hi". Then go.'), 0.0)
    assert [json.loads(frame) for frame in frames] == [
        {"type": "Speak", "text": 'Say "hi". '},
        {"type": "Flush"},
        {"type": "Speak", "text": "Then go."},
        {"type": "Flush"},
    ]


def test_audio_is_of_the_sentence_that_is_not_yet_flushed() -> None:
    codec = speaking("One. Two.")
    assert read(codec, METADATA, SECOND, SECOND, FLUSHED, SECOND, FLUSHED) == [
        AudioSpan("a", 0, 5, 0.0),
        Audio("a", SECOND, OUTPUT_RATE),
        Audio("a", SECOND, OUTPUT_RATE),
        AudioSpan("a", 5, 9, 2.0),
        Audio("a", SECOND, OUTPUT_RATE),
        AudioEnd("a"),
    ]


def test_two_utterances_under_way_are_answered_in_their_order() -> None:
    codec = speaking("One.", "Two.")
    assert read(codec, b"\1\0", FLUSHED, b"\2\0", FLUSHED) == [
        AudioSpan("a", 0, 4, 0.0),
        Audio("a", b"\1\0", OUTPUT_RATE),
        AudioEnd("a"),
        AudioSpan("b", 0, 4, 0.0),
        Audio("b", b"\2\0", OUTPUT_RATE),
        AudioEnd("b"),
    ]


def test_sample_split_over_frames_is_put_together() -> None:
    codec = speaking("One.")
    events = read(codec, b"\1", b"\2\3", b"\4\5\6", b"", b"\7", FLUSHED)
    assert [event.pcm for event in events if isinstance(event, Audio)] == [b"\1\2", b"\3\4\5\6"]
    assert events[-1] == AudioEnd("a")


def test_half_a_sample_at_the_end_does_not_shift_the_next_sentence() -> None:
    codec = speaking("One.", "Two.")
    events = read(codec, b"\1\2\3", FLUSHED, b"\4\5")
    assert events[-1] == Audio("b", b"\4\5", OUTPUT_RATE)


def test_audio_may_come_before_metadata() -> None:
    codec = speaking("One.")
    assert len(read(codec, b"\1\0", METADATA)) == 2


def test_sentence_may_have_no_sound() -> None:
    assert read(speaking("…"), FLUSHED) == [AudioEnd("a")]


def test_text_that_is_too_long_for_one_message_is_cut() -> None:
    frames = SpeakCodec().send(Speak("a", "word " * 1000), 0.0)
    texts = [json.loads(frame)["text"] for frame in frames if frame != FLUSH]
    assert "".join(texts) == "word " * 1000
    assert max(map(len, texts)) <= LONGEST_SPEAK


def test_what_utf8_cannot_hold_is_replaced() -> None:
    [speak, _] = SpeakCodec().send(Speak("a", "caf\udce9 open"), 0.0)
    assert json.loads(speak)["text"] == "caf\ufffd open"


# Clearing


def test_audio_in_flight_of_what_was_cleared_is_dropped() -> None:
    codec = speaking("One. Two.")
    read(codec, SECOND)
    assert codec.send(Clear(), 0.0) == [CLEAR]
    codec.send(Speak("b", "New."), 0.0)
    assert read(codec, b"\1\0\1", FLUSHED, CLEARED, b"\2\0", FLUSHED) == [
        Cleared(),
        AudioSpan("b", 0, 4, 0.0),
        Audio("b", b"\2\0", OUTPUT_RATE),
        AudioEnd("b"),
    ]


def test_of_two_clears_the_last_one_counts() -> None:
    codec = speaking("One.")
    codec.send(Clear(), 0.0)
    codec.send(Clear(), 0.0)
    assert read(codec, CLEARED, SECOND, CLEARED) == [Cleared()]


def test_clear_drops_what_was_held_back() -> None:
    codec = SpeakCodec()
    for number in range(FLUSHES + 5):
        codec.send(Speak(f"u{number}", "No."), 0.0)
    codec.send(Clear(), 0.0)
    assert codec.poll(FLUSH_WINDOW) == []


# The limit of flushes


def test_a_long_text_leaves_flushes_to_the_next() -> None:
    codec = SpeakCodec()
    text = "This is one sentence of many that are spoken. " * 140
    frames = codec.send(Speak("a", text), 0.0)
    spoken = [json.loads(frame)["text"] for frame in frames if frame != FLUSH]
    assert "".join(spoken) == text
    assert spoken[0] == "This is one sentence of many that are spoken. "
    assert all(len(each) <= GROUP for each in spoken)
    assert len(spoken) < FLUSHES - 5
    assert FLUSH in codec.send(Speak("b", "Next."), 0.0)


def test_flush_over_the_limit_is_held_back_until_a_minute_after_the_first() -> None:
    codec = SpeakCodec()
    for second in range(FLUSHES):
        assert FLUSH in codec.send(Speak(f"u{second}", "Go."), float(second))
    assert codec.send(Speak("held", "Wait."), 30.0) == []
    assert codec.poll(FLUSH_WINDOW - 0.1) == []
    assert codec.poll(FLUSH_WINDOW) == ['{"type":"Speak","text":"Wait."}', FLUSH]


def test_held_back_sentences_keep_their_order() -> None:
    codec = SpeakCodec()
    for number in range(FLUSHES):
        codec.send(Speak(f"u{number}", "One."), 0.0)
    codec.send(Speak("a", "Two. Three."), 0.0)
    codec.send(Speak("b", "Four."), 0.0)
    texts = [json.loads(frame).get("text") for frame in codec.poll(FLUSH_WINDOW)]
    assert texts == ["Two. ", None, "Three.", None, "Four.", None]


# The end


def test_close_waits_until_all_is_flushed() -> None:
    codec = speaking("One. Two.")
    assert codec.send(Finish(), 0.0) == []
    read(codec, SECOND, FLUSHED)
    assert codec.poll(1.0) == []
    read(codec, FLUSHED)
    assert codec.poll(2.0) == [CLOSE]
    assert codec.poll(3.0) == []


def test_close_goes_at_once_where_nothing_is_under_way() -> None:
    assert SpeakCodec().send(Finish(), 0.0) == [CLOSE]


def test_close_waits_for_what_is_held_back() -> None:
    codec = SpeakCodec()
    for number in range(FLUSHES + 1):
        codec.send(Speak(f"u{number}", "No."), 0.0)
    codec.send(Finish(), 0.0)
    read(codec, *[FLUSHED] * FLUSHES)
    assert codec.poll(1.0) == []
    assert codec.poll(FLUSH_WINDOW) == ['{"type":"Speak","text":"No."}', FLUSH]
    assert read(codec, FLUSHED) == [AudioEnd(f"u{FLUSHES}")]
    assert codec.poll(FLUSH_WINDOW) == [CLOSE]


def test_nothing_is_left_to_say_when_the_connection_is_gone() -> None:
    assert speaking("One.").closed(clean=False) == []


def test_close_reason_is_explained() -> None:
    assert "text messages only" in SpeakCodec().explain_close(1003, "MESSAGE-0000")
    assert "too large" in SpeakCodec().explain_close(1009, "see …/errors#big0001")


# The other messages


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (
            '{"type":"Warning","code":"TOO_MANY_FLUSHES","description":"flush limit reached"}',
            Problem("TOO_MANY_FLUSHES", "flush limit reached"),
        ),
        ('{"type":"Warning"}', Problem("warning", "")),
        ('{"type":"Error","variant":"Bad","message":"no"}', Problem("Bad", "no")),
        ('{"type":"Error","code":"DATA-0001","description":"no"}', Problem("DATA-0001", "no")),
        ('{"type":"Error"}', Problem("error", "")),
    ],
)
def test_complaints_are_problems(frame: str, problem: Problem) -> None:
    assert read(SpeakCodec(), frame) == [problem]


def test_unknown_message_survives_whole() -> None:
    frame = '{"type":"SpeechMetadata","speech_id":"s1"}'
    assert read(SpeakCodec(), frame) == [Raw("SpeechMetadata", frame)]


@pytest.mark.parametrize("frame", ["", "{", '{"type":"Flushed","sequence_id":"first"}'])
def test_unreadable_message_is_malformed(frame: str) -> None:
    [event] = read(SpeakCodec(), frame)
    assert isinstance(event, Malformed)


def test_answers_that_nothing_asked_for_do_no_harm() -> None:
    assert read(SpeakCodec(), FLUSHED, CLEARED) == [Cleared()]


def test_audio_that_nothing_asked_for_is_not_played() -> None:
    assert read(SpeakCodec(), SECOND) == [Malformed("audio that no text asked for", len(SECOND))]


# What cannot be


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_there_must_be_text(text: str) -> None:
    with pytest.raises(ImpossibleCommand, match="no text"):
        SpeakCodec().send(Speak("a", text), 0.0)


@pytest.mark.parametrize("command", [SendAudio(b"\0\0"), Finalize()])
def test_text_to_speech_does_not_listen(command: SendAudio | Finalize) -> None:
    with pytest.raises(ImpossibleCommand, match=type(command).__name__):
        SpeakCodec().send(command, 0.0)


@pytest.mark.parametrize("command", [Speak("b", "More."), Clear(), Finish()])
def test_after_the_goodbye_nothing_more_is_taken(command: Speak | Clear | Finish) -> None:
    codec = speaking("One.")
    codec.send(Finish(), 0.0)
    with pytest.raises(ImpossibleCommand, match="finishing"):
        codec.send(command, 0.0)
