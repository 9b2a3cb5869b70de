"""Deepgram Flux: turns, the silence that keeps them going, and the end without an end."""

import json
from typing import Any

import pytest

from sessions.commands import Finalize, Finish, ImpossibleCommand, SendAudio, Speak
from sessions.events import (
    EagerTurn,
    Event,
    Final,
    Interim,
    Malformed,
    Problem,
    Raw,
    SpeechStarted,
    TurnResumed,
    Utterance,
    Warned,
    Word,
)
from sessions.providers.codec import Frame
from sessions.providers.deepgram_flux import (
    BLOCK,
    GATED_AFTER,
    IDLE_EVERY,
    MOST_SILENCE,
    MUTE_AFTER,
    SETTLING,
    FluxCodec,
)

RATE = 16000
SILENCE = bytes(2 * round(RATE * BLOCK))
SPEECH = SendAudio(b"\1\0" * round(RATE * BLOCK))
CONNECTED = '{"type":"Connected","request_id":"4c1e","sequence_id":0}'


def turn(event: str, text: str = "", start: float = 0.0, end: float = 0.0, **more: Any) -> str:
    fields = {
        "type": "TurnInfo",
        "request_id": "4c1e",
        "event": event,
        "turn_index": 0,
        "audio_window_start": start,
        "audio_window_end": end,
        "transcript": text,
        "words": [],
        "end_of_turn_confidence": 0.5,
    }
    return json.dumps(fields | more)


def read(codec: FluxCodec, *frames: Frame, now: float = 0.0) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, now)]


def listening(now: float = 0.0) -> FluxCodec:
    codec = FluxCodec(RATE)
    assert codec.send(SPEECH, now) == [SPEECH.pcm]
    return codec


# Turns


def test_turn_from_its_start_to_its_end() -> None:
    assert read(
        FluxCodec(),
        CONNECTED,
        turn("Update"),
        turn("StartOfTurn", "", 8.0, 8.2),
        turn("Update", "cancel my", 8.0, 9.0),
        turn("EndOfTurn", "Cancel my order.", 8.0, 10.9),
        turn("Update", turn_index=1),
    ) == [
        SpeechStarted(8.0),
        Interim("cancel my", 8.0, 9.0),
        Final("Cancel my order.", 8.0, 10.9),
        Utterance("Cancel my order.", 8.0, 10.9),
    ]


def test_turn_may_start_with_words() -> None:
    assert read(FluxCodec(), turn("StartOfTurn", "Hello", 1.0, 1.5)) == [
        SpeechStarted(1.0),
        Interim("Hello", 1.0, 1.5),
    ]


def test_eager_end_is_taken_back_and_told_again() -> None:
    assert read(
        FluxCodec(),
        turn("StartOfTurn", "", 1.0, 1.5),
        turn("EagerEndOfTurn", "Cancel.", 1.0, 2.0, end_of_turn_confidence=0.52),
        turn("TurnResumed", "Cancel. My", 1.0, 2.5),
        turn("EagerEndOfTurn", "Cancel my order.", 1.0, 3.0, end_of_turn_confidence=0.61),
        turn("EndOfTurn", "Cancel my order.", 1.0, 3.2, trigger="model"),
    ) == [
        SpeechStarted(1.0),
        Interim("Cancel.", 1.0, 2.0),
        EagerTurn("Cancel.", 0.52),
        TurnResumed(),
        Interim("Cancel. My", 1.0, 2.5),
        Interim("Cancel my order.", 1.0, 3.0),
        EagerTurn("Cancel my order.", 0.61),
        Final("Cancel my order.", 1.0, 3.2),
        Utterance("Cancel my order.", 1.0, 3.2),
    ]


def test_times_of_words_are_those_of_the_utterance() -> None:
    words = [
        {"word": "Cancel", "confidence": 0.99, "start": 8.2, "end": 8.6},
        {"word": "it.", "confidence": 0.98, "start": 8.6, "end": 8.8},
    ]
    assert read(FluxCodec(), turn("EndOfTurn", "Cancel it.", 8.0, 10.9, words=words)) == [
        Final(
            "Cancel it.",
            8.2,
            8.8,
            words=(Word("Cancel", 8.2, 8.6, 0.99), Word("it.", 8.6, 8.8, 0.98)),
        ),
        Utterance("Cancel it.", 8.2, 8.8),
    ]


def test_words_without_times_are_no_words_of_a_final() -> None:
    words = [{"word": "Cancel", "confidence": 0.99}]
    assert read(FluxCodec(), turn("EndOfTurn", "Cancel", 8.0, 9.0, words=words))[0] == Final(
        "Cancel", 8.0, 9.0
    )


def test_turn_that_comes_to_nothing_takes_its_interim_back() -> None:
    frames = [turn("Update", "uh", 1.0, 2.0), turn("EndOfTurn", "", 1.0, 2.5)]
    assert read(FluxCodec(), *frames) == [Interim("uh", 1.0, 2.0), Interim("", 1.0, 2.5)]


