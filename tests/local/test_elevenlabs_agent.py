"""ElevenLabs agents over real sockets: text, speech, interruptions, tools, errors."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.local.clients import Gateway, Message, final_text, send, silence, transcribe, until_closed
from tests.local.hurried import hurried_gateway
from tests.speech import recording, transcripts, word_errors

INITIATION = "conversation_initiation_client_data"
METADATA = "conversation_initiation_metadata"


@contextmanager
def agent(gateway: Gateway, path: str = "elevenlabs", **initiation: Any) -> Iterator[ClientConnection]:
    with gateway.connect(path, {"agent_id": "agent_1"}) as socket:
        send(socket, INITIATION, **initiation)
        metadata = receive(socket)
        assert metadata["type"] == METADATA
        event = metadata["conversation_initiation_metadata_event"]
        assert event["agent_output_audio_format"] == event["user_input_audio_format"] == "pcm_16000"
        assert event["conversation_id"]
        yield socket


def override(**sections: Any) -> Message:
    return {"conversation_config_override": sections}


def receive(socket: ClientConnection) -> Message:
    return json.loads(socket.recv(timeout=30, decode=True))  # type: ignore[no-any-return]


def until(socket: ClientConnection, kind: str) -> list[Message]:
    """Return the messages up to the first of a type, pings left out."""
    found: list[Message] = []
    while not found or found[-1]["type"] != kind:
        message = receive(socket)
        if message["type"] != "ping" or kind == "ping":
            found.append(message)
    return found


def speak(socket: ClientConnection, pcm: bytes) -> None:
    for at in range(0, len(pcm), 8000):
        socket.send(json.dumps({"user_audio_chunk": base64.b64encode(pcm[at : at + 8000]).decode()}))


def audio_events(messages: list[Message]) -> list[Message]:
    return [message["audio_event"] for message in messages if message["type"] == "audio"]


def response_of(messages: list[Message]) -> str:
    (response,) = (one["agent_response_event"] for one in messages if one["type"] == "agent_response")
    return str(response["agent_response"])


def test_the_first_message_is_spoken_with_its_alignment(gateway: Gateway) -> None:
    overrides = override(agent={"first_message": "Good morning, {{ name }}. How are you?"})
    with agent(gateway, **overrides, dynamic_variables={"name": "Ada"}) as socket:
        send(socket, "user_activity")
        messages = [receive(socket)]
        while "?" not in aligned(messages):
            messages.append(receive(socket))
    assert response_of(messages) == aligned(messages) == "Good morning, Ada. How are you?"
    events = audio_events(messages)
    assert len({event["event_id"] for event in events}) == 1
    for event in events:
        milliseconds = len(base64.b64decode(event["audio_base_64"])) / 32
        starts, lengths = event["alignment"]["char_start_times_ms"], event["alignment"]["char_durations_ms"]
        assert len(starts) == len(lengths) == len(event["alignment"]["chars"])
        assert starts == sorted(starts) and all(0 <= start <= milliseconds for start in starts)
    pcm = b"".join(base64.b64decode(event["audio_base_64"]) for event in events)
    assert word_errors(["Good morning, Ada. How are you?"], [final_text(transcribe(gateway, pcm))]) <= 0.2


def aligned(messages: list[Message]) -> str:
    return "".join("".join(event["alignment"]["chars"]) for event in audio_events(messages))


def test_text_only_is_answered_in_parts(gateway: Gateway) -> None:
    with agent(gateway, **override(conversation={"text_only": True})) as socket:
        send(socket, "user_message", text="How do I quit the deck?")
        messages = until(socket, "agent_response")
    parts = [one["text_response_part"] for one in messages if one["type"] == "agent_chat_response_part"]
    assert (parts[0]["type"], parts[-1]["type"]) == ("start", "stop")
    assert {part["type"] for part in parts[1:-1]} == {"delta"}
    assert "".join(part["text"] for part in parts) == response_of(messages)
    assert "Control Q" in response_of(messages)
    assert len(messages) == len(parts) + 1


def test_speech_is_heard_and_answered(gateway: Gateway) -> None:
    path = "elevenlabs/v1/convai/conversation"
    with gateway.connect(path, {"agent_id": "agent_1", "source": "python_sdk"}) as socket:
        speak(socket, recording("sense_0880") + silence(1.5))
        assert receive(socket)["type"] == METADATA, "the client's own data may be left out"
        heard = until(socket, "user_transcript")
        answer = until(socket, "agent_response")
        assert audio_events([*answer, *until(socket, "audio")])
    assert {one["type"] for one in heard[:-1]} == {"tentative_user_transcript"}
    transcript = heard[-1]["user_transcription_event"]["user_transcript"]
    assert word_errors([transcripts()["sense_0880"]], [transcript]) <= 0.3


def test_speaking_over_an_answer_ends_it(chatting_gateway: Gateway) -> None:
    with agent(chatting_gateway) as socket:
        send(socket, "user_message", text="go on")
        first = until(socket, "audio")[-1]["audio_event"]
        speak(socket, recording("sense_0880")[:32000])
        messages = until(socket, "agent_response_correction")
        assert messages[-2]["type"] == "interruption"
        old = [first, *audio_events(messages)]
        correction = messages[-1]["agent_response_correction_event"]
        assert correction["original_agent_response"] == response_of(messages)
        assert correction["corrected_agent_response"].endswith("...")
        assert len(correction["corrected_agent_response"]) < len(correction["original_agent_response"])
        speak(socket, silence(1.5))
        new = until(socket, "audio")[-1]["audio_event"]
    boundary = messages[-2]["interruption_event"]["event_id"]
    assert all(event["event_id"] < boundary for event in old), "dropped by every client"
    assert new["event_id"] > boundary, "played by every client"


def test_typing_over_an_answer_ends_it_and_context_is_read(chatting_gateway: Gateway) -> None:
    prompt = {"prompt": {"prompt": "Be brief."}, "first_message": "I am going to say quite a lot to you now."}
    with agent(chatting_gateway, **override(agent=prompt)) as socket:
        until(socket, "audio")
        send(socket, "contextual_update", text="old", context_id="place")
        send(socket, "contextual_update", text="new", context_id="place")
        send(socket, "user_message", text="What?")
        until(socket, "interruption")
        until(socket, "agent_response_correction")
        response = response_of(until(socket, "agent_response"))
    assert response.startswith("I read system: Be brief. / system: new / ")
    assert response.endswith(" / user: What?") and "to you now" not in response


def test_a_tool_is_called_when_it_is_told_to(gateway: Gateway) -> None:
    with agent(gateway) as socket:
        send(socket, "user_message", text="Please call the tool lookup city=Lyon")
        call = until(socket, "client_tool_call")[-1]["client_tool_call"]
        assert (call["tool_name"], call["parameters"]) == ("lookup", {"city": "Lyon"})
        for tool_call_id in ("another", call["tool_call_id"]):
            send(socket, "client_tool_result", tool_call_id=tool_call_id, result="14 degrees", is_error=False)
        assert response_of(until(socket, "agent_response")) == "lookup says: 14 degrees."
        send(socket, "user_message", text="call the tool broken-one")
        call = until(socket, "client_tool_call")[-1]["client_tool_call"]
        failure = {"tool_call_id": call["tool_call_id"], "result": "no such tool", "is_error": True}
        send(socket, "client_tool_result", **failure)
        assert response_of(until(socket, "agent_response")) == "broken-one failed: no such tool."


def test_only_the_events_that_are_asked_for(gateway: Gateway) -> None:
    wanted = {"client_events": ["agent_response"]}
    with agent(gateway, **override(conversation=wanted, agent={"first_message": "Hi."})) as socket:
        send(socket, "feedback", event_id=1, score="like")
        send(socket, "user_message", text=None)
        assert [one["type"] for one in until(socket, "agent_response")] == ["agent_response"]


def test_pings_measure_the_latency(gateway: Gateway) -> None:
    with agent(gateway) as socket:
        first = until(socket, "ping")[-1]["ping_event"]
        assert first["ping_ms"] is None
        send(socket, "pong", event_id=first["event_id"])
        second = until(socket, "ping")[-1]["ping_event"]
    assert second["event_id"] > first["event_id"]
    assert isinstance(second["ping_ms"], int)


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (["convai"], "convai"),
        (["bearer.t", "convai"], "convai"),
        (["xi-api-key.k"], "xi-api-key.k"),
        ([], None),
    ],
)
def test_one_of_the_subprotocols_is_selected(
    gateway: Gateway, offered: list[str], selected: str | None
) -> None:
    with connect(
        f"{gateway.url}/elevenlabs?agent_id=a",
        additional_headers={"cf-aig-authorization": gateway.token},
        subprotocols=[Subprotocol(name) for name in offered] or None,
    ) as socket:
        assert socket.subprotocol == selected


def wrong(**sections: Any) -> Message:
    return {"type": INITIATION, **override(**sections)}


@pytest.mark.parametrize(
    ("frame", "error_type"),
    [
        ("{", "invalid_message"),
        ("[]", "invalid_message"),
        ({"text": " ", "voice_settings": {}}, "invalid_message"),
        ({"type": "sing"}, "invalid_message"),
        ({"type": ["pong"]}, "invalid_message"),
        ({"user_audio_chunk": "&&&"}, "invalid_message"),
        ({"user_audio_chunk": None}, "missing_fields"),
        ({"type": "contextual_update"}, "missing_fields"),
        ({"type": "client_tool_result", "tool_call_id": "x"}, "missing_fields"),
        (wrong(agent={"language": "fr"}), "override_error"),
        (wrong(agent=[]), "value_error"),
        (wrong(agent={"first_message": 3}), "value_error"),
        (wrong(tts={"speed": 9}), "value_error"),
        (wrong(conversation={"client_events": "audio"}), "value_error"),
        (wrong(agent={"first_message": "Hello {{name}}."}), "missing_dynamic_variable"),
    ],
)
def test_what_is_wrong_is_told_before_it_closes(gateway: Gateway, frame: Any, error_type: str) -> None:
    with gateway.connect("elevenlabs", {"agent_id": "a"}) as socket:
        socket.send(frame if isinstance(frame, str) else json.dumps(frame))
        messages = [one for one in until_closed(socket) if isinstance(one, dict)]
    event = messages[-1]["error_event"]
    assert (event["code"], event["error_type"]) == (1008, error_type)
    assert (socket.close_code, socket.close_reason) == (1008, event["reason"])


def test_the_clients_data_comes_once(gateway: Gateway) -> None:
    with agent(gateway) as socket:
        send(socket, INITIATION)
        assert until(socket, "error")[-1]["error_event"]["error_type"] == "invalid_message"


def test_without_an_agent_there_is_no_conversation(gateway: Gateway) -> None:
    with gateway.connect("elevenlabs", {}) as socket:
        (error,) = until_closed(socket)
    assert isinstance(error, dict) and error["error_event"]["error_type"] == "missing_fields"
    assert socket.close_code == 1008


def test_an_assistant_that_fails_ends_the_conversation(chatting_gateway: Gateway) -> None:
    with agent(chatting_gateway) as socket:
        send(socket, "user_message", text="refuse")
        assert until(socket, "error")[-1]["error_event"]["error_type"] == "llm_error"
        list(until_closed(socket))
    assert socket.close_code == 1002


def test_a_user_who_stays_away_ends_the_conversation() -> None:
    with (
        hurried_gateway("elevenlabs_agent", INPUT_LIMIT=0.6, PING_EVERY=0.2) as gateway,
        agent(gateway) as socket,
    ):
        messages = []
        for message in until_closed(socket):
            assert isinstance(message, dict)
            messages.append(message)
            if message["type"] == "ping":
                send(socket, "pong", event_id=message["ping_event"]["event_id"])
        assert messages[-1]["error_event"]["error_type"] == "transport_receive_timeout"
    assert socket.close_code == 1002
