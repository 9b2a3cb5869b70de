"""Deepgram's live speech-to-text: frames in its documented shapes, and what they come to."""

import json

import pytest

from sessions.commands import Clear, Finalize, Finish, ImpossibleCommand, SendAudio, Speak
from sessions.events import (
    Event,
    Final,
    Interim,
    Malformed,
    Problem,
    Raw,
    SpeechStarted,
    Utterance,
    Word,
)
from sessions.providers.deepgram_listen import ListenCodec

UTTERANCE_END = '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":3.9}'
METADATA = (
    '{"type":"Metadata","transaction_key":"deprecated","request_id":"9f2c","sha256":"00ab",'
    '"created":"2026-11-23T08:00:00.000Z","duration":6.2,"channels":1}'
)


def results(
    text: str,
    *,
    start: float = 0.0,
    final: bool = False,
    pause: bool = False,
    finalized: bool = False,
    channel: int = 0,
) -> str:
    """One second of audio, transcribed."""
    message = {
        "type": "Results",
        "channel_index": [channel, 2],
        "start": start,
        "duration": 1.0,
        "is_final": final,
        "speech_final": pause,
        "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": []}]},
        "metadata": {"request_id": "9f2c", "model_uuid": "aa01"},
    }
    if finalized:
        message["from_finalize"] = True
    return json.dumps(message)


def read(*frames: str, codec: ListenCodec | None = None) -> list[Event]:
    codec = codec or ListenCodec()
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def utterances(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Utterance)]


# Results


def test_interim_is_what_was_heard_since_the_last_final() -> None:
    frame = (
        '{"type":"Results","channel_index":[0,1],"start":2.4,"duration":1.1,"is_final":false,'
        '"speech_final":false,"channel":{"alternatives":[{"transcript":"move it to tues","confidence":0.81,'
        '"words":[{"word":"move","start":2.5,"end":2.7,"confidence":0.98}]}]},'
        '"metadata":{"request_id":"9f2c","model_info":{"name":"general-nova-3","arch":"nova-3"}}}'
    )
    assert read(frame) == [Interim("move it to tues", 2.4, 3.5)]


def test_final_has_its_words_and_spans_from_the_first_to_the_last() -> None:
    frame = (
        '{"type":"Results","channel_index":[0,1],"start":2.0,"duration":2.0,"is_final":true,'
        '"channel":{"alternatives":[{"transcript":"Move it.","confidence":0.97,"words":['
        '{"word":"move","punctuated_word":"Move","start":2.5,"end":2.7,"confidence":0.98,"speaker":1},'
        '{"word":"it","start":2.7,"end":2.9}]}]}}'
    )
    words = (Word("Move", 2.5, 2.7, 0.98, 1), Word("it", 2.7, 2.9))
    assert read(frame) == [Final("Move it.", 2.5, 2.9, 0.97, words)]


def test_interim_may_shrink() -> None:
    assert read(results("I think so"), results("I think")) == [
        Interim("I think so", 0.0, 1.0),
        Interim("I think", 0.0, 1.0),
    ]


def test_empty_final_in_silence_is_no_news() -> None:
    assert read(results("", final=True), results("", final=True, pause=True)) == []


def test_empty_final_takes_back_the_interim_before_it() -> None:
    assert read(results("uh"), results("", final=True, pause=True))[1:] == [Interim("", 0.0, 1.0)]


def test_long_speech_is_several_finals_and_one_utterance() -> None:
    events = read(
        results("first part", start=0, final=True),
        results("second part", start=1, final=True),
        results("third part.", start=2, final=True, pause=True),
    )
    assert [type(event) for event in events] == [Final, Final, Final, Utterance]
    assert events[-1] == Utterance("first part second part third part.", 0.0, 3.0)


def test_utterance_end_after_speech_final_is_redundant() -> None:
    assert utterances(read(results("Yes.", final=True, pause=True), UTTERANCE_END)) == ["Yes."]


def test_redundant_utterance_end_leaves_the_next_utterance_alone() -> None:
    codec = ListenCodec()
    read(results("Yes.", final=True, pause=True), results("and", start=1), UTTERANCE_END, codec=codec)
    assert codec.closed(clean=False) == [Utterance("and", 1.0, 2.0, confirmed=False)]


def test_in_noise_utterance_end_alone_ends_the_utterance() -> None:
    assert utterances(read(results("over the engine", final=True), UTTERANCE_END)) == ["over the engine"]


def test_answer_to_finalize_ends_the_utterance() -> None:
    events = read(results("so far", final=True), results("and this", start=1, final=True, finalized=True))
    assert utterances(events) == ["so far and this"]


def test_finalize_need_not_be_answered() -> None:
    codec = ListenCodec()
    assert codec.send(Finalize(), 0.0) == ['{"type":"Finalize"}']
    assert utterances(read(results("later", final=True, pause=True), codec=codec)) == ["later"]


def test_channels_are_composed_apart() -> None:
    events = read(
        results("left one", channel=0, final=True),
        results("right one", channel=1, final=True),
        results("right two", channel=1, start=1, final=True, pause=True),
        results("left two", channel=0, start=1, final=True, pause=True),
    )
    assert [event for event in events if isinstance(event, Utterance)] == [
        Utterance("right one right two", 0.0, 2.0, channel=1),
        Utterance("left one left two", 0.0, 2.0, channel=0),
    ]


