"""What conversations can be told beside turns: to forget, other instructions, things in the background."""

import json
from typing import Any

import pytest

from sessions.commands import (
    AddContext,
    AnswerToolCall,
    CancelAnswer,
    Command,
    Forget,
    ImpossibleCommand,
    SendText,
    SetInstructions,
)
from sessions.providers.codec import Codec
from sessions.providers.elevenlabs_agent import ElevenLabsAgentCodec
from sessions.providers.gemini_live import GeminiLiveCodec
from sessions.providers.openai_realtime import RealtimeCodec

CREATED = '{"type":"session.created","session":{"id":"sess_1"}}'
CALL = (
    '{"type":"response.output_item.done","response_id":"r1","item":{"id":"i1","type":"function_call",'
    '"call_id":"c1","name":"weather","arguments":"{}"}}'
)
READY = {
    RealtimeCodec: CREATED,
    GeminiLiveCodec: '{"setupComplete":{}}',
    ElevenLabsAgentCodec: '{"type":"conversation_initiation_metadata",'
    '"conversation_initiation_metadata_event":{"conversation_id":"c1"}}',
}


def opened(codec: Codec) -> Codec:
    codec.poll(0.0)
    codec.receive(READY[type(codec)], 0.0)
    codec.poll(0.0)
    return codec


def sent(codec: Codec, *commands: Command) -> list[dict[str, Any]]:
    return [json.loads(frame) for command in commands for frame in codec.send(command, 0.0)]


def added(item: str, kind: str = "message", role: str = "assistant") -> str:
    return json.dumps(
        {"type": "conversation.item.added", "item": {"id": item, "type": kind, "role": role, "content": []}}
    )


def deletions(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["item_id"] for frame in frames if frame["type"] == "conversation.item.delete"]


def test_turn_is_taken_back_with_all_that_followed() -> None:
    codec = opened(RealtimeCodec())
    sent(codec, SendText("t1", "Why?"), SendText("t2", "And how?"))
    for item in ("t1", "i1", "t2"):
        codec.receive(added(item), 0.0)
    codec.receive(added("call", "function_call"), 0.0)
    assert deletions(sent(codec, Forget("t2"))) == ["call", "t2"]
    with pytest.raises(ImpossibleCommand, match="does not know of that turn"):
        codec.send(Forget("t2"), 0.0)
    assert deletions(sent(codec, Forget("t1"))) == ["i1", "t1"]


def test_spoken_turn_is_taken_back_too() -> None:
    codec = opened(RealtimeCodec())
    codec.receive(added("u1", role="user"), 0.0)
    assert deletions(sent(codec, Forget("u1"))) == ["u1"]


def test_call_that_was_taken_back_wants_no_answer() -> None:
    codec = opened(RealtimeCodec())
    sent(codec, SendText("t1", "weather"))
    codec.receive('{"type":"response.created","response":{"id":"r1"}}', 0.0)
    codec.receive(CALL, 0.0)
    codec.receive('{"type":"response.done","response":{"id":"r1","status":"completed"}}', 0.0)
    sent(codec, Forget("t1"))
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("c1", "rain"), 0.0)


def test_call_still_waits_after_a_stop_of_nothing() -> None:
    codec = opened(RealtimeCodec())
    sent(codec, SendText("t1", "weather"))
    codec.receive('{"type":"response.created","response":{"id":"r1"}}', 0.0)
    codec.receive(CALL, 0.0)
    codec.receive('{"type":"response.done","response":{"id":"r1","status":"completed"}}', 0.0)
    sent(codec, CancelAnswer())
    assert sent(codec, AnswerToolCall("c1", "rain"))[0]["item"]["output"] == "rain"


def test_instructions_are_replaced_and_nothing_else() -> None:
    codec = opened(RealtimeCodec(instructions="Be brief."))
    assert sent(codec, SetInstructions("Be kind.")) == [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind."}}
    ]
    assert sent(codec, SetInstructions(""))[0]["session"]["instructions"] == ""


def test_instructions_given_at_once_are_those_it_begins_with() -> None:
    codec = RealtimeCodec(instructions="Be brief.")
    codec.receive(CREATED, 0.0)
    [update] = sent(codec, SetInstructions("Be kind."))
    assert update["session"]["instructions"] == "Be kind." and "audio" in update["session"]
    assert codec.poll(0.0) == []


def test_what_is_told_in_the_background_asks_for_no_answer() -> None:
    [item] = sent(opened(RealtimeCodec()), AddContext("It rains."))
    assert item["item"]["role"] == "system"
    assert sent(opened(ElevenLabsAgentCodec()), AddContext("It rains.")) == [
        {"type": "contextual_update", "text": "It rains."}
    ]


@pytest.mark.parametrize("codec", [GeminiLiveCodec("gemini-3.8-live"), ElevenLabsAgentCodec()])
@pytest.mark.parametrize("command", [Forget("t1"), SetInstructions("Be kind.")])
def test_others_say_in_one_line_that_they_cannot(codec: Codec, command: Command) -> None:
    with pytest.raises(ImpossibleCommand, match=r"cannot take turns back|at the start of a session only"):
        opened(codec).send(command, 0.0)
