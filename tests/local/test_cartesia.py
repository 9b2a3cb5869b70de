"""Cartesia text-to-speech over real sockets: contexts, continuations, timestamps, errors."""

import base64
import json
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.local.clients import Gateway, Message, final_text, transcribe
from tests.speech import word_errors

VERSION = "2026-03-01"
PCM = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
BASE = {"model_id": "sonic-3.5", "voice": {"mode": "id", "id": "any"}, "output_format": PCM}


def cartesia(gateway: Gateway, version: str = VERSION) -> ClientConnection:
    return gateway.connect("cartesia", {"cartesia_version": version, "api_key": "k"})


def say(session: ClientConnection, context_id: str | None, transcript: str, **fields: Any) -> None:
    named = {} if context_id is None else {"context_id": context_id}
    session.send(json.dumps({**BASE, **named, "transcript": transcript, **fields}))


def receive(session: ClientConnection) -> Message:
    message: Message = json.loads(session.recv(timeout=30, decode=True))
    return message


def until_done(session: ClientConnection, *context_ids: str) -> list[Message]:
    """Return the messages up to the last `done` of the contexts."""
    found: list[Message] = []
    missing = set(context_ids)
    while missing:
        found.append(receive(session))
        if found[-1]["type"] == "done":
            missing.remove(found[-1]["context_id"])
    return found


def audio(messages: list[Message], context_id: str) -> bytes:
    return b"".join(
        base64.b64decode(message["data"])
        for message in messages
        if message["type"] == "chunk" and message["context_id"] == context_id
    )


def nothing_more(session: ClientConnection, seconds: float) -> bool:
    try:
        session.recv(timeout=seconds)
    except TimeoutError:
        return True
    return False


def test_what_is_said_can_be_understood_and_timed(gateway: Gateway) -> None:
    line = "The small boat crossed the river before the rain began."
    with cartesia(gateway) as session:
        say(session, "a", line, add_timestamps=True)
        messages = until_done(session, "a")
    assert {message["status_code"] for message in messages} == {206}
    assert [message["done"] for message in messages] == [False] * (len(messages) - 1) + [True]
    pcm = audio(messages, "a")
    assert word_errors([line], [final_text(transcribe(gateway, pcm))]) <= 0.1
    (timestamps,) = (message["word_timestamps"] for message in messages if message["type"] == "timestamps")
    assert timestamps["words"] == line.split()
    starts, ends = timestamps["start"], timestamps["end"]
    assert len(starts) == len(ends) == len(line.split())
    assert starts == sorted(starts) and all(start < end for start, end in zip(starts, ends, strict=True))
    assert starts[0] >= 0 and ends[-1] <= len(pcm) / 32000


def test_contexts_speak_side_by_side(gateway: Gateway) -> None:
    lines = {
        "a": "The first of two sentences is read here. It is followed by another one. Then it ends.",
        "b": "A second voice reads a different line. It has more to say. Now it is over.",
    }
    with cartesia(gateway) as session:
        for context_id, line in lines.items():
            say(session, context_id, line)
        messages = until_done(session, *lines)
    order = [message["context_id"] for message in messages]
    assert sum(one != other for one, other in pairwise(order)) >= 3
    heard = [final_text(transcribe(gateway, audio(messages, context_id))) for context_id in lines]
    assert word_errors(list(lines.values()), heard) <= 0.15


