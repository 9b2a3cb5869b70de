"""OpenAI Realtime (GA) over real sockets: spoken turns."""

import numpy as np
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, resampled, send, silence, until
from tests.local.talk import QUESTION, answer, append, ask, at_24_khz, error_of, kinds, question_aloud, update
from tests.speech import recording, transcripts, word_errors


def test_a_voice_turn_is_heard_and_answered(gateway: Gateway, session: ClientConnection) -> None:
    update(session, output_modalities=["text"], audio={"input": {"transcription": {"model": "any"}}})
    append(session, question_aloud(gateway) + silence(1, 24000))
    events = until(session, "rate_limits.updated")
    types = [event["type"] for event in events]
    order = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.done",
    ]
    places = [types.index(kind) for kind in order]
    assert places == sorted(places)
    started, stopped = events[places[0]], events[places[1]]
    assert 0 <= started["audio_start_ms"] < stopped["audio_end_ms"]
    item_id = started["item_id"]
    assert stopped["item_id"] == events[places[2]]["item_id"] == events[places[3]]["item"]["id"] == item_id
    (completed,) = (
        event for event in events if event["type"].endswith("input_audio_transcription.completed")
    )
    assert completed["item_id"] == item_id
    assert word_errors([QUESTION], [completed["transcript"]]) <= 0.2
    assert completed["usage"]["type"] == "duration" and completed["usage"]["seconds"] > 0.5
    response = events[places[-1]]["response"]
    assert "Control Q" in response["output"][0]["content"][0]["text"]
    assert response["usage"]["input_token_details"]["audio_tokens"] > 5


def test_transcription_deltas_are_the_beginning_of_the_transcript(session: ClientConnection) -> None:
    detection = {"type": "semantic_vad", "create_response": False}
    update(session, audio={"input": {"transcription": {}, "turn_detection": detection}})
    append(session, at_24_khz("sense_0870") + silence(1, 24000))
    events = until(session, "conversation.item.input_audio_transcription.completed")
    deltas = [event["delta"] for event in events if event["type"].endswith("transcription.delta")]
    assert len(deltas) >= 2
    assert word_errors([transcripts()["sense_0870"]], ["".join(deltas)]) <= 0.3
    assert word_errors([transcripts()["sense_0870"]], [events[-1]["transcript"]]) <= 0.1
    assert not any(event["type"].startswith("response.") for event in events)


def test_speaking_over_an_answer_ends_it(chatting: ClientConnection) -> None:
    ask(chatting, "go on")
    until(chatting, "response.output_audio.delta")
    append(chatting, at_24_khz("sense_0880")[: 2 * 48000])
    events = until(chatting, "response.done")
    assert kinds(events)[-7:] == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    response = events[-1]["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    (item,) = response["output"]
    assert item["status"] == "incomplete"
    send(chatting, "conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=100)
    assert until(chatting, "conversation.item.truncated")[-1]["audio_end_ms"] == 100
    send(chatting, "conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=101)
    assert error_of(chatting)["param"] == "audio_end_ms"
    send(chatting, "conversation.item.retrieve", item_id=item["id"])
    assert "transcript" not in until(chatting, "conversation.item.retrieved")[-1]["item"]["content"][0]


def test_push_to_talk(gateway: Gateway, session: ClientConnection) -> None:
    update(
        session,
        output_modalities=["text"],
        audio={"input": {"transcription": {}, "turn_detection": None}},
    )
    append(session, silence(0.05, 24000))
    send(session, "input_audio_buffer.commit", event_id="c1")
    error = error_of(session)
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "c1")
    append(session, question_aloud(gateway))
    send(session, "input_audio_buffer.commit")
    events = until(session, "conversation.item.input_audio_transcription.completed")
    assert kinds(events)[:3] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert not any(event["type"].startswith("response.") for event in events)
    send(session, "response.create")
    assert "Control Q" in answer(session)[-2]["response"]["output"][0]["content"][0]["text"]


def test_what_is_cleared_is_not_committed(session: ClientConnection) -> None:
    update(session, audio={"input": {"turn_detection": None}})
    append(session, at_24_khz("sense_0880"))
    send(session, "input_audio_buffer.clear")
    send(session, "input_audio_buffer.commit")
    events = until(session, "error")
    assert kinds(events) == ["input_audio_buffer.cleared", "error"]


def test_telephone_audio_is_heard(session: ClientConnection) -> None:
    detection = {"type": "server_vad", "create_response": False}
    audio = {"input": {"format": {"type": "audio/pcma"}, "transcription": {}, "turn_detection": detection}}
    update(session, audio=audio)
    samples = np.frombuffer(resampled(recording("sense_0880"), 16000, 8000), "<i2").astype(int)
    size = np.maximum(np.abs(samples) >> 4, 1)
    exponent = np.maximum(np.floor(np.log2(size)).astype(int) - 4, 0)
    mantissa = np.where(exponent > 0, size >> np.maximum(exponent - 1, 0) >> 1, size >> 1) & 0x0F
    shifted = np.where(exponent > 0, exponent + 1, np.where(size >= 16, 1, 0))
    code = (np.where(samples >= 0, 0x80, 0) | (shifted << 4) | mantissa) ^ 0x55
    append(session, code.astype(np.uint8).tobytes() + b"\xd5" * 8000, size=800)
    completed = until(session, "conversation.item.input_audio_transcription.completed")[-1]
    assert "young man" in completed["transcript"]
