"""OpenAI Realtime in its GA shape: turns by text and voice, interruptions, faults."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from sessions.commands import (
    AnswerToolCall,
    CancelAnswer,
    Clear,
    Command,
    ImpossibleCommand,
    SendAudio,
    SendText,
    Truncate,
)
from sessions.events import (
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Audio,
    AudioEnd,
    Event,
    Malformed,
    Problem,
    Raw,
    Ready,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    Truncated,
    TurnAdded,
    Usage,
    UserText,
)
from sessions.gateway import address, gateway
from sessions.providers.catalogue import find
from sessions.providers.openai_realtime import RATE, RealtimeCodec
from sessions.providers.routes import Options
from sessions.secrets import Secret

CREATED = (
    '{"type":"session.created","event_id":"e1","session":{"type":"realtime","object":"realtime.session",'
    '"id":"sess_1","model":"gpt-realtime-2.1","expires_at":1795000000,"output_modalities":["audio"]}}'
)
UPDATED = '{"type":"session.updated","event_id":"e2","session":{"type":"realtime","id":"sess_1"}}'
LIMITS = (
    '{"type":"rate_limits.updated","event_id":"e3","rate_limits":'
    '[{"name":"tokens","limit":40000,"remaining":39000,"reset_seconds":1.5}]}'
)
CREATE, CANCEL = {"type": "response.create"}, {"type": "response.cancel"}


def message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event_id": "e9", **fields})


def of_answer(kind: str, answer: str = "resp_1", item: str = "item_2", **fields: Any) -> str:
    return message(
        f"response.{kind}", response_id=answer, item_id=item, output_index=0, content_index=0, **fields
    )


def audio(pcm: bytes, answer: str = "resp_1", item: str = "item_2") -> str:
    return of_answer("output_audio.delta", answer, item, delta=base64.b64encode(pcm).decode())


def started(answer: str = "resp_1") -> str:
    response = {"id": answer, "object": "realtime.response", "status": "in_progress", "output": []}
    return message("response.created", response=response)


def done(status: str = "completed", answer: str = "resp_1", **fields: Any) -> str:
    response = {"id": answer, "object": "realtime.response", "status": status, "output": [], **fields}
    return message("response.done", response=response)


def error(code: str | None, **fields: Any) -> str:
    return message("error", error={"type": "invalid_request_error", "code": code, "message": "No.", **fields})


def added(item: str, role: str) -> str:
    content = {"id": item, "type": "message", "role": role, "status": "in_progress", "content": []}
    return message("conversation.item.added", previous_item_id=None, item=content)


def read(codec: RealtimeCodec, *frames: str) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def sent(codec: RealtimeCodec, command: Command | None = None) -> list[dict[str, Any]]:
    """What goes out for a command, or by itself."""
    frames = codec.send(command, 0.0) if command else codec.poll(0.0)
    return [json.loads(frame) for frame in frames]


def ready() -> RealtimeCodec:
    codec = RealtimeCodec()
    read(codec, CREATED)
    codec.poll(0.0)
    return codec


def answering() -> RealtimeCodec:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    read(codec, started())
    return codec


# The start


def test_session_is_ready_when_the_service_says_so() -> None:
    assert read(RealtimeCodec(), CREATED) == [Ready("sess_1", 1795000000)]


def test_settings_go_out_once_after_the_greeting() -> None:
    codec = RealtimeCodec()
    assert sent(codec) == []
    read(codec, CREATED)
    [update] = sent(codec)
    assert update["type"] == "session.update"
    assert update["session"]["type"] == "realtime"
    assert update["session"]["output_modalities"] == ["audio"]
    assert update["session"]["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert update["session"]["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert read(codec, UPDATED, LIMITS) == []
    assert sent(codec) == []


def test_answers_can_be_asked_for_in_text_only() -> None:
    codec = RealtimeCodec(speech=False)
    read(codec, CREATED)
    assert sent(codec)[0]["session"]["output_modalities"] == ["text"]


def test_nothing_is_said_in_the_beta_shape() -> None:
    codec = RealtimeCodec()
    read(codec, CREATED)
    said = [*codec.poll(0.0), *codec.send(SendText("t1", "Hi."), 0.0), *codec.send(SendAudio(b"\0\0"), 0.0)]
    for word in ('"modalities"', "input_audio_format", "turn_detection_type", "pcm16", "temperature"):
        assert word not in "".join(map(str, said))


def test_voice_instructions_and_tools_are_set_where_they_are_given() -> None:
    tool = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": {}}
    codec = RealtimeCodec(voice="marin", instructions="Be brief, caf\udce9.", tools=(tool,))
    read(codec, CREATED)
    [update] = sent(codec)
    assert update["session"]["audio"]["output"]["voice"] == "marin"
    assert update["session"]["instructions"] == "Be brief, caf\ufffd."
    assert update["session"]["tools"] == [tool]
    plain = RealtimeCodec()
    read(plain, CREATED)
    [update] = sent(plain)
    assert "voice" not in update["session"]["audio"]["output"]
    assert not {"instructions", "tools"} & set(update["session"])


def test_beta_header_is_not_sent() -> None:
    offer, model = find("converse", "openai", None)
    for way in ("header", "subprotocol"):
        at = gateway("wss://g/v1/a/g", token_form=way)
        route = replace(offer.route(Options(model), direct=False), key=Secret("key-0123456789"))
        where = address(at, route)
        assert "beta" not in f"{where.url} {where.headers} {where.subprotocols}".lower()


@pytest.mark.parametrize("command", [SendText("t1", "Hi."), SendAudio(b"\0\0"), CancelAnswer()])
def test_before_the_greeting_nothing_can_be_sent(command: Command) -> None:
    with pytest.raises(ImpossibleCommand, match="not ready"):
        RealtimeCodec().send(command, 0.0)


# Turns


def test_turn_by_text() -> None:
    codec = ready()
    item, create = sent(codec, SendText("t1", "Name a river."))
    assert item == {
        "type": "conversation.item.create",
        "item": {
            "id": "t1",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Name a river."}],
        },
    }
    assert create == CREATE
    usage = {
        "total_tokens": 52,
        "input_tokens": 47,
        "output_tokens": 5,
        "input_token_details": {
            "text_tokens": 47,
            "audio_tokens": 3,
            "image_tokens": 0,
            "cached_tokens": 40,
            "cached_tokens_details": {"text_tokens": 40, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": 5, "audio_tokens": 2},
    }
    assert read(
        codec,
        added("t1", "user"),
        message("conversation.item.done", item={"id": "t1", "type": "message", "role": "user"}),
        started(),
        message("response.output_item.added", response_id="resp_1", item={"id": "item_2"}),
        added("item_2", "assistant"),
        of_answer("content_part.added", part={"type": "text", "text": ""}),
        of_answer("output_text.delta", delta="The ", obfuscation="x9"),
        of_answer("output_text.delta", delta="Rhine."),
        of_answer("output_text.done", text="The Rhine."),
        of_answer("content_part.done", part={"type": "text", "text": "The Rhine."}),
        message("response.output_item.done", response_id="resp_1", item={"id": "item_2"}),
        done(status_details=None, usage=usage, conversation_id="conv_1"),
        LIMITS,
    ) == [
        TurnAdded("t1", "user"),
        AnswerStarted("resp_1"),
        TurnAdded("item_2", "assistant"),
        AnswerText("resp_1", "item_2", "The "),
        AnswerText("resp_1", "item_2", "Rhine."),
        AnswerDone("resp_1", "completed", "", Usage(47, 3, 40, 5, 2)),
    ]


def test_spoken_answer_brings_its_transcript() -> None:
    assert read(
        answering(),
        LIMITS,
        of_answer("output_audio_transcript.delta", delta="The Rhine."),
        audio(b"\1\0\2\0"),
        of_answer("output_audio.done"),
        of_answer("output_audio_transcript.done", transcript="The Rhine."),
        done(usage={"input_token_details": None, "output_token_details": None}),
    ) == [
        AnswerText("resp_1", "item_2", "The Rhine."),
        Audio("item_2", b"\1\0\2\0", RATE),
        AudioEnd("item_2"),
        AnswerDone("resp_1", "completed", "", Usage()),
    ]


def test_turn_by_voice_is_told_as_it_is_understood() -> None:
    transcription = "conversation.item.input_audio_transcription"
    assert read(
        ready(),
        message("input_audio_buffer.speech_started", audio_start_ms=1200, item_id="item_1"),
        message("input_audio_buffer.speech_stopped", audio_end_ms=2600, item_id="item_1"),
        message("input_audio_buffer.committed", item_id="item_1", previous_item_id=None),
        added("item_1", "user"),
        started(),
        done(),
        message(f"{transcription}.delta", item_id="item_1", content_index=0, delta="Name a"),
        message(
            f"{transcription}.completed",
            item_id="item_1",
            content_index=0,
            transcript="Name a river.",
            usage={"type": "duration", "seconds": 1.4},
        ),
    ) == [
        SpeechStarted(1.2),
        SpeechStopped(2.6),
        TurnAdded("item_1", "user"),
        AnswerStarted("resp_1"),
        AnswerDone("resp_1", "completed"),
        UserText("item_1", "Name a", final=False),
        UserText("item_1", "Name a river.", final=True),
    ]


def test_failed_transcription_settles_the_turn_and_says_why() -> None:
    frame = message(
        "conversation.item.input_audio_transcription.failed",
        item_id="item_1",
        content_index=0,
        error={
            "type": "transcription_error",
            "code": "audio_unintelligible",
            "message": "Could not be read.",
        },
    )
    assert read(ready(), frame) == [
        UserText("item_1", "", final=True),
        Problem("audio_unintelligible", "Could not be read."),
    ]


def test_items_that_are_no_messages_are_no_turns() -> None:
    call = message("conversation.item.added", item={"id": "item_3", "type": "function_call", "name": "f"})
    assert read(ready(), call) == []


@pytest.mark.parametrize(
    ("status", "details", "reason"),
    [
        ("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, "client_cancelled"),
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}, "turn_detected"),
        ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, "max_output_tokens"),
        (
            "failed",
            {
                "type": "failed",
                "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Limit reached."},
            },
            "Limit reached.",
        ),
        ("failed", {"type": "failed", "error": {"type": "server_error", "code": "boom"}}, "boom"),
        ("failed", {"type": "failed", "reason": "odd", "error": {"type": "server_error"}}, "odd"),
        ("failed", None, ""),
    ],
)
def test_answer_that_does_not_complete_says_why(status: str, details: Any, reason: str) -> None:
    frame = done(status, status_details=details, usage=None)
    assert read(answering(), frame) == [AnswerDone("resp_1", status, reason)]


def test_there_must_be_text() -> None:
    with pytest.raises(ImpossibleCommand, match="no text"):
        ready().send(SendText("t1", "  \n"), 0.0)


def test_what_utf8_cannot_hold_is_replaced() -> None:
    item, _ = sent(ready(), SendText("t1", "caf\udce9"))
    assert item["item"]["content"][0]["text"] == "caf\ufffd"


BETA = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}


def test_names_of_the_beta_are_read_as_the_same_events() -> None:
    frames = [
        added("item_2", "assistant"),
        of_answer("output_text.delta", delta="The "),
        of_answer("output_text.done", text="The "),
        of_answer("output_audio_transcript.delta", delta="Rhine."),
        audio(b"\1\0\2"),
        audio(b"\0"),
        of_answer("output_audio.done"),
        of_answer("output_audio_transcript.done", transcript="Rhine."),
        done(),
    ]
    renamed = [
        json.dumps(each | {"type": BETA.get(each["type"], each["type"])}) for each in map(json.loads, frames)
    ]
    assert renamed != frames
    assert read(answering(), *renamed) == read(answering(), *frames) != []
    assert read(answering(), message("conversation.created", conversation={"id": "conv_1"})) == []


# Tools


def called(call: str = "call_1", answer: str = "resp_1", **fields: Any) -> str:
    item = {"id": "item_4", "type": "function_call", "status": "completed", "call_id": call}
    item |= {"name": "weather", "arguments": '{"city":"Lyon"}', **fields}
    return message("response.output_item.done", response_id=answer, output_index=0, item=item)


def arguments(call: str = "call_1", name: str = "weather") -> str:
    given = {"call_id": call, "name": name, "arguments": '{"city":"Lyon"}'}
    return of_answer("function_call_arguments.done", item="item_4", **given)


CALL = ToolCall("call_1", "weather", '{"city":"Lyon"}')


def test_tool_call_is_told_once_and_answered_after_its_response() -> None:
    codec = answering()
    assert read(
        codec,
        of_answer("function_call_arguments.delta", item="item_4", call_id="call_1", delta='{"city"'),
        arguments(),
        called(),
    ) == [CALL]
    [output] = sent(codec, AnswerToolCall("call_1", "14 degrees"))
    assert output == {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "call_1", "output": "14 degrees"},
    }
    assert sent(codec) == []
    read(codec, done())
    assert sent(codec) == [CREATE]
    assert read(codec, started("resp_2")) == [AnswerStarted("resp_2")]


def test_tool_call_after_its_response_is_answered_at_once() -> None:
    codec = answering()
    read(codec, called(), done())
    assert [each["type"] for each in sent(codec, AnswerToolCall("call_1", "14"))] == [
        "conversation.item.create",
        "response.create",
    ]


def test_name_of_a_call_may_come_with_its_item_only() -> None:
    assert read(answering(), arguments(name=""), called()) == [CALL]


def test_failed_tool_says_so_in_its_output() -> None:
    codec = answering()
    read(codec, called())
    [output] = sent(codec, AnswerToolCall("call_1", "no such city", failed=True))
    assert json.loads(output["item"]["output"]) == {"error": "no such city"}


def test_answer_is_made_when_all_calls_are_answered() -> None:
    codec = answering()
    read(codec, called("call_1"), called("call_2"), done())
    assert CREATE not in sent(codec, AnswerToolCall("call_1", "14"))
    assert sent(codec, AnswerToolCall("call_2", "15"))[1:] == [CREATE]


def test_only_calls_that_wait_can_be_answered() -> None:
    codec = answering()
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("call_1", "14"), 0.0)
    read(codec, called())
    codec.send(AnswerToolCall("call_1", "14"), 0.0)
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("call_1", "14"), 0.0)


def test_cancelled_answer_calls_no_tools() -> None:
    codec = answering()
    read(codec, called("call_1"))
    codec.send(CancelAnswer(), 0.0)
    assert read(codec, called("call_2")) == []
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("call_1", "14"), 0.0)


def test_output_that_is_no_call_says_nothing_new() -> None:
    assert (
        read(answering(), message("response.output_item.done", response_id="r", item={"type": "message"}))
        == []
    )


# One answer at a time


def test_next_question_cancels_the_answer_and_waits_for_its_end() -> None:
    codec = answering()
    assert [each["type"] for each in sent(codec, SendText("t2", "And a lake?"))] == [
        "response.cancel",
        "conversation.item.create",
    ]
    assert sent(codec) == []
    read(codec, done("cancelled"))
    assert sent(codec) == [CREATE]
    assert sent(codec) == []


def test_next_question_cancels_even_an_answer_that_has_no_name_yet() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    assert [each["type"] for each in sent(codec, SendText("t2", "A lake, rather."))] == [
        "response.cancel",
        "conversation.item.create",
    ]
    assert read(codec, started(), of_answer("output_text.delta", delta="The")) == [AnswerStarted("resp_1")]
    read(codec, done("cancelled"))
    assert sent(codec) == [CREATE]
    assert read(codec, started("resp_2"), of_answer("output_text.delta", "resp_2", delta="Lake"))[1:] == [
        AnswerText("resp_2", "item_2", "Lake")
    ]


def test_response_that_runs_already_is_waited_for() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    read(codec, started("by_voice"))
    assert read(codec, error("conversation_already_has_active_response")) == []
    assert sent(codec) == []
    read(codec, done(answer="by_voice"))
    assert sent(codec) == [CREATE]


def test_response_that_runs_unseen_is_waited_for_too() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    read(codec, error("conversation_already_has_active_response"))
    assert sent(codec) == []
    read(codec, done(answer="unseen"))
    assert sent(codec) == [CREATE]


def test_answer_whose_start_was_not_readable_does_not_block_the_next() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    read(codec, '{"type":"response.created","response":7}', done())
    assert CREATE in sent(codec, SendText("t2", "And a lake?"))


def test_refused_question_does_not_block_the_next() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    read(codec, error("invalid_value"))
    assert CREATE in sent(codec, SendText("t2", "And a lake?"))


def test_end_of_another_answer_is_not_the_end_of_this_one() -> None:
    codec = answering()
    read(codec, done(answer="out_of_band"))
    assert sent(codec, CancelAnswer()) == [CANCEL]


# Interruption


def test_what_still_comes_of_a_cancelled_answer_is_dropped() -> None:
    codec = answering()
    assert sent(codec, CancelAnswer()) == [CANCEL]
    assert read(
        codec,
        of_answer("output_text.delta", delta="too late"),
        of_answer("output_audio_transcript.delta", delta="too late"),
        audio(b"\1\0"),
        done("cancelled", status_details={"type": "cancelled", "reason": "client_cancelled"}),
        audio(b"\1\0"),
    ) == [AnswerDone("resp_1", "cancelled", "client_cancelled")]


def test_answer_can_be_cancelled_before_it_has_a_name() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    assert sent(codec, CancelAnswer()) == [CANCEL]
    assert sent(codec, CancelAnswer()) == []
    assert read(codec, started(), audio(b"\1\0"), done("cancelled")) == [
        AnswerStarted("resp_1"),
        AnswerDone("resp_1", "cancelled"),
    ]
    assert sent(codec) == []


def test_question_that_waits_is_not_asked_after_a_cancel() -> None:
    codec = answering()
    codec.send(SendText("t2", "And a lake?"), 0.0)
    assert sent(codec, CancelAnswer()) == []
    read(codec, done("cancelled"))
    assert sent(codec) == []


def test_cancelled_question_is_not_asked_again_when_it_was_refused() -> None:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    codec.send(CancelAnswer(), 0.0)
    read(codec, error("conversation_already_has_active_response"), done(answer="by_voice"))
    assert sent(codec) == []


def test_without_an_answer_there_is_nothing_to_cancel() -> None:
    assert sent(ready(), CancelAnswer()) == []


def test_speech_of_the_user_interrupts() -> None:
    codec = answering()
    read(codec, message("input_audio_buffer.speech_started", audio_start_ms=100, item_id="item_9"))
    assert read(codec, audio(b"\1\0")) == []
    assert sent(codec, CancelAnswer()) == []


@pytest.mark.parametrize(
    ("heard", "ms"), [(0.0, 0), (0.05, 50), (0.1, 100), (7.0, 100), (-1.0, 0), (float("inf"), 100)]
)
def test_truncation_is_never_above_what_was_received(heard: float, ms: int) -> None:
    codec = answering()
    read(codec, audio(bytes(4800)))
    assert sent(codec, Truncate("item_2", heard)) == [
        {
            "type": "conversation.item.truncate",
            "item_id": "item_2",
            "content_index": 0,
            "audio_end_ms": ms,
        }
    ]


def test_truncation_is_confirmed() -> None:
    frame = message("conversation.item.truncated", item_id="item_2", content_index=0, audio_end_ms=1500)
    assert read(ready(), frame) == [Truncated("item_2", 1.5)]


def test_only_speech_can_be_truncated() -> None:
    with pytest.raises(ImpossibleCommand, match="no speech"):
        ready().send(Truncate("item_2", 1.0), 0.0)


# Audio


def test_microphone_audio_is_appended_in_base64() -> None:
    [append] = sent(ready(), SendAudio(b"\x00\xff\xfe\x10"))
    assert append == {"type": "input_audio_buffer.append", "audio": "AP/+EA=="}


def test_audio_of_no_length_is_refused() -> None:
    with pytest.raises(ImpossibleCommand, match="empty"):
        ready().send(SendAudio(b""), 0.0)


def test_samples_split_over_deltas_are_put_together() -> None:
    events = read(answering(), *[audio(bytes([number])) for number in range(5)], audio(b"\5\6\7"))
    assert events == [
        Audio("item_2", b"\0\1", RATE),
        Audio("item_2", b"\2\3", RATE),
        Audio("item_2", b"\4\5\6\7", RATE),
    ]


def test_half_a_sample_at_the_end_is_forgotten() -> None:
    events = read(answering(), audio(b"\1"), of_answer("output_audio.done"), audio(b"\2\3"))
    assert events == [AudioEnd("item_2"), Audio("item_2", b"\2\3", RATE)]


def test_large_delta_is_one_piece() -> None:
    pcm = bytes(3 * 1024 * 1024)
    assert read(answering(), audio(pcm)) == [Audio("item_2", pcm, RATE)]


# Trouble


@pytest.mark.parametrize("code", ["response_cancel_not_active", "input_audio_buffer_commit_empty"])
def test_answer_to_a_command_that_came_too_late_is_no_problem(code: str) -> None:
    assert read(ready(), error(code)) == []


def test_error_is_a_problem_with_code_message_and_place() -> None:
    assert read(ready(), error("invalid_value", param="session.audio.output.speed", event_id="c7")) == [
        Problem("invalid_value", "No. (session.audio.output.speed)")
    ]
    assert read(ready(), error(None)) == [Problem("invalid_request_error", "No.")]
    assert read(ready(), '{"type":"error","error":{}}') == [Problem("error", "")]


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (4000, "invalid_request_error.beta_api_shape_disabled", "beta form"),
        (3000, "invalid_request_error.invalid_api_key", "OPENAI_API_KEY"),
        (4000, "invalid_request_error.missing_model", "--model"),
        (4004, "invalid_request_error.model_not_found", "--model"),
        (1001, "invalid_request_error.session_expired", "time limit"),
        (3000, "", ""),
    ],
)
def test_close_reason_is_explained(code: int, reason: str, advice: str) -> None:
    meaning = RealtimeCodec().explain_close(code, reason)
    assert advice in meaning and bool(advice) == bool(meaning)


@pytest.mark.parametrize(
    "kind",
    [
        "session.output_audio.delta",
        "session.output_transcript.delta",
        "response.mcp_call.completed",
    ],
)
def test_message_of_another_shape_survives_whole(kind: str) -> None:
    frame = message(kind, delta="AAA=")
    assert read(ready(), frame) == [Raw(kind, frame)]


@pytest.mark.parametrize(
    "frame",
    ["", "null", "{", of_answer("output_audio.delta", delta="AAA"), of_answer("output_audio.delta", delta=1)],
)
def test_unreadable_message_is_malformed(frame: str) -> None:
    [event] = read(ready(), frame)
    assert isinstance(event, Malformed)


def test_conversation_does_not_know_commands_of_others() -> None:
    with pytest.raises(ImpossibleCommand, match="Clear"):
        ready().send(Clear(), 0.0)