def test_a_text_that_comes_in_pieces_is_joined_as_it_was_sent(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        for piece in ("The first stop is Lis", "bon. The second st", "op is Madrid, and th", "en"):
            say(session, "a", piece, **{"continue": True, "add_timestamps": True})
        say(session, "a", "", **{"continue": False, "add_timestamps": True})
        messages = until_done(session, "a")
    timed = [message["word_timestamps"] for message in messages if message["type"] == "timestamps"]
    words = [word for timestamps in timed for word in timestamps["words"]]
    assert " ".join(words) == "The first stop is Lisbon. The second stop is Madrid, and then"
    starts = [start for timestamps in timed for start in timestamps["start"]]
    assert starts == sorted(starts), "times count on from sentence to sentence"


def test_text_waits_no_longer_than_it_may(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        say(session, "a", "Half a sentence and", **{"continue": True, "max_buffer_delay_ms": 300})
        begun = time.monotonic()
        assert receive(session)["type"] == "chunk"
        assert time.monotonic() - begun >= 0.25
        say(session, "b", "At once", **{"continue": True, "max_buffer_delay_ms": 0})
        while receive(session)["context_id"] != "b":
            pass


def test_a_flush_ends_a_segment(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        say(session, "a", "One and", **{"continue": True})
        say(session, "a", "", **{"continue": True, "flush": True})
        say(session, "a", " two")
        messages = until_done(session, "a")
    flushes = [message["flush_id"] for message in messages if message["type"] == "chunk"]
    assert set(flushes) == {1, 2} and flushes == sorted(flushes)
    (at,) = (number for number, message in enumerate(messages) if message["type"] == "flush_done")
    assert messages[at]["flush_id"] == 1 and messages[at]["flush_done"]
    assert messages[at - 1]["flush_id"] == 1 and messages[at + 1]["flush_id"] == 2


def test_a_cancelled_context_says_nothing_more(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        say(session, "a", "A sentence that is being spoken for some time. " * 40)
        say(session, "b", "Short.")
        assert receive(session)["type"] == "chunk"
        session.send(json.dumps({"context_id": "a", "cancel": True}))
        session.send(json.dumps({"context_id": "no such context", "cancel": True}))
        say(session, "c", "Last.")
        messages = until_done(session, "b", "c")
        assert not any(message["type"] == "done" and message["context_id"] == "a" for message in messages)
        assert len(audio(messages, "a")) < 60 * 32000
        assert nothing_more(session, 0.3)


@pytest.mark.parametrize(
    ("encoding", "size"), [("pcm_s16le", 2), ("pcm_f32le", 4), ("pcm_mulaw", 1), ("pcm_alaw", 1)]
)
def test_encodings_and_rates(gateway: Gateway, encoding: str, size: int) -> None:
    rates = (8000, 16000, 22050, 24000, 44100, 48000)
    with cartesia(gateway) as session:
        for rate in rates:
            output = {"container": "raw", "encoding": encoding, "sample_rate": rate}
            say(session, str(rate), "Hello there.", output_format=output)
        messages = until_done(session, *map(str, rates))
    seconds = [len(audio(messages, str(rate))) / rate / size for rate in rates]
    assert max(seconds) - min(seconds) <= 0.05 and min(seconds) > 0.5
    if encoding == "pcm_f32le":
        samples = np.frombuffer(audio(messages, "24000"), "<f4")
        assert 0.05 < np.max(np.abs(samples)) <= 1


def test_speed_and_volume(gateway: Gateway) -> None:
    configs = {"fast": {"speed": 1.5}, "slow": {"speed": 0.6}, "quiet": {"volume": 0.5}, "plain": {}}
    with cartesia(gateway) as session:
        for name, config in configs.items():
            say(session, name, "Hello there, my friend.", generation_config=config)
        messages = until_done(session, *configs)
    samples = {name: np.frombuffer(audio(messages, name), "<i2").astype(float) for name in configs}
    assert len(samples["fast"]) < len(samples["plain"]) < len(samples["slow"])
    assert np.abs(samples["quiet"]).max() == pytest.approx(np.abs(samples["plain"]).max() / 2, rel=0.05)


def test_a_context_ends_itself_a_second_after_its_last_audio(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        at_once = {"continue": True, "add_timestamps": True, "max_buffer_delay_ms": 0}
        say(session, "a", "Hello.", **at_once)
        assert receive(session)["word_timestamps"]["words"] == ["Hello."]
        while not nothing_more(session, 1.3):
            pass
        say(session, "a", "Anew.", add_timestamps=True)
        first = receive(session)
        assert first["word_timestamps"]["start"][0] < 0.6, "the clock begins again"
        until_done(session, "a")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"model_id": ""}, "model_id"),
        ({"model_id": None}, "model_id"),
        ({"transcript": 5}, "transcript"),
        ({"voice": None}, "voice"),
        ({"voice": {"mode": "id"}}, "voice"),
        ({"voice": {"mode": "embedding", "embedding": [0.1]}}, "voice"),
        ({"output_format": None}, "output_format"),
        ({"output_format": {**PCM, "container": "wav"}}, "output_format.container"),
        ({"output_format": {**PCM, "encoding": "mp3"}}, "output_format.encoding"),
        ({"output_format": {**PCM, "sample_rate": 11025}}, "output_format.sample_rate"),
        ({"max_buffer_delay_ms": 5001}, "max_buffer_delay_ms"),
        ({"generation_config": {"speed": 9}}, "speed"),
        ({"continue": "yes"}, "continue"),
        ({"context_id": 7}, "context_id"),
    ],
)
def test_a_bad_request_is_an_error_and_no_end(gateway: Gateway, fields: dict[str, Any], name: str) -> None:
    with cartesia(gateway) as session:
        session.send(json.dumps({**BASE, "context_id": "a", "transcript": "Hello.", **fields}))
        error = receive(session)
        assert (error["type"], error["status_code"], error["done"]) == ("error", 400, True)
        assert error["message"].startswith(f"{name}:") and error["title"] and error["request_id"]
        assert error.get("context_id") == (None if name == "context_id" else "a")
        say(session, "b", "")
        until_done(session, "b")


@pytest.mark.parametrize("frame", [b"\x00", "{", "[]", "{}"])
def test_an_unreadable_message_is_an_error_about_no_context(gateway: Gateway, frame: str | bytes) -> None:
    with cartesia(gateway) as session:
        session.send(frame)
        error = receive(session)
        assert error["type"] == "error" and "context_id" not in error


def test_inputs_of_a_context_have_to_agree_and_none_follows_the_last(gateway: Gateway) -> None:
    with cartesia(gateway) as session:
        say(session, "a", "One ", **{"continue": True})
        say(session, "a", "two.", language="de", **{"continue": True})
        error = receive(session)
        assert error["message"].startswith("language:") and error["context_id"] == "a"
        say(session, "b", "A sentence that is spoken. " * 20)
        say(session, "b", "Too late.")
        while (message := receive(session))["type"] != "error":
            pass
        assert "closed" in message["message"] and message["context_id"] == "b"
        assert nothing_more(session, 0.3), "the error ended the context"


def test_older_versions(gateway: Gateway) -> None:
    with cartesia(gateway, "2024-06-10") as session:
        say(session, None, "Hello.", voice={"mode": "embedding", "embedding": [0.1] * 192})
        done = receive(session)
        while done["type"] != "done":
            done = receive(session)
        assert done["context_id"], "the server gave it one"
        say(session, "a", "Hello.", model_id="")
        error = receive(session)
        assert "model_id" in error["error"] and error["context_id"] == "a"
        assert not {"title", "message", "error_code"} & set(error)


def test_the_path_that_the_sdk_appends_and_the_version_as_header(gateway: Gateway) -> None:
    headers = {
        "cf-aig-authorization": gateway.token,
        "Cartesia-Version": "2024-06-10",
        "Authorization": "Bearer k",
    }
    with connect(f"{gateway.url}/cartesia/tts/websocket", additional_headers=headers) as session:
        say(session, "a", "Hello.", model_id="")
        assert "error" in receive(session)
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{gateway.url}/cartesia?cartesia_version=new", additional_headers=headers)
    assert refused.value.response.status_code == 400
    assert "cartesia_version" in json.loads(refused.value.response.body)["message"]
