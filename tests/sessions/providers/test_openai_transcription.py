"""OpenAI Realtime for transcription only: turns by the service, turns by pauses, the end."""

import json
import struct
from typing import Any

import pytest

from sessions.commands import Command, Finalize, Finish, ImpossibleCommand, SendAudio, SendText
from sessions.events import (
    Event,
    Final,
    Interim,
    Malformed,
    Problem,
    Raw,
    Ready,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sessions.providers.openai_realtime import RATE
from sessions.providers.openai_transcription import LONGEST_TURN, TranscriptionCodec

CREATED = (
    '{"type":"session.created","event_id":"e1","session":{"type":"transcription",'
    '"object":"realtime.transcription_session","id":"sess_1","expires_at":1795000000}}'
)
COMMIT = {"type": "input_audio_buffer.commit"}


def message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event_id": "e9", **fields})


def of_item(kind: str, item: str = "item_1", **fields: Any) -> str:
    return message(
        f"conversation.item.input_audio_transcription.{kind}", item_id=item, content_index=0, **fields
    )


def started(ms: int, item: str = "item_1") -> str:
    return message("input_audio_buffer.speech_started", audio_start_ms=ms, item_id=item)


def stopped(ms: int, item: str = "item_1") -> str:
    return message("input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=item)


def committed(item: str = "item_1") -> str:
    return message("input_audio_buffer.committed", item_id=item, previous_item_id=None)


def error(code: str) -> str:
    return message("error", error={"type": "invalid_request_error", "code": code, "message": "No."})


def speech(seconds: float) -> SendAudio:
    return SendAudio(struct.pack("<h", -9000) * int(seconds * RATE))


def silence(seconds: float) -> SendAudio:
    return SendAudio(struct.pack("<h", 120) * int(seconds * RATE))


def read(codec: TranscriptionCodec, *frames: str) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def sent(codec: TranscriptionCodec, *commands: Command) -> list[str]:
    """The kinds of what goes out."""
    return [json.loads(frame)["type"] for each in commands for frame in codec.send(each, 0.0)]


def ready(model: str = "gpt-4o-transcribe") -> TranscriptionCodec:
    codec = TranscriptionCodec(model)
    read(codec, CREATED)
    codec.poll(0.0)
    return codec


def test_session_is_ready_when_the_service_says_so() -> None:
    assert read(TranscriptionCodec("whisper-1"), CREATED) == [Ready("sess_1", 1795000000)]
    beta = CREATED.replace("session.created", "transcription_session.created")
    assert read(TranscriptionCodec("whisper-1"), beta) == [Ready("sess_1", 1795000000)]


@pytest.mark.parametrize(
    ("model", "turn_detection"),
    [
        ("gpt-4o-transcribe", {"type": "server_vad"}),
        ("gpt-4o-mini-transcribe", {"type": "server_vad"}),
        ("whisper-1", {"type": "server_vad"}),
        ("gpt-realtime-whisper", None),
        ("gpt-live-transcribe", None),
    ],
)
def test_settings_go_out_once_with_the_turn_detection_that_the_model_knows(
    model: str, turn_detection: Any
) -> None:
    codec = TranscriptionCodec(model)
    assert codec.poll(0.0) == []
    read(codec, CREATED)
    [update] = [json.loads(frame) for frame in codec.poll(0.0)]
    assert update == {
        "type": "session.update",
        "session": {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": model},
                    "turn_detection": turn_detection,
                }
            },
        },
    }
    assert codec.poll(1.0) == []


def test_before_the_greeting_nothing_can_be_sent() -> None:
    with pytest.raises(ImpossibleCommand, match="not ready"):
        TranscriptionCodec("whisper-1").send(silence(0.1), 0.0)


def test_turn_is_found_by_the_service() -> None:
    codec = ready()
    assert sent(codec, speech(2.0), silence(1.0)) == ["input_audio_buffer.append"] * 2
    item = {"id": "item_1", "type": "message", "role": "user", "content": []}
    assert read(
        codec,
        started(100),
        stopped(2100),
        committed(),
        message("conversation.item.added", item=item),
        message("conversation.item.done", item=item),
        of_item("delta", delta="Turn it "),
        of_item("delta", delta="off."),
        of_item("completed", transcript=" Turn it off. ", usage={"type": "duration", "seconds": 2}),
        message("rate_limits.updated", rate_limits=[]),
    ) == [
        SpeechStarted(0.1),
        SpeechStopped(2.1),
        Interim("Turn it ", 0.1, 2.1),
        Interim("Turn it off.", 0.1, 2.1),
        Final("Turn it off.", 0.1, 2.1),
        Utterance("Turn it off.", 0.1, 2.1),
    ]


def test_transcripts_of_turns_may_overlap() -> None:
    codec = ready()
    events = read(
        codec,
        *(started(0), stopped(900), committed()),
        *(started(1500, "item_2"), stopped(2000, "item_2"), committed("item_2")),
        of_item("delta", "item_2", delta="Two"),
        of_item("delta", "item_1", delta="One"),
        of_item("completed", "item_2", transcript="Two."),
        of_item("completed", "item_1", transcript="One."),
    )
    assert events[4:] == [
        Interim("Two", 1.5, 2.0),
        Interim("One", 0.0, 0.9),
        Final("Two.", 1.5, 2.0),
        Utterance("Two.", 1.5, 2.0),
        Final("One.", 0.0, 0.9),
        Utterance("One.", 0.0, 0.9),
    ]


