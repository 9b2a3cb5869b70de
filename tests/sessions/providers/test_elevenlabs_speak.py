"""ElevenLabs' streaming text-to-speech: one stream without names, divided by its alignment."""

import json
from base64 import b64encode
from typing import Any

import pytest

from sessions.commands import Clear, Finish, ImpossibleCommand, SendAudio, Speak
from sessions.events import (
    Audio,
    AudioEnd,
    AudioSpan,
    AudioWords,
    Cleared,
    Event,
    Malformed,
    Problem,
    Raw,
    Word,
)
from sessions.providers.codec import Frame
from sessions.providers.elevenlabs_speak import KEEPALIVE, KEEPALIVE_EVERY, OUTPUT_RATE, ElevenLabsSpeakCodec

FINAL = '{"audio":null,"isFinal":true}'
END = '{"text":""}'
SECOND = bytes(2 * OUTPUT_RATE)


def speaking(*texts: str) -> ElevenLabsSpeakCodec:
    """A codec that was asked for utterances named a, b, ..."""
    codec = ElevenLabsSpeakCodec()
    for name, text in zip("abcdefgh", texts, strict=False):
        codec.send(Speak(name, text), 0.0)
    return codec


def read(codec: ElevenLabsSpeakCodec, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def aligned(text: str, **names: str) -> dict[str, Any]:
    """An alignment of `text` in which each character sounds for 10 ms."""
    return {
        "chars": list(text),
        names.get("starts", "charStartTimesMs"): [10 * at for at in range(len(text))],
        names.get("durations", "charDurationsMs"): [10] * len(text),
    }


def audio(pcm: bytes, said: str = "", **fields: Any) -> str:
    message = {
        "audio": b64encode(pcm).decode(),
        "isFinal": None,
        "normalizedAlignment": None,
        "alignment": aligned(said) if said else None,
    }
    return json.dumps(message | fields)


def pcm_of(events: list[Event]) -> dict[str, bytes]:
    heard: dict[str, bytes] = {}
    for event in events:
        if isinstance(event, Audio):
            heard[event.utterance] = heard.get(event.utterance, b"") + event.pcm
    return heard


# Sending


def test_first_message_is_the_space_with_the_voice_settings() -> None:
    codec = ElevenLabsSpeakCodec()
    [opening] = codec.poll(0.0)
    assert json.loads(opening)["text"] == " "
    assert json.loads(opening)["voice_settings"]
    assert codec.poll(1.0) == []


def test_each_sentence_ends_with_a_space_and_is_flushed() -> None:
    opening, *frames = ElevenLabsSpeakCodec().send(Speak("a", "One moment.\nPlease  wait"), 0.0)
    assert json.loads(opening)["text"] == " "
    assert [json.loads(frame) for frame in frames] == [
        {"text": "One moment. ", "flush": True},
        {"text": "Please  wait ", "flush": True},
    ]


def test_what_utf8_cannot_hold_is_replaced() -> None:
    [_, frame] = ElevenLabsSpeakCodec().send(Speak("a", "caf\udce9 open"), 0.0)
    assert json.loads(frame)["text"] == "caf\ufffd open "


def test_keep_alive_is_a_space_and_never_the_end() -> None:
    codec = speaking("One.")
    assert codec.poll(KEEPALIVE_EVERY - 0.1) == []
    assert codec.poll(KEEPALIVE_EVERY) == [KEEPALIVE]
    assert json.loads(KEEPALIVE) == {"text": " "}
    assert codec.poll(KEEPALIVE_EVERY + 1) == []
    codec.send(Speak("b", "Two."), KEEPALIVE_EVERY + 10)
    assert codec.poll(2 * KEEPALIVE_EVERY) == []


def test_end_is_the_empty_text_after_which_nothing_is_sent() -> None:
    codec = speaking("One.")
    assert codec.send(Finish(), 1.0) == [END]
    assert codec.poll(100.0) == []
    with pytest.raises(ImpossibleCommand, match="finishing"):
        codec.send(Speak("b", "Two."), 1.0)


def test_end_may_come_first_of_all() -> None:
    opening, end = ElevenLabsSpeakCodec().send(Finish(), 0.0)
    assert (json.loads(opening)["text"], end) == (" ", END)


# Receiving


def test_audio_words_and_sentences_of_an_utterance() -> None:
    codec = speaking("Hi Jo. Bye.")
    tenth = bytes(2 * OUTPUT_RATE // 10)
    assert read(codec, audio(tenth, "Hi J"), audio(tenth, "o. "), audio(tenth, "Bye. ")) == [
        AudioSpan("a", 0, 7, 0.0),
        AudioWords("a", (Word("Hi", 0.0, 0.02),)),
        Audio("a", tenth, OUTPUT_RATE),
        AudioWords("a", (Word("Jo.", 0.03, 0.11),)),
        Audio("a", tenth, OUTPUT_RATE),
        AudioSpan("a", 7, 11, 0.2),
        AudioWords("a", (Word("Bye.", 0.2, 0.23),)),
        Audio("a", tenth, OUTPUT_RATE),
        AudioEnd("a"),
    ]


@pytest.mark.parametrize("names", [{}, {"durations": "charsDurationsMs"}, {"starts": "charsStartTimesMs"}])
@pytest.mark.parametrize("alignment", ["alignment", "normalizedAlignment"])
def test_alignment_in_every_spelling(names: dict[str, str], alignment: str) -> None:
    events = read(speaking("Go."), audio(SECOND, "", **{alignment: aligned("Go. ", **names)}))
    assert AudioWords("a", (Word("Go.", 0.0, 0.02),)) in events
    assert events[-1] == AudioEnd("a")


def test_audio_is_of_the_oldest_utterance_that_is_not_over() -> None:
    codec = speaking("One.", "Two.")
    events = read(codec, audio(b"\1\1", "One"), audio(b"\2\2", ". "), audio(b"\3\3", "Two. "))
    assert pcm_of(events) == {"a": b"\1\1", "b": b"\2\2\3\3"}
    assert [event for event in events if isinstance(event, AudioEnd)] == [AudioEnd("a"), AudioEnd("b")]


def test_alignment_ahead_of_its_audio_does_not_end_the_utterance() -> None:
    codec = speaking("Hello there, people of the town.")
    assert AudioEnd("a") not in read(codec, audio(b"\1\1", "Hello there, people of the town. "))
    assert read(codec, audio(SECOND))[-1] == AudioEnd("a")


def test_samples_split_over_messages_are_put_together() -> None:
    events = read(speaking("One."), audio(b"\1"), audio(b"\2\3"), audio(b"\4", "One."))
    assert pcm_of(events) == {"a": b"\1\2\3\4"}


def test_next_utterance_ends_one_whose_text_was_rewritten() -> None:
    codec = speaking("It costs 5.", "Nice day.")
    spoken = audio(b"\1\1", normalizedAlignment=aligned("It costs five. "))
    assert AudioEnd("a") not in read(codec, spoken)
    events = read(codec, audio(b"\2\2", "Nice day. "))
    assert events[0] == AudioEnd("a")
    assert pcm_of(events) == {"b": b"\2\2"}
    assert events[-1] == AudioEnd("b")


def test_audio_without_alignment_ends_with_the_stream() -> None:
    codec = speaking("One.", "Two.")
    codec.send(Finish(), 0.0)
    assert read(codec, audio(b"\1\1"), FINAL) == [
        Audio("a", b"\1\1", OUTPUT_RATE),
        AudioEnd("a"),
        AudioEnd("b"),
    ]


@pytest.mark.parametrize(("clean", "ended"), [(True, [AudioEnd("a")]), (False, [])])
def test_normal_close_is_the_end_of_the_stream_too(clean: bool, ended: list[Event]) -> None:
    codec = speaking("One.")
    read(codec, audio(b"\1\1"))
    assert codec.closed(clean=clean) == ended


def test_message_may_say_nothing() -> None:
    assert read(speaking("One."), '{"audio":null,"isFinal":false}') == []


def test_audio_that_nothing_asked_for_is_not_played() -> None:
    frame = audio(b"\1\1")
    assert read(speaking(), frame) == [Malformed("audio that no text asked for", len(frame))]


# Clearing


def test_what_was_cleared_is_dropped_here_since_the_wire_cannot() -> None:
    codec = speaking("One. Two.", "Three.")
    read(codec, audio(b"\1\1", "One. "))
    assert codec.send(Clear(), 0.0) == []
    assert codec.elapse(0.0) == [Cleared()]
    assert codec.elapse(0.0) == []
    codec.send(Speak("new", "Go."), 0.0)
    events = read(codec, audio(b"\2\2", "Two. "), audio(b"\3\3", "Three. "), audio(b"\4\4", "Go. "))
    assert pcm_of(events) == {"new": b"\4\4"}
    assert [event for event in events if isinstance(event, AudioEnd)] == [AudioEnd("new")]


# Errors and the rest


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (
            '{"message":"no text for 20 s","error":"input_timeout_exceeded","code":1008}',
            Problem("input_timeout_exceeded", "no text for 20 s"),
        ),
        ('{"message":"no","code":1008}', Problem("1008", "no")),
        ('{"message":"no"}', Problem("error", "no")),
        ('{"error":"detected_unusual_activity"}', Problem("detected_unusual_activity", "")),
    ],
)
def test_complaints_are_problems(frame: str, problem: Problem) -> None:
    assert read(speaking("One."), frame) == [problem]


def test_close_reason_is_explained() -> None:
    codec = speaking()
    assert "reconnect" in codec.explain_close(1008, "input_timeout_exceeded")
    assert codec.explain_close(1008, "something else") == ""


@pytest.mark.parametrize(("frame", "kind"), [('{"type":"flush_done"}', "flush_done"), ('{"a":1}', "")])
def test_unknown_message_survives_whole(frame: str, kind: str) -> None:
    assert read(speaking("One."), frame, frame.encode()) == [Raw(kind, frame)] * 2


@pytest.mark.parametrize("frame", ["", "{", "[]", '{"audio":"?"}', b"\xff"])
def test_unreadable_message_is_malformed(frame: Frame) -> None:
    [event] = read(speaking("One."), frame)
    assert isinstance(event, Malformed)


@pytest.mark.parametrize("text", ["", " \n", "…!"])
def test_there_must_be_something_to_say(text: str) -> None:
    with pytest.raises(ImpossibleCommand, match="no text"):
        speaking().send(Speak("a", text), 0.0)


def test_text_to_speech_does_not_listen() -> None:
    with pytest.raises(ImpossibleCommand, match="SendAudio"):
        speaking().send(SendAudio(b"\0\0"), 0.0)