def test_text_may_shrink_within_a_turn() -> None:
    frames = [turn("Update", "a b c"), turn("Update", "a b"), turn("Update", "")]
    assert [event.text for event in read(FluxCodec(), *frames) if isinstance(event, Interim)] == [
        "a b c",
        "a b",
        "",
    ]


def test_next_turn_settles_one_whose_end_did_not_come() -> None:
    codec = FluxCodec()
    read(codec, turn("Update", "first", 1.0, 2.0))
    assert read(codec, turn("StartOfTurn", "", 3.0, 3.5, turn_index=1)) == [
        Utterance("first", 1.0, 2.0, confirmed=False),
        SpeechStarted(3.0),
    ]


@pytest.mark.parametrize("trigger", ["manual", "timeout", "of a later version"])
def test_why_a_turn_ended_does_not_matter(trigger: str) -> None:
    assert len(read(FluxCodec(), turn("EndOfTurn", "Yes.", trigger=trigger))) == 2


def test_messages_of_workers_ai_have_an_event_and_no_type() -> None:
    frame = (
        '{"request_id":"7d0e","sequence_id":12,"event":"EndOfTurn","turn_index":0,"audio_window_start":0.0,'
        '"audio_window_end":2.24,"transcript":"Two.","words":[{"word":"Two.","confidence":0.99}],'
        '"end_of_turn_confidence":0.83}'
    )
    assert read(FluxCodec(), frame) == [Final("Two.", 0.0, 2.24), Utterance("Two.", 0.0, 2.24)]


# Lost messages


def test_gap_in_the_numbers_is_told_and_nothing_else_changes() -> None:
    codec = FluxCodec()
    read(codec, CONNECTED, turn("Update", "a", sequence_id=1))
    assert read(codec, turn("Update", "a b", sequence_id=4)) == [
        Warned("sequence_gap", "2 of the provider's messages did not come"),
        Interim("a b", 0.0, 0.0),
    ]
    assert read(codec, '{"type":"ConfigureSuccess","sequence_id":5}') == []


@pytest.mark.parametrize(
    "frames",
    [
        [turn("Update", sequence_id=3), turn("Update", sequence_id=4)],  # `Connected` was kept by a relay
        [CONNECTED, '{"type":"New","sequence_id":1}', turn("Update", sequence_id=2)],
        [CONNECTED, "{", turn("Update", sequence_id=2)],
        [CONNECTED, turn("Update"), turn("Update", sequence_id=9)],
    ],
)
def test_number_that_cannot_be_known_is_no_gap(frames: list[str]) -> None:
    assert not any(isinstance(event, Warned) for event in read(FluxCodec(), *frames))


# Silence while the microphone is gated


def test_open_turn_gets_silence_as_long_as_the_gap() -> None:
    codec = listening()
    read(codec, turn("StartOfTurn"))
    sent = sum(len(codec.poll(quarter / 4)) for quarter in range(1, 41))
    assert sent * BLOCK == pytest.approx(10 - BLOCK, abs=GATED_AFTER + BLOCK)


def test_silence_is_zeros_of_one_block() -> None:
    codec = listening()
    read(codec, turn("StartOfTurn"))
    assert set(codec.poll(0.5)) == {SILENCE}


def test_silence_goes_on_until_a_turn_can_no_longer_open() -> None:
    codec = listening()
    assert codec.poll(GATED_AFTER) == []
    assert codec.poll(0.5) == [SILENCE] * 5
    assert codec.poll(BLOCK + SETTLING + 0.1) == []


def test_between_turns_a_block_now_and_then_holds_the_socket() -> None:
    codec = listening()
    assert codec.poll(IDLE_EVERY - 0.1) == []
    assert codec.poll(IDLE_EVERY) == [SILENCE]
    assert codec.poll(IDLE_EVERY + 1) == []
    assert codec.poll(2 * IDLE_EVERY) == [SILENCE]


def test_no_silence_before_the_first_audio_nor_while_it_flows() -> None:
    codec = FluxCodec(RATE)
    assert codec.poll(60.0) == []
    read(codec, turn("StartOfTurn"))
    for block in range(20):
        now = 60 + block * BLOCK
        codec.send(SPEECH, now)
        assert codec.poll(now + BLOCK / 2) == []


def test_audio_sent_ahead_of_time_is_not_cut_by_silence() -> None:
    codec = FluxCodec(RATE)
    codec.send(SendAudio(bytes(2 * RATE * 2)), 0.0)
    read(codec, turn("StartOfTurn"))
    assert codec.poll(2.0) == []
    assert codec.poll(2.0 + GATED_AFTER) == [SILENCE] * 3


def test_standstill_is_not_made_up_for() -> None:
    codec = listening()
    read(codec, turn("StartOfTurn"))
    assert len(codec.poll(3600.0)) == MOST_SILENCE
    assert codec.poll(3600.1) == []