def test_results_without_alternatives_or_channel_are_of_the_first_channel() -> None:
    assert read('{"type":"Results","channel_index":[],"channel":{"alternatives":[]}}') == [Interim("", 0, 0)]
    assert read(results("a", final=True), '{"type":"UtteranceEnd","channel":[]}')[-1] == Utterance("a", 0, 1)


# The end


def test_break_keeps_what_was_heard_as_unconfirmed() -> None:
    codec = ListenCodec()
    read(results("It was", final=True), results("nearly", start=1), codec=codec)
    assert codec.closed(clean=False) == [Utterance("It was nearly", 0.0, 2.0, confirmed=False)]
    assert codec.closed(clean=False) == []


def test_good_end_confirms_the_finals_and_leaves_the_interim_out() -> None:
    codec = ListenCodec()
    assert read(results("It was", final=True), results("nearly", start=1), METADATA, codec=codec)[2:] == []
    assert codec.closed(clean=True) == [Utterance("It was", 0.0, 1.0)]


# The other messages


def test_speech_started() -> None:
    assert read('{"type":"SpeechStarted","channel":[0,1],"timestamp":2.48}') == [SpeechStarted(2.48)]


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (
            '{"type":"Error","variant":"SchemaError","description":"Could not be parsed.","message":"{"}',
            Problem("SchemaError", "Could not be parsed."),
        ),
        ('{"type":"Error","code":1011,"message":"gone"}', Problem("1011", "gone")),
        ('{"type":"Error"}', Problem("error", "")),
        ('{"type":"Warning","code":"SLOW","description":"hurry"}', Problem("SLOW", "hurry")),
        ('{"type":"Warning"}', Problem("warning", "")),
    ],
)
def test_complaints_are_problems(frame: str, problem: Problem) -> None:
    assert read(frame) == [problem]


def test_unknown_message_survives_whole() -> None:
    frame = '{"type":"ConfigureSuccess","request_id":"9f2c"}'
    assert read(frame) == [Raw("ConfigureSuccess", frame)]
    assert ListenCodec().receive(frame.encode(), 0.0) == [Raw("ConfigureSuccess", frame)]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "[1, 2]",
        '{"type":7}',
        '{"type":"Results"}',
        '{"type":"Results","channel":{"alternatives":[{"transcript":null}]}}',
        '{"type":"Results","channel":{},"channel_index":["left"]}',
        '{"type":"Results","channel":{}',
    ],
)
def test_unreadable_message_is_malformed_and_changes_nothing(frame: str) -> None:
    codec = ListenCodec()
    read(results("kept", final=True), codec=codec)
    [event] = codec.receive(frame, 0.0)
    assert isinstance(event, Malformed) and event.size == len(frame)
    assert codec.closed(clean=True) == [Utterance("kept", 0.0, 1.0)]


# Commands


def test_audio_goes_out_as_it_is() -> None:
    assert ListenCodec().send(SendAudio(b"\x01\x02"), 0.0) == [b"\x01\x02"]


def test_audio_of_no_length_is_refused() -> None:
    with pytest.raises(ImpossibleCommand, match="empty"):
        ListenCodec().send(SendAudio(b""), 0.0)


def test_keepalive_is_text_and_comes_every_four_seconds_of_silence() -> None:
    codec = ListenCodec()
    sent = [now for now in range(13) if codec.poll(float(now)) == ['{"type":"KeepAlive"}']]
    assert sent == [4, 8, 12]


def test_audio_puts_the_keepalive_off() -> None:
    codec = ListenCodec()
    codec.poll(0.0)
    codec.send(SendAudio(b"\0\0"), 3.0)
    assert codec.poll(6.9) == []
    assert codec.poll(7.0) == ['{"type":"KeepAlive"}']


def test_finish_says_goodbye_and_ends_input_and_keepalives() -> None:
    codec = ListenCodec()
    assert codec.send(Finish(), 0.0) == ['{"type":"CloseStream"}']
    assert codec.poll(100.0) == []
    with pytest.raises(ImpossibleCommand, match="finishing"):
        codec.send(SendAudio(b"\0\0"), 1.0)


@pytest.mark.parametrize("command", [Clear(), Speak("a", "Hello.")])
def test_speech_to_text_does_not_speak(command: Clear | Speak) -> None:
    with pytest.raises(ImpossibleCommand, match=type(command).__name__):
        ListenCodec().send(command, 0.0)


# Close reasons


@pytest.mark.parametrize("code", [1011, 1008])
@pytest.mark.parametrize(
    "reason",
    [
        "NET-0001",
        "Deepgram did not receive audio data. See https://developers.deepgram.com/docs/errors/#net0001",
    ],
)
def test_close_for_want_of_audio_is_known_bare_and_as_a_link(code: int, reason: str) -> None:
    assert "no audio for 10 s" in ListenCodec().explain_close(code, reason)


@pytest.mark.parametrize("reason", ["", "going away", "NET-9999", "internet0001"])
def test_other_close_reasons_are_left_to_speak_for_themselves(reason: str) -> None:
    assert ListenCodec().explain_close(1011, reason) == ""


def test_the_service_closes_by_itself() -> None:
    codec = ListenCodec()
    codec.send(Finish(), 0.0)
    assert codec.finishes and not codec.finished
