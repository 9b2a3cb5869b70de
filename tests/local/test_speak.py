"""Deepgram speak v1 over real sockets."""

import json
import time

import numpy as np
import pytest

from sessions.local.deepgram_speak import FLUSHES, FlushLimit
from tests.local.clients import Gateway, final_text, send, spoken, transcribe, until_closed
from tests.speech import word_errors

LINE = "The small boat crossed the river before the rain began."
STORY = " ".join(
    f"This is sentence number {number} of a long story that is told here." for number in range(60)
)


def test_what_is_spoken_can_be_understood(gateway: Gateway) -> None:
    with gateway.speak(sample_rate="16000") as socket:
        _, metadata = spoken(socket, "Metadata")
        assert metadata["model_name"] == "aura-angus-en"
        assert metadata["request_id"] and metadata["model_uuid"]
        send(socket, "Speak", text=LINE[:20])
        send(socket, "Speak", text=LINE[20:])
        send(socket, "Flush")
        audio, flushed = spoken(socket)
        assert flushed == {"type": "Flushed", "sequence_id": 0}
    assert word_errors([LINE], [final_text(transcribe(gateway, audio))]) <= 0.1


def test_pieces_of_text_are_joined_as_they_were_sent(gateway: Gateway) -> None:
    with gateway.speak(sample_rate="16000") as socket:
        for piece in ("Dr. Brown ", "paid $3", ".50. He", "llo again", ", my friend", "."):
            send(socket, "Speak", text=piece)
        send(socket, "Flush")
        audio, _ = spoken(socket)
    heard = final_text(transcribe(gateway, audio))
    assert "brown" in heard and "hello again my friend" in heard


def test_audio_comes_in_small_frames_of_the_rate_asked_for(gateway: Gateway) -> None:
    lengths = []
    for encoding, rate, second in [
        ("linear16", "24000", 48000),
        ("linear16", "8000", 16000),
        ("mulaw", "8000", 8000),
    ]:
        with gateway.speak("aura-2-en", encoding=encoding, sample_rate=rate) as socket:
            send(socket, "Speak", text=LINE)
            send(socket, "Flush")
            send(socket, "Close")
            frames = [frame for frame in until_closed(socket) if isinstance(frame, bytes)]
            assert socket.close_code == 1000
        assert max(map(len, frames)) <= second / 10
        lengths.append(sum(map(len, frames)) / second)
    assert min(lengths) > 1.5
    assert max(lengths) - min(lengths) < 0.2


def test_alaw_is_sound(gateway: Gateway) -> None:
    with gateway.speak(encoding="alaw") as socket:
        send(socket, "Speak", text=LINE)
        send(socket, "Flush")
        audio, _ = spoken(socket)
    heard = transcribe(gateway, audio, encoding="alaw", sample_rate="8000")
    assert word_errors([LINE], [final_text(heard)]) <= 0.2


def test_whole_sentences_are_spoken_before_the_flush(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        send(socket, "Speak", text="This is a whole sentence. This is")
        assert isinstance(socket.recv(timeout=30), bytes)


def test_a_flush_of_nothing_is_answered(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        for sequence in range(3):
            send(socket, "Flush")
            assert spoken(socket) == (b"", {"type": "Flushed", "sequence_id": sequence})


def test_clear_stops_in_the_middle(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        for _ in range(6):
            send(socket, "Speak", text=STORY[:1900])
        send(socket, "Flush")
        assert isinstance(socket.recv(timeout=30), bytes)
        send(socket, "Clear")
        audio, cleared = spoken(socket, "Cleared")
        assert cleared["sequence_id"] == 0
        assert len(audio) < 300 * 48000, "of more than 500 seconds"
        send(socket, "Speak", text="Yes.")
        send(socket, "Flush")
        audio, flushed = spoken(socket)
        assert flushed["sequence_id"] == 1
        assert len(audio) < 3 * 48000, "and nothing of it comes later"


def test_each_clear_is_answered(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        send(socket, "Speak", text=STORY[:1900])
        for _ in range(3):
            send(socket, "Clear")
        send(socket, "Close")
        answers = [message for message in until_closed(socket) if isinstance(message, dict)]
    assert answers == [{"type": "Cleared", "sequence_id": number} for number in range(3)]
    assert socket.close_code == 1000


def test_a_peer_that_does_not_read_holds_the_audio_up_and_can_still_clear(gateway: Gateway) -> None:
    query = {"model": "@cf/deepgram/aura-1", "sample_rate": "48000"}
    with gateway.connect("workers-ai", query, max_queue=1) as socket:
        spoken(socket, "Metadata")
        for _ in range(10):
            send(socket, "Speak", text=STORY[:1900])
        time.sleep(1.0)
        send(socket, "Clear")
        audio, cleared = spoken(socket, "Cleared")
        assert cleared["sequence_id"] == 0
        assert len(audio) < 40e6, "of more than 100 MB"
        send(socket, "Flush")
        assert spoken(socket)[0] == b""


def test_close_finishes_what_was_said(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        send(socket, "Speak", text=LINE)
        send(socket, "Close")
        audio = b"".join(frame for frame in until_closed(socket) if isinstance(frame, bytes))
    assert socket.close_code == 1000
    assert len(audio) > 1.5 * 48000


def test_the_flush_too_many_is_dropped_with_a_warning(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        for _ in range(FLUSHES + 1):
            send(socket, "Flush")
        for _ in range(FLUSHES):
            _, last = spoken(socket)
        assert last["sequence_id"] == FLUSHES - 1
        _, warning = spoken(socket, "Warning")
        assert warning["code"] == "TOO_MANY_FLUSHES"


def test_the_flush_window_slides() -> None:
    limit = FlushLimit()
    assert all(limit.allows(float(second)) for second in range(FLUSHES))
    assert not limit.allows(59.9)
    assert limit.allows(60.0)
    assert not limit.allows(60.5)


@pytest.mark.parametrize(
    ("text", "code"), [("", "EMPTY_TEXT"), (" ", "EMPTY_TEXT"), ("a" * 2001, "TEXT_TOO_LONG")]
)
def test_text_that_cannot_be_spoken_is_warned_of(gateway: Gateway, text: str, code: str) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        send(socket, "Speak", text=text)
        assert spoken(socket, "Warning")[1]["code"] == code
        send(socket, "Flush")
        assert spoken(socket)[0] == b""


@pytest.mark.parametrize(
    "text", ["hello", "[]", '{"type": "Sing"}', '{"type": "Speak"}', '{"type": "Speak", "text": 5}']
)
def test_an_unreadable_message_ends_the_session(gateway: Gateway, text: str) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        socket.send(text)
        (error,) = until_closed(socket)
        assert isinstance(error, dict) and error["type"] == "Error"
    assert socket.close_code == 1008 and "DATA-0000" in (socket.close_reason or "")


def test_a_binary_message_ends_the_session(gateway: Gateway) -> None:
    with gateway.speak() as socket:
        spoken(socket, "Metadata")
        socket.send(b"audio")
        assert list(until_closed(socket)) == []
    assert socket.close_code == 1003 and "MESSAGE-0000" in (socket.close_reason or "")


def test_the_spanish_model_says_that_its_voice_is_english(gateway: Gateway) -> None:
    with gateway.speak("aura-2-es", speaker="diana") as socket:
        metadata, warning = (json.loads(socket.recv(timeout=30)) for _ in range(2))
        assert metadata["model_name"] == "aura-2-diana-es"
        assert warning["type"] == "Warning"
        send(socket, "Speak", text="Hola.")
        send(socket, "Flush")
        assert np.any(np.frombuffer(spoken(socket)[0], "<i2"))
