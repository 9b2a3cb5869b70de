"""OpenAI Realtime over real sockets: function calls, and sessions that only transcribe."""

import json
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, send, silence, until
from tests.local.talk import answer, append, ask, at_24_khz, error_of, kinds, update
from tests.speech import transcripts, word_errors

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
}
TIME = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}


def called(events: list[Message]) -> Message:
    (item,) = events[-2]["response"]["output"]
    assert item["type"] == "function_call"
    return item  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("choice", "question", "name"),
    [
        ({"type": "function", "name": "get_time"}, "Hello.", "get_time"),
        ("required", "Hello.", "get_weather"),
        ("required", "Please get time now.", "get_time"),
        ("auto", "What does get_time say?", "get_time"),
    ],
)
def test_a_function_is_called(session: ClientConnection, choice: Any, question: str, name: str) -> None:
    update(session, output_modalities=["text"], tools=[WEATHER, TIME], tool_choice=choice)
    ask(session, question)
    assert called(answer(session))["name"] == name


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_no_function_is_called(session: ClientConnection, choice: str) -> None:
    update(session, output_modalities=["text"], tools=[WEATHER], tool_choice=choice)
    ask(session, "How do I quit the deck?" if choice == "auto" else "get_weather Lyon")
    (item,) = answer(session)[-2]["response"]["output"]
    assert item["type"] == "message"


def test_a_call_its_output_and_the_answer(session: ClientConnection) -> None:
    update(session, output_modalities=["text"])
    ask(session, "get_weather Lyon", tools=[WEATHER], tool_choice="required")
    events = answer(session)
    assert kinds(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    item = called(events)
    done = events[kinds(events).index("response.function_call_arguments.done")]
    deltas = [event["delta"] for event in events if event["type"].endswith("arguments.delta")]
    (done,) = (event for event in events if event["type"].endswith("arguments.done"))
    assert "".join(deltas) == done["arguments"] == item["arguments"]
    assert json.loads(item["arguments"]) == {"city": "Lyon"}
    assert done["call_id"] == item["call_id"] and done["item_id"] == item["id"]
    assert item["status"] == events[-2]["response"]["status"] == "completed"
    output = {"type": "function_call_output", "call_id": item["call_id"], "output": "14 degrees and rain"}
    send(session, "conversation.item.create", item=output)
    until(session, "conversation.item.done")
    send(session, "response.create", response={"tools": [WEATHER], "tool_choice": "required"})
    (told,) = answer(session)[-2]["response"]["output"]
    text = told["content"][0]["text"]
    assert "14 degrees and rain" in text and "weather" in text


def test_an_answer_with_a_result_can_be_spoken(session: ClientConnection) -> None:
    ask(session, "get_time", tools=[TIME], tool_choice="required")
    item = called(answer(session))
    output = {"type": "function_call_output", "call_id": item["call_id"], "output": '{"time": "noon"}'}
    send(session, "conversation.item.create", item=output)
    send(session, "response.create")
    events = answer(session)
    assert any(event["type"] == "response.output_audio.delta" for event in events)


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"tools": [{"type": "function"}]}, "session.tools[0].name"),
        ({"tools": [{"type": "drill"}]}, "session.tools[0].type"),
        ({"tools": {}}, "session.tools"),
        ({"tool_choice": "sometimes"}, "session.tool_choice"),
    ],
)
def test_bad_tools_are_named(session: ClientConnection, settings: dict[str, Any], param: str) -> None:
    send(session, "session.update", session={"type": "realtime", **settings})
    assert error_of(session)["param"] == param


def test_a_choice_that_is_no_tool_and_an_output_without_a_call(session: ClientConnection) -> None:
    choice = {"type": "function", "name": "get_weather"}
    send(session, "response.create", response={"tools": [TIME], "tool_choice": choice})
    assert error_of(session)["param"] == "response.tool_choice.name"
    send(session, "conversation.item.create", item={"type": "function_call_output", "output": "x"})
    assert error_of(session)["param"] == "item.call_id"


def test_a_transcription_session(gateway: Gateway) -> None:
    with gateway.connect("openai/realtime", {"intent": "transcription"}) as session:
        created = until(session, "session.created")[-1]["session"]
        assert (created["object"], created["type"]) == ("realtime.transcription_session", "transcription")
        assert created["audio"]["input"]["transcription"]["model"]
        assert not {"model", "output_modalities", "instructions", "tools"} & set(created)
        audio = {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}}
        send(session, "session.update", session={"type": "transcription", "audio": audio})
        updated = until(session, "session.updated")[-1]["session"]
        assert updated["audio"]["input"]["transcription"]["model"] == "gpt-4o-transcribe"
        assert updated["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
        append(session, at_24_khz("sense_0880") + silence(1, 24000))
        events = until(session, "conversation.item.input_audio_transcription.completed")
        assert word_errors([transcripts()["sense_0880"]], [events[-1]["transcript"]]) <= 0.2
        assert {"input_audio_buffer.committed", "conversation.item.done"} <= set(kinds(events))
        assert not any(event["type"].startswith("response.") for event in events)


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({"type": "response.create"}, "type"),
        ({"type": "conversation.item.create", "item": {}}, "type"),
        ({"type": "session.update", "session": {"type": "realtime"}}, "session.type"),
        ({"type": "session.update", "session": {"type": "transcription", "tools": []}}, "session.tools"),
    ],
)
def test_what_a_transcription_session_does_not_do(
    gateway: Gateway, event: dict[str, Any], param: str
) -> None:
    with gateway.connect("openai", {"intent": "transcription", "model": "gpt-4o-transcribe"}) as session:
        session.send(json.dumps(event))
        assert error_of(session)["param"] == param