def test_turn_without_words_is_no_utterance() -> None:
    assert read(ready(), committed(), of_item("completed", transcript="")) == []
    assert read(ready(), committed(), of_item("delta", delta="Hm"), of_item("completed", transcript=" ")) == [
        Interim("Hm", 0.0, 0.0),
        Interim("", 0.0, 0.0),
    ]


def test_failed_transcription_keeps_what_was_heard() -> None:
    failed = of_item("failed", error={"code": "audio_unintelligible", "message": "Could not be read."})
    assert read(ready(), failed) == [Problem("audio_unintelligible", "Could not be read.")]
    assert read(ready(), of_item("delta", delta=" Turn"), failed)[1:] == [
        Utterance("Turn", 0.0, 0.0, confirmed=False),
        Problem("audio_unintelligible", "Could not be read."),
    ]


# Models that leave the turns to the client


def test_pause_ends_the_turn() -> None:
    codec = ready("gpt-realtime-whisper")
    assert sent(codec, silence(2.0), speech(1.0), silence(0.4)) == ["input_audio_buffer.append"] * 3
    assert read(codec, of_item("delta", delta="Turn")) == [Interim("Turn", 0.0, 3.4)]
    assert sent(codec, speech(0.2), silence(0.5)) == ["input_audio_buffer.append"] * 2
    assert sent(codec, silence(0.1)) == ["input_audio_buffer.append", "input_audio_buffer.commit"]
    assert sent(codec, silence(5.0)) == ["input_audio_buffer.append"]
    start, end = 0.0, 4.2
    assert read(codec, committed(), of_item("completed", transcript="Turn it off.")) == [
        Final("Turn it off.", start, end),
        Utterance("Turn it off.", start, end),
    ]
    assert read(codec, of_item("delta", "item_2", delta="And")) == [Interim("And", 4.2, 9.2)]


def test_turn_ends_in_time_where_it_is_never_quiet() -> None:
    codec = ready("gpt-realtime-whisper")
    assert sent(codec, speech(LONGEST_TURN - 1)) == ["input_audio_buffer.append"]
    assert sent(codec, speech(1.0)) == ["input_audio_buffer.append", "input_audio_buffer.commit"]
    assert sent(codec, speech(LONGEST_TURN - 1)) == ["input_audio_buffer.append"]


def test_words_after_a_commit_belong_to_what_it_covers() -> None:
    codec = ready("gpt-realtime-whisper")
    sent(codec, speech(1.0), Finalize(), speech(1.0))
    assert read(codec, of_item("delta", delta="One"), committed(), of_item("delta", delta=" two")) == [
        Interim("One", 0.0, 2.0),
        Interim("One two", 0.0, 1.0),
    ]


# The end


def test_finalize_settles_what_was_heard() -> None:
    codec = ready()
    assert sent(codec, Finalize()) == []
    assert sent(codec, speech(1.0), Finalize(), Finalize())[1:] == ["input_audio_buffer.commit"]


def test_session_is_finished_when_the_last_transcript_has_come() -> None:
    codec = ready()
    sent(codec, speech(1.0))
    assert not codec.finished
    assert sent(codec, Finish()) == ["input_audio_buffer.commit"]
    assert not codec.finished
    read(codec, committed())
    assert not codec.finished
    assert read(codec, of_item("completed", transcript="Off.")) == [
        Final("Off.", 0.0, 1.0),
        Utterance("Off.", 0.0, 1.0),
    ]
    assert codec.finished


def test_session_waits_for_turns_that_the_service_has_ended_itself() -> None:
    codec = ready()
    sent(codec, speech(1.0))
    read(codec, started(0), stopped(800))
    sent(codec, Finish())
    read(codec, committed())
    assert not codec.finished
    assert read(codec, error("input_audio_buffer_commit_empty")) == []
    assert not codec.finished
    read(codec, of_item("failed", error={"code": "boom"}))
    assert codec.finished


def test_session_in_which_nothing_was_said_is_finished_at_once() -> None:
    codec = ready()
    assert sent(codec, Finish()) == []
    assert codec.finished


def test_nothing_more_is_taken_after_the_finish() -> None:
    codec = ready()
    sent(codec, Finish())
    with pytest.raises(ImpossibleCommand, match="finishing"):
        codec.send(speech(0.1), 0.0)


def test_broken_connection_keeps_what_was_heard() -> None:
    codec = ready()
    read(codec, started(0), of_item("delta", delta="Turn it "), started(2000, "item_2"))
    assert codec.closed(clean=False) == [Utterance("Turn it", 0.0, 0.0, confirmed=False)]


# Trouble


def test_refused_commit_without_a_commit_is_no_problem() -> None:
    assert read(ready(), error("input_audio_buffer_commit_empty")) == []


def test_error_is_a_problem() -> None:
    assert read(ready(), error("invalid_value")) == [Problem("invalid_value", "No.")]


def test_unknown_and_unreadable_messages_are_shown() -> None:
    frame = message("session.output_transcript.delta", delta="x")
    [raw, malformed] = read(ready(), frame, "{")
    assert raw == Raw("session.output_transcript.delta", frame)
    assert isinstance(malformed, Malformed)


def test_transcription_does_not_know_commands_of_others() -> None:
    with pytest.raises(ImpossibleCommand, match="SendText"):
        ready().send(SendText("t1", "Hi."), 0.0)
    with pytest.raises(ImpossibleCommand, match="empty"):
        ready().send(SendAudio(b""), 0.0)


def test_close_reason_is_explained() -> None:
    assert "OPENAI_API_KEY" in ready().explain_close(3000, "invalid_request_error.invalid_api_key")
