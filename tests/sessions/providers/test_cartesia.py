"""Cartesia's streaming text-to-speech: contexts side by side, their words, and their end."""

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
from sessions.providers.cartesia import MOST_CONTEXTS, OUTPUT_RATE, CartesiaCodec
from sessions.providers.codec import Frame

MODEL, VOICE = "sonic-3.5", "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"


def codec_for(*texts: str) -> CartesiaCodec:
    """A codec that was asked for utterances named a, b, ..."""
    codec = CartesiaCodec(MODEL, VOICE)
    for name, text in zip("abcdefgh", texts, strict=False):
        codec.send(Speak(name, text), 0.0)
    return codec


def read(codec: CartesiaCodec, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def answer(kind: str, context: str | None, **fields: Any) -> str:
    message = {"type": kind, "status_code": 206, "done": kind == "done", "context_id": context}
    return json.dumps(message | fields)


def chunk(context: str, pcm: bytes) -> str:
    return answer("chunk", context, data=b64encode(pcm).decode(), step_time=41.7)


def timestamps(context: str, words: Any) -> str:
    return answer("timestamps", context, word_timestamps=words)


# Speaking


def test_sentences_continue_one_context_and_the_last_one_ends_it() -> None:
    frames = CartesiaCodec(MODEL, VOICE, "fr").send(Speak("turn-12", "Un. Deux."), 0.0)
    same = {
        "model_id": MODEL,
        "voice": {"mode": "id", "id": VOICE},
        "language": "fr",
        "context_id": "turn-12",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
        "add_timestamps": True,
        "max_buffer_delay_ms": 0,
    }
    assert [json.loads(frame) for frame in frames] == [
        same | {"transcript": "Un. ", "continue": True},
        same | {"transcript": "Deux.", "continue": False},
    ]


def test_what_utf8_cannot_hold_is_replaced() -> None:
    [frame] = CartesiaCodec(MODEL, VOICE).send(Speak("a", "caf\udce9 open"), 0.0)
    assert json.loads(frame)["transcript"] == "caf\ufffd open"


def test_contexts_may_come_interleaved() -> None:
    codec = codec_for("One.", "Two.")
    assert read(
        codec,
        chunk("b", b"\2\0"),
        chunk("a", b"\1\0"),
        answer("done", "b"),
        chunk("a", b"\1\1"),
        answer("done", "a"),
    ) == [
        Audio("b", b"\2\0", OUTPUT_RATE),
        Audio("a", b"\1\0", OUTPUT_RATE),
        AudioEnd("b"),
        Audio("a", b"\1\1", OUTPUT_RATE),
        AudioEnd("a"),
    ]


def test_samples_are_put_together_within_their_context() -> None:
    codec = codec_for("One.", "Two.")
    events = read(codec, chunk("a", b"\1"), chunk("b", b"\5\6"), chunk("a", b"\2\3"), chunk("a", b""))
    assert events == [Audio("b", b"\5\6", OUTPUT_RATE), Audio("a", b"\1\2", OUTPUT_RATE)]


def test_words_mark_their_sentences() -> None:
    codec = codec_for("The first stop. Lisbon!")
    assert read(
        codec,
        timestamps("a", {"words": ["The", "first"], "start": [0.02, 0.15], "end": [0.14, 0.4]}),
        timestamps("a", {"words": ["stop.", "Lisbon!"], "start": [0.4, 1.0], "end": [0.9, 1.6]}),
    ) == [
        AudioSpan("a", 0, 16, 0.02),
        AudioWords("a", (Word("The", 0.02, 0.14), Word("first", 0.15, 0.4))),
        AudioSpan("a", 16, 23, 1.0),
        AudioWords("a", (Word("stop.", 0.4, 0.9), Word("Lisbon!", 1.0, 1.6))),
    ]


def test_timestamps_may_have_no_body() -> None:
    assert read(codec_for("One."), timestamps("a", None)) == []


def test_flush_that_nobody_asked_for_is_nothing() -> None:
    assert read(codec_for("One."), answer("flush_done", "a", flush_id=1, flush_done=True)) == []


def test_what_exceeds_the_smallest_plan_waits() -> None:
    codec = codec_for(*["One."] * MOST_CONTEXTS)
    assert codec.send(Speak("next", "More."), 0.0) == []
    assert codec.poll(1.0) == []
    read(codec, answer("done", "a"))
    assert [json.loads(frame)["context_id"] for frame in codec.poll(2.0)] == ["next"]


def test_name_is_not_used_twice() -> None:
    codec = codec_for("One.")
    read(codec, answer("done", "a"))
    with pytest.raises(ImpossibleCommand, match="'a' was used before"):
        codec.send(Speak("a", "Again."), 0.0)


# Clearing


def test_clear_cancels_each_context_and_drops_what_is_late() -> None:
    codec = codec_for(*["One."] * (MOST_CONTEXTS + 1))
    cancels = [json.loads(frame) for frame in codec.send(Clear(), 0.0)]
    assert cancels == [{"context_id": "a", "cancel": True}, {"context_id": "b", "cancel": True}]
    assert codec.elapse(0.0) == [Cleared()]
    assert codec.elapse(0.0) == []
    assert codec.poll(1.0) == []
    late = [
        chunk("a", b"\1\0"),
        timestamps("a", None),
        answer("error", "a", title="Cancelled"),
        answer("done", "a"),
    ]
    assert read(codec, *late) == []
    assert len(codec.send(Speak("new", "Two."), 1.0)) == 1


def test_clear_where_nothing_is_spoken_is_still_told() -> None:
    codec = codec_for()
    assert codec.send(Clear(), 0.0) == []
    assert codec.elapse(0.0) == [Cleared()]


# Errors


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {
                "status_code": 400,
                "error_code": "model_not_found",
                "title": "Invalid model",
                "message": "unknown model id",
                "request_id": "r1",
            },
            Problem("model_not_found", "Invalid model: unknown model id"),
        ),
        ({"status_code": 400, "error": "Invalid model: nova"}, Problem("400", "Invalid model: nova")),
        ({"status_code": 429, "error_code": None, "message": "too many"}, Problem("429", "too many")),
        ({"status_code": None}, Problem("error", "")),
    ],
)
def test_error_of_either_form_ends_its_context_or_is_of_the_connection(
    fields: dict[str, Any], problem: Problem
) -> None:
    codec = codec_for("One.")
    assert read(codec, answer("error", None, **fields)) == [problem]
    assert read(codec, answer("error", "never-opened", **fields)) == [problem]
    assert read(codec, answer("error", "a", **fields)) == [problem, AudioEnd("a")]


