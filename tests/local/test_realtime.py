"""OpenAI Realtime (GA) over real sockets: typed turns, items, errors."""

import json
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.local.clients import Gateway, audio_of, final_text, send, transcribe, until, until_closed
from tests.local.talk import QUESTION, answer, ask, error_of, kinds, update
from tests.speech import word_errors


def test_a_text_turn(session: ClientConnection) -> None:
    ask(session, QUESTION, output_modalities=["text"], metadata={"topic": "keys"})
    added, done = until(session, "conversation.item.done")
    assert added["type"] == "conversation.item.added" and added["item"] == done["item"]
    assert added["previous_item_id"] is None
    events = answer(session)
    assert kinds(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert len({event["event_id"] for event in events}) == len(events)
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert "Control Q" in text and "not a language model" in text
    response = events[-2]["response"]
    assert response["status"] == "completed" and response["metadata"] == {"topic": "keys"}
    assert response["output"][0]["content"] == [{"type": "output_text", "text": text}]
    assert response["usage"]["output_token_details"]["audio_tokens"] == 0
    assert (
        response["usage"]["total_tokens"]
        == response["usage"]["input_tokens"] + response["usage"]["output_tokens"]
    )


def test_an_audio_turn_says_what_its_transcript_says(gateway: Gateway, session: ClientConnection) -> None:
    ask(session, QUESTION)
    events = answer(session)
    deltas = {"response.output_audio.delta", "response.output_audio_transcript.delta"}
    order = [kind for kind in kinds(events) if kind not in deltas]
    assert order == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    (transcript,) = (
        event["transcript"] for event in events if event["type"] == "response.output_audio_transcript.done"
    )
    audio = audio_of(events)
    heard = final_text(transcribe(gateway, audio, sample_rate="24000"))
    assert word_errors([transcript], [heard]) <= 0.15
    usage = events[-2]["response"]["usage"]
    assert usage["output_token_details"]["audio_tokens"] == pytest.approx(len(audio) / 48000 * 20, abs=1)


def test_telephone_formats_and_speed(session: ClientConnection) -> None:
    fast = {"format": {"type": "audio/pcmu"}, "speed": 1.5}
    settings = update(session, audio={"output": fast})
    assert settings["audio"]["output"]["format"] == {"type": "audio/pcmu"}
    assert settings["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}, "the rest stays"
    ask(session, QUESTION)
    quick = len(audio_of(answer(session))) / 8000
    ask(session, QUESTION, audio={"output": {"format": {"type": "audio/pcma"}, "speed": 1.0}})
    slow = len(audio_of(answer(session))) / 8000
    assert 1 < quick < slow


def test_one_response_at_a_time_and_cancelling_it(chatting: ClientConnection) -> None:
    send(chatting, "response.cancel", event_id="c0")
    error = error_of(chatting)
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "c0")
    ask(chatting, "go on", output_modalities=["text"])
    until(chatting, "response.output_text.delta")
    send(chatting, "response.create")
    assert error_of(chatting)["code"] == "conversation_already_has_active_response"
    send(chatting, "response.cancel")
    events = until(chatting, "response.done")
    assert events[-1]["response"]["status_details"]["reason"] == "client_cancelled"
    assert kinds(events)[-5:] == [
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    ask(chatting, "hello", output_modalities=["text"])
    assert answer(chatting)[-2]["response"]["status"] == "completed"


def test_a_language_model_reads_the_conversation(chatting: ClientConnection) -> None:
    update(chatting, instructions="Be brief.", output_modalities=["text"])
    ask(chatting, "one")
    answer(chatting)
    ask(chatting, "two")
    (item,) = answer(chatting)[-2]["response"]["output"]
    first = "I read system: Be brief. / user: one"
    assert (
        item["content"][0]["text"] == f"I read system: Be brief. / user: one / assistant: {first} / user: two"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("refuse", "the chat API answered 429: too many questions"),
        ("fail", "the model is gone"),
        ("garble", "the chat API sent something that is not a chat completion chunk"),
    ],
)
def test_a_language_model_that_fails_fails_the_response(
    chatting: ClientConnection, text: str, reason: str
) -> None:
    ask(chatting, text, output_modalities=["text"])
    response = answer(chatting)[-2]["response"]
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["message"] == reason
    ask(chatting, "hello", output_modalities=["text"])
    assert answer(chatting)[-2]["response"]["status"] == "completed"


def test_a_limit_on_the_answer_leaves_it_incomplete(session: ClientConnection) -> None:
    ask(session, QUESTION, output_modalities=["text"], max_output_tokens=5)
    response = answer(session)[-2]["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"]["reason"] == "max_output_tokens"
    assert response["usage"]["output_tokens"] <= 5


def test_items_are_put_where_they_belong_and_deleted(session: ClientConnection) -> None:
    def create(text: str, **fields: Any) -> str:
        item = {
            "type": "message",
            "role": "user",
            "id": text,
            "content": [{"type": "input_text", "text": text}],
        }
        send(session, "conversation.item.create", item=item, **fields)
        return str(until(session, "conversation.item.done")[-1]["previous_item_id"])

    assert [create("b"), create("c"), create("a", previous_item_id="root")] == ["None", "b", "None"]
    assert create("d", previous_item_id="b") == "b"
    send(session, "conversation.item.delete", item_id="b")
    assert until(session, "conversation.item.deleted")[-1]["item_id"] == "b"
    send(session, "conversation.item.delete", item_id="b")
    assert error_of(session)["code"] == "item_not_found"
    send(
        session,
        "conversation.item.create",
        item={"type": "message", "role": "user", "id": "a", "content": []},
    )
    assert error_of(session)["param"] == "item.id"


def test_a_response_beside_the_conversation(session: ClientConnection) -> None:
    content = [{"type": "input_text", "text": QUESTION}]
    question = {"type": "message", "role": "user", "content": content}
    send(
        session,
        "response.create",
        response={"conversation": "none", "output_modalities": ["text"], "input": [question]},
    )
    events = answer(session)
    assert "Control Q" in events[-2]["response"]["output"][0]["content"][0]["text"]
    assert events[-2]["response"]["conversation_id"] is None
    assert not any(event["type"].startswith("conversation.") for event in events)


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        (b"\x00\x01", "invalid_event", None),
        ("{", "invalid_json", None),
        ("[]", "invalid_event", None),
        ({}, "missing_required_parameter", "type"),
        ({"type": "response.dance"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "input_audio_buffer.append", "audio": "###"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_value", "audio"),
        ({"type": "conversation.item.create", "item": {"type": "song"}}, "invalid_value", "item.type"),
        (
            {"type": "response.create", "response": {"modalities": ["text"]}},
            "unknown_parameter",
            "response.modalities",
        ),
        ({"type": "response.create", "response": []}, "invalid_value", "response"),
        (
            {"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "no"}]}},
            "item_not_found",
            "response.input",
        ),
    ],
)
def test_a_bad_event_is_an_error_and_no_end(
    session: ClientConnection, frame: Any, code: str, param: str | None
) -> None:
    session.send(json.dumps({**frame, "event_id": "e1"}) if isinstance(frame, dict) else frame)
    error = error_of(session)
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)
    assert error["event_id"] == ("e1" if isinstance(frame, dict) else None)
    ask(session, QUESTION, output_modalities=["text"])
    assert answer(session)[-2]["response"]["status"] == "completed"


def test_the_voice_stays_once_it_was_heard(session: ClientConnection) -> None:
    assert update(session, audio={"output": {"voice": "marin"}})["audio"]["output"]["voice"] == "marin"
    ask(session, QUESTION)
    answer(session)
    send(session, "session.update", session={"type": "realtime", "audio": {"output": {"voice": "ash"}}})
    assert error_of(session)["code"] == "cannot_update_voice"


@pytest.mark.parametrize(
    ("path", "query", "headers", "subprotocols", "code"),
    [
        ("openai", "", {}, None, "missing_model"),
        ("openai", "?model=", {}, None, "missing_model"),
        ("openai/realtime", "?model=x", {"OpenAI-Beta": "realtime=v1"}, None, "beta_api_shape_disabled"),
        ("openai", "?model=x", {}, ["realtime", "openai-beta.realtime-v1"], "beta_api_shape_disabled"),
    ],
)
def test_what_the_service_refuses_after_the_handshake(
    gateway: Gateway, path: str, query: str, headers: dict[str, str], subprotocols: Any, code: str
) -> None:
    headers = {**headers, "cf-aig-authorization": gateway.token}
    with connect(
        f"{gateway.url}/{path}{query}", additional_headers=headers, subprotocols=subprotocols
    ) as socket:
        (error,) = until_closed(socket)
        assert isinstance(error, dict) and error["error"]["code"] == code
    assert socket.close_code == 4000
    assert socket.close_reason == f"invalid_request_error.{code}"


def test_the_other_address_is_the_same(gateway: Gateway) -> None:
    with gateway.connect("openai/realtime", {"model": "gpt-realtime-mini"}) as socket:
        (created,) = until(socket, "session.created")
    assert created["session"]["model"] == "gpt-realtime-mini"