def test_times_leave_silence_of_ours_out() -> None:
    codec = listening(0.0)
    read(codec, turn("StartOfTurn"))
    assert len(codec.poll(0.34)) == 3  # so the stream: 0.08 s speech, 0.24 s silence
    assert len(codec.poll(0.60)) == 3  # and 0.24 s more
    read(codec, turn("EndOfTurn"))
    codec.send(SPEECH, 10.0)
    [interim] = read(codec, turn("Update", "yes", 0.40, 0.60, turn_index=1))
    assert isinstance(interim, Interim)
    assert (interim.start, interim.end) == pytest.approx((0.08, 0.12))


# Mute sockets


def test_socket_that_goes_mute_in_a_turn_is_told_once() -> None:
    codec = listening()
    read(codec, turn("StartOfTurn"), now=1.0)
    assert codec.elapse(MUTE_AFTER) == []
    [warned] = codec.elapse(1.0 + MUTE_AFTER)
    assert isinstance(warned, Warned) and warned.code == "mute"
    assert codec.elapse(2.0 + MUTE_AFTER) == []
    read(codec, turn("Update", "on"), now=30.0)
    assert codec.elapse(31.0) == []
    assert len(codec.elapse(30.0 + MUTE_AFTER)) == 1


def test_between_turns_and_at_the_end_nothing_need_come() -> None:
    codec = listening()
    assert codec.elapse(MUTE_AFTER) == []
    read(codec, turn("StartOfTurn"))
    codec.send(Finish(), 0.0)
    assert codec.elapse(MUTE_AFTER) == []


# The end


def test_last_update_is_the_final_text_after_close_stream() -> None:
    codec = listening()
    read(codec, turn("StartOfTurn", "Not", 1.0, 1.5))
    assert codec.send(Finish(), 1.0) == ['{"type":"CloseStream"}']
    assert codec.poll(9.0) == []
    read(codec, turn("Update", "Not yet", 1.0, 2.0))
    assert codec.closed(clean=True) == [Final("Not yet", 1.0, 2.0), Utterance("Not yet", 1.0, 2.0)]
    assert codec.closed(clean=True) == []


def test_turn_that_is_broken_off_is_unconfirmed() -> None:
    codec = listening()
    read(codec, turn("Update", "Not y", 1.0, 2.0))
    assert codec.closed(clean=False) == [Utterance("Not y", 1.0, 2.0, confirmed=False)]


def test_nothing_is_left_where_all_turns_have_ended() -> None:
    codec = listening()
    read(codec, turn("EndOfTurn", "Yes."))
    assert codec.closed(clean=True) == []


def test_close_reason_is_explained() -> None:
    assert "reconnect" in FluxCodec().explain_close(1011, "NET-0001")


def test_finalize_ends_the_turn() -> None:
    assert FluxCodec().send(Finalize(), 0.0) == ['{"type":"ForceEndTurn"}']


# The other messages


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (
            '{"type":"ConfigureFailure","sequence_id":3,"code":"BAD","description":"no"}',
            Problem("BAD", "no"),
        ),
        ('{"type":"ConfigureFailure","error_code":"BAD"}', Problem("BAD", "")),
        ('{"type":"ConfigureFailure"}', Problem("ConfigureFailure", "")),
        ('{"type":"Warning","code":"NO_TURN","description":"none open"}', Warned("NO_TURN", "none open")),
        ('{"type":"Warning"}', Warned("warning", "")),
        (
            '{"type":"Error","code":"INTERNAL_SERVER_ERROR","description":"sorry"}',
            Problem("INTERNAL_SERVER_ERROR", "sorry"),
        ),
        ('{"type":"Error","error":"sorry"}', Problem("error", "sorry")),
        ('{"type":"Error"}', Problem("error", "")),
    ],
)
def test_complaints(frame: str, event: Event) -> None:
    assert read(FluxCodec(), frame) == [event]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ('{"type":"SpeechStarted","timestamp":1.0}', "SpeechStarted"),
        ('{"type":"TurnInfo","event":"TurnPaused"}', "TurnPaused"),
        ('{"event":"TurnPaused"}', "TurnPaused"),
        ('{"event":"Update","turn_index":"first"}', ""),
        ('{"hello":1}', ""),
    ],
)
def test_unknown_message_survives_whole(frame: str, kind: str) -> None:
    assert read(FluxCodec(), frame, frame.encode()) == [Raw(kind, frame)] * 2


@pytest.mark.parametrize("frame", ["", "{", '{"type":"TurnInfo","event":1}', "[]", b"\xff"])
def test_unreadable_message_is_malformed(frame: Frame) -> None:
    [event] = read(FluxCodec(), frame)
    assert isinstance(event, Malformed)


# What cannot be


def test_there_must_be_audio() -> None:
    with pytest.raises(ImpossibleCommand, match="empty"):
        FluxCodec().send(SendAudio(b""), 0.0)


def test_speech_to_text_does_not_speak() -> None:
    with pytest.raises(ImpossibleCommand, match="Speak"):
        FluxCodec().send(Speak("a", "Hello."), 0.0)


def test_after_the_goodbye_nothing_more_is_taken() -> None:
    codec = listening()
    codec.send(Finish(), 0.0)
    with pytest.raises(ImpossibleCommand, match="finishing"):
        codec.send(SPEECH, 0.0)