@pytest.mark.parametrize("context", ["never-opened", None])
def test_audio_that_nothing_asked_for_is_not_played(context: str | None) -> None:
    frame = answer("chunk", context, data="AAA=")
    assert read(codec_for("One."), frame) == [Malformed("of a context that was never opened", len(frame))]


def test_unknown_message_survives_whole() -> None:
    frame = answer("phoneme_timestamps", "a", phoneme_timestamps=None)
    assert read(codec_for("One."), frame) == [Raw("phoneme_timestamps", frame)]


@pytest.mark.parametrize("frame", ["", "{", '{"type":"chunk","context_id":"a","data":"?"}', b"\xff"])
def test_unreadable_message_is_malformed(frame: Frame) -> None:
    [event] = read(codec_for("One."), frame)
    assert isinstance(event, Malformed)


# The end


def test_close_of_an_idle_connection_needs_no_explanation() -> None:
    codec = codec_for()
    assert codec.explain_close(1000, "idle timeout") == ""
    assert codec.closed(clean=True) == []


# What cannot be


@pytest.mark.parametrize("text", ["", " \n"])
def test_there_must_be_text(text: str) -> None:
    with pytest.raises(ImpossibleCommand, match="no text"):
        codec_for().send(Speak("a", text), 0.0)


@pytest.mark.parametrize("command", [SendAudio(b"\0\0"), Finish()])
def test_text_to_speech_does_not_listen_and_knows_no_goodbye(command: SendAudio | Finish) -> None:
    with pytest.raises(ImpossibleCommand, match=type(command).__name__):
        codec_for().send(command, 0.0)
