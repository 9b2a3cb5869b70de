"""Gemini Live over real sockets, with the frames that Google's clients send."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, final_text, resampled, silence, transcribe, until_closed
from tests.local.hurried import hurried_gateway
from tests.local.talk import QUESTION, question_aloud
from tests.speech import recording, transcripts, word_errors

MODEL = "models/gemini-3.8-live"
TOLD: Message = {"inputAudioTranscription": {}, "outputAudioTranscription": {}}
WEATHER: Message = {
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "get_weather",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
                        "required": ["city"],
                    },
                }
            ]
        }
    ]
}
MANUAL: Message = {"realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}}}


@contextmanager
def live(gateway: Gateway, path: str = "google", **setup: Any) -> Iterator[ClientConnection]:
    with gateway.connect(path, {"api_key": "k"}) as socket:
        send(socket, setup={"model": MODEL, **setup})
        assert receive(socket) == {"setupComplete": {}}
        yield socket


def send(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def say(socket: ClientConnection, text: str, *, complete: bool = True) -> None:
    turns = [{"role": "user", "parts": [{"text": text}]}]
    send(socket, client_content={"turns": turns, "turnComplete": complete})


def speak(socket: ClientConnection, pcm: bytes, rate: int = 16000) -> None:
    for at in range(0, len(pcm), rate // 5):
        data = base64.urlsafe_b64encode(pcm[at : at + rate // 5]).decode()
        send(socket, realtime_input={"audio": {"data": data, "mime_type": f"audio/pcm;rate={rate}"}})


def receive(socket: ClientConnection) -> Message:
    frame = socket.recv(timeout=30)
    assert isinstance(frame, bytes), "frames of the service are binary"
    return json.loads(frame)  # type: ignore[no-any-return]


def until(socket: ClientConnection, *path: str) -> list[Message]:
    """Return the messages up to the first that has the field."""
    found: list[Message] = []
    while not found or not has(found[-1], *path):
        found.append(receive(socket))
    return found


def has(message: Any, *path: str) -> bool:
    for name in path:
        if not isinstance(message, dict) or name not in message:
            return False
        message = message[name]
    return True


def turn(socket: ClientConnection) -> list[Message]:
    return until(socket, "serverContent", "turnComplete")


def text_of(messages: list[Message], field: str = "outputTranscription") -> str:
    told = (
        message["serverContent"][field]["text"]
        for message in messages
        if has(message, "serverContent", field)
    )
    return "".join(told)


def audio_of(messages: list[Message]) -> bytes:
    parts = [
        part["inlineData"]
        for message in messages
        if has(message, "serverContent", "modelTurn")
        for part in message["serverContent"]["modelTurn"]["parts"]
    ]
    assert {part["mimeType"] for part in parts} <= {"audio/pcm;rate=24000"}
    return b"".join(base64.b64decode(part["data"], validate=True) for part in parts)


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_the_addresses_that_the_sdks_append(gateway: Gateway, version: str) -> None:
    service = f"google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent"
    with live(gateway, f"google/ws/{service}"):
        pass


def test_a_turn_says_what_its_transcript_says(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD) as socket:
        say(socket, "good morning")
        messages = turn(socket)
    text, audio = text_of(messages), audio_of(messages)
    assert text == "I read user: good morning"
    heard = final_text(transcribe(chatting_gateway, audio, sample_rate="24000"))
    assert "good morning" in heard.lower()
    assert has(messages[-2], "serverContent", "generationComplete")
    usage = messages[-1]["usageMetadata"]
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["responseTokenCount"]
    (detail,) = usage["responseTokensDetails"]
    assert detail["modality"] == "AUDIO"
    assert detail["tokenCount"] == pytest.approx(len(audio) / 48000 * 25, abs=1)


def test_speech_is_heard_and_answered(gateway: Gateway) -> None:
    with live(gateway, **TOLD) as socket:
        speak(socket, recording("sense_0870") + silence(1))
        messages = until(socket, "serverContent", "modelTurn")
    kinds = [message["voiceActivity"]["type"] for message in messages if "voiceActivity" in message]
    assert kinds == ["ACTIVITY_START", "ACTIVITY_END"]
    offsets = [message["voiceActivity"]["audioOffset"] for message in messages if "voiceActivity" in message]
    assert all(offset.endswith("s") for offset in offsets)
    assert 0 < float(offsets[0][:-1]) < float(offsets[1][:-1]) < len(recording("sense_0870")) / 32000 + 1
    deltas = [message for message in messages if has(message, "serverContent", "inputTranscription")]
    assert len(deltas) >= 2
    assert word_errors([transcripts()["sense_0870"]], [text_of(messages, "inputTranscription")]) <= 0.3


def test_push_to_talk_at_another_rate(gateway: Gateway) -> None:
    with live(gateway, **TOLD, **MANUAL) as socket:
        speak(socket, resampled(recording("sense_0880"), 16000, 24000), 24000)
        send(socket, realtimeInput={"activityStart": {}})
        speak(socket, question_aloud(gateway), 24000)
        send(socket, realtimeInput={"activityEnd": {}})
        messages = until(socket, "serverContent", "generationComplete")
    assert word_errors([QUESTION], [text_of(messages, "inputTranscription")]) <= 0.2
    assert "Control Q" in text_of(messages)
    assert not any("voiceActivity" in message for message in messages)


def test_the_end_of_the_stream_ends_the_turn(gateway: Gateway) -> None:
    with live(gateway, inputAudioTranscription={}) as socket:
        speak(socket, recording("sense_0880"))
        send(socket, realtimeInput={"audioStreamEnd": True})
        messages = until(socket, "serverContent", "modelTurn")
        assert "young man" in text_of(messages, "inputTranscription")
        assert not text_of(messages), "what is said is told only to who wants it told"


def test_speaking_over_an_answer_ends_it(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD) as socket:
        send(socket, realtimeInput={"text": "go on"})
        until(socket, "serverContent", "modelTurn")
        speak(socket, recording("sense_0880")[:32000])
        messages = turn(socket)
        assert has(messages[-2], "serverContent", "interrupted")
        assert any("voiceActivity" in message for message in messages)
        assert not any(has(message, "serverContent", "generationComplete") for message in messages)


def test_without_interruption_the_answer_goes_on(chatting_gateway: Gateway) -> None:
    config = {"activityHandling": "NO_INTERRUPTION"}
    with live(chatting_gateway, **TOLD, realtimeInputConfig=config) as socket:
        say(socket, "one")
        send(socket, realtimeInput={"text": "two"})
        first, second = turn(socket), until(socket, "serverContent", "generationComplete")
    assert has(first[-2], "serverContent", "generationComplete")
    assert text_of(second) == "I read user: one / assistant: I read user: one / user: two"


def test_new_content_interrupts_and_the_history_has_what_was_heard(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD, system_instruction={"parts": [{"text": "Be brief."}]}) as socket:
        say(socket, "go on")
        until(socket, "serverContent", "modelTurn")
        say(socket, "stop")
        assert has(turn(socket)[-2], "serverContent", "interrupted")
        text = text_of(until(socket, "serverContent", "generationComplete"))
        assert text.startswith("I read system: Be brief. / user: go on / ") and text.endswith(" / user: stop")
        assert "Word 30" not in text
        send(socket, contextUpdate={"systemInstruction": {"parts": [{"text": "Be kind."}]}})
        say(socket, "again")
        turn(socket)
        assert "system: Be kind." in text_of(until(socket, "serverContent", "generationComplete"))


def test_contents_that_come_at_once_interrupt_each_other(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD) as socket:
        say(socket, "one")
        say(socket, "two")
        assert has(turn(socket)[-2], "serverContent", "interrupted")
        assert text_of(until(socket, "serverContent", "generationComplete")).endswith("user: two")


def test_history_can_be_given_before_the_first_turn(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD, historyConfig={"initialHistoryInClientContent": True}) as socket:
        turns = [{"role": role, "parts": [{"text": "x"}]} for role in ("user", "model")]
        send(socket, clientContent={"turns": turns, "turnComplete": True})
        say(socket, "y", complete=False)
        say(socket, "z")
        text = text_of(until(socket, "serverContent", "generationComplete"))
    assert text == "I read user: x / assistant: x / user: y / user: z"


def test_a_function_that_is_named_is_called(gateway: Gateway) -> None:
    with live(gateway, **TOLD, **WEATHER) as socket:
        say(socket, "Please get weather for 3 days, city: Lyon")
        (call,) = until(socket, "toolCall")[-1]["toolCall"]["functionCalls"]
        assert (call["name"], call["args"]) == ("get_weather", {"city": "Lyon", "days": 3})
        answer = {"id": call["id"], "name": "get_weather", "response": {"output": "14 degrees"}}
        send(socket, tool_response={"functionResponses": [answer]})
        text = text_of(until(socket, "serverContent", "generationComplete"))
    assert text == "get weather says: 14 degrees."


def test_an_interruption_cancels_the_call(gateway: Gateway) -> None:
    with live(gateway, **WEATHER) as socket:
        say(socket, "get_weather Berlin")
        (call,) = until(socket, "toolCall")[-1]["toolCall"]["functionCalls"]
        assert call["args"] == {"city": "Berlin"}
        say(socket, "never mind")
        cancelled = until(socket, "toolCallCancellation")[-1]
        assert cancelled == {"toolCallCancellation": {"ids": [call["id"]]}}
        assert len(turn(socket)) == 2
        send(socket, toolResponse={"functionResponses": [{"id": call["id"], "response": {}}]})
        list(until_closed(socket))
    assert socket.close_code == 1008 and "not found" in str(socket.close_reason)


def test_a_handle_resumes_the_conversation(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway, **TOLD, sessionResumption={"transparent": True}) as socket:
        (first,) = until(socket, "sessionResumptionUpdate")
        assert first["sessionResumptionUpdate"]["resumable"] is True
        say(socket, "remember me")
        turn(socket)
        (update,) = until(socket, "sessionResumptionUpdate")
    assert update["sessionResumptionUpdate"]["lastConsumedClientMessageIndex"] == "1"
    handle = update["sessionResumptionUpdate"]["newHandle"]
    with live(chatting_gateway, **TOLD, sessionResumption={"handle": handle}) as socket:
        say(socket, "who")
        text = text_of(until(socket, "serverContent", "generationComplete"))
    assert text == "I read user: remember me / assistant: I read user: remember me / user: who"
    other = {"model": f"{MODEL}-extended-thinking", "sessionResumption": {"handle": handle}}
    assert refusal(chatting_gateway, {"setup": other})[0] == 1007


def refusal(gateway: Gateway, *frames: Any) -> tuple[int | None, str | None]:
    with gateway.connect("google", {}) as socket:
        for frame in frames:
            socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        list(until_closed(socket))
    return socket.close_code, socket.close_reason


SETUP = {"setup": {"model": MODEL}}
CHUNK = {"mimeType": "audio/pcm;rate=16000", "data": "AAAA"}


@pytest.mark.parametrize(
    ("frames", "code", "reason"),
    [
        (["{"], 1007, "could not be parsed"),
        (["[]"], 1007, "Expected `object`"),
        ([{}], 1007, "a message is one of"),
        ([{"clientContent": {"turnComplete": True}}], 1007, "setup must be the first"),
        ([SETUP, SETUP], 1007, "setup must be the first"),
        ([SETUP, {"clientContent": {}, "realtimeInput": {}}], 1007, "a message is one of"),
        ([{"setup": {"modle": MODEL}}], 1007, "Unknown name \"modle\" at 'setup'"),
        (
            [{"setup": {"model": MODEL, "generationConfig": {"topQ": 1}}}],
            1007,
            '"topQ" at \'setup.generation_config',
        ),
        ([{"setup": {"model": MODEL, "x" * 500: 1}}], 1007, "Unknown name"),
        ([{"setup": {"model": 3}}], 1007, "Invalid value at 'setup.model'"),
        ([{"setup": {}}], 1008, "no model is not found"),
        ([{"setup": {"model": "models/gemini-2.5-flash"}}], 1008, "models/gemini-2.5-flash is not found"),
        (
            [{"setup": {"model": MODEL, "generationConfig": {"responseModalities": ["TEXT"]}}}],
            1007,
            "Cannot extract voices from a non-audio request",
        ),
        ([{"setup": {"model": MODEL, "sessionResumption": {"handle": "old"}}}], 1007, "handle is"),
        (
            [SETUP, {"realtimeInput": {"mediaChunks": [CHUNK]}}],
            1007,
            "realtime_input.media_chunks is deprecated",
        ),
        ([SETUP, {"realtimeInput": {"audio": {**CHUNK, "mimeType": "audio/mp3"}}}], 1007, "audio/mp3"),
        ([SETUP, {"realtimeInput": {"audio": {**CHUNK, "data": "&"}}}], 1007, "base64"),
        ([SETUP, {"realtimeInput": {"activityStart": {}}}], 1007, "activity_start is not supported"),
        (
            [{"setup": {"model": MODEL, **MANUAL}}, {"realtimeInput": {"audioStreamEnd": True}}],
            1007,
            "disabled",
        ),
        ([SETUP, {"toolResponse": {"functionResponses": [{"id": "no"}]}}], 1008, "entity was not found"),
    ],
)
def test_what_is_wrong_is_told_as_it_closes(
    gateway: Gateway, frames: list[Any], code: int, reason: str
) -> None:
    closed = refusal(gateway, *frames)
    assert closed[0] == code and reason in str(closed[1])
    assert len(str(closed[1]).encode()) <= 123


def test_an_assistant_that_fails_is_an_internal_error(chatting_gateway: Gateway) -> None:
    with live(chatting_gateway) as socket:
        say(socket, "refuse")
        list(until_closed(socket))
    assert socket.close_code == 1011 and "429" in str(socket.close_reason)


def test_the_end_is_announced() -> None:
    with (
        hurried_gateway("gemini_live", CONNECTION_LIMIT=0.8, NOTICE=0.5) as gateway,
        live(gateway) as socket,
    ):
        assert receive(socket) == {"goAway": {"timeLeft": "0.5s"}}
        assert not list(until_closed(socket))
    assert socket.close_code == 1011 and "Deadline" in str(socket.close_reason)
