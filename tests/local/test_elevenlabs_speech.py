"""ElevenLabs text-to-speech by stream-input, over real sockets: schedule, alignment, formats, endings."""

import base64
import io
import json
from typing import Any

import pytest
import soundfile
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, final_text, transcribe, until_closed
from tests.speech import word_errors

LINE = "The small boat crossed the river before the rain began. "
PATH = "elevenlabs/v1/text-to-speech/any-voice/stream-input"


def speech(gateway: Gateway, **query: str) -> ClientConnection:
    return gateway.connect(PATH, {"model_id": "eleven_flash_v2_5", "output_format": "pcm_16000", **query})


def send(session: ClientConnection, text: str, **fields: Any) -> None:
    session.send(json.dumps({"text": text, **fields}))


def receive(session: ClientConnection) -> Message:
    message: Message = json.loads(session.recv(timeout=30, decode=True))
    return message


def rest(session: ClientConnection) -> list[Message]:
    return [message for message in until_closed(session) if isinstance(message, dict)]


def audio(messages: list[Message]) -> bytes:
    return b"".join(base64.b64decode(message["audio"] or "") for message in messages)


def silent(session: ClientConnection) -> bool:
    try:
        session.recv(timeout=0.4)
    except TimeoutError:
        return True
    return False


def test_a_text_is_spoken_and_aligned_until_the_end(gateway: Gateway) -> None:
    with speech(gateway) as session:
        send(session, " ", voice_settings={"stability": 0.5}, **{"xi-api-key": "k"})
        for word in LINE.split():
            send(session, f"{word} ", try_trigger_generation=True)
        send(session, "")
        messages = rest(session)
    assert session.close_code == 1000
    assert messages[-1] == {"audio": None, "isFinal": True}
    assert all(message["isFinal"] is False for message in messages[:-1])
    pcm = audio(messages)
    assert word_errors([LINE], [final_text(transcribe(gateway, pcm))]) <= 0.1
    aligned = [message for message in messages[:-1] if message["alignment"]]
    chars = [char for message in aligned for char in message["alignment"]["chars"]]
    assert "".join(chars) == LINE
    for message in aligned:
        alignment = message["alignment"]
        starts, durations = alignment["charStartTimesMs"], alignment["charDurationsMs"]
        assert len(starts) == len(durations) == len(alignment["chars"])
        assert starts == sorted(starts) and starts[0] >= 0
        assert starts[-1] <= len(audio([message])) / 32 + 50, "relative to the chunk"
        assert message["normalizedAlignment"] == alignment


def test_text_waits_for_the_schedule_or_a_flush(gateway: Gateway) -> None:
    with speech(gateway) as session:
        send(session, " ", generation_config={"chunk_length_schedule": [55, 500]})
        send(session, LINE[:50])
        assert silent(session)
        send(session, LINE[50:])
        assert receive(session)["audio"]
        while not silent(session):
            pass
        send(session, LINE)
        assert silent(session), "the next wait is longer"
        send(session, " ", flush=True)
        assert receive(session)["audio"]


def test_auto_mode_does_not_wait(gateway: Gateway) -> None:
    with speech(gateway, auto_mode="true") as session:
        send(session, " ")
        send(session, "Hello. ")
        assert receive(session)["alignment"]["chars"] == list("Hello. ")


@pytest.mark.parametrize(
    ("output_format", "second"),
    [
        ("pcm_8000", 16000),
        ("pcm_24000", 48000),
        ("pcm_44100", 88200),
        ("ulaw_8000", 8000),
        ("alaw_8000", 8000),
    ],
)
def test_raw_formats(gateway: Gateway, output_format: str, second: int) -> None:
    with speech(gateway, output_format=output_format) as session:
        send(session, "Hello there. ")
        send(session, "")
        assert 0.5 < len(audio(rest(session))) / second < 3


@pytest.mark.parametrize(
    ("query", "rate", "kilobits"),
    [
        ({}, 44100, 128),
        ({"output_format": "mp3_44100_32"}, 44100, 32),
        ({"output_format": "mp3_22050_32"}, 22050, 32),
    ],
)
def test_mp3_which_is_the_default(gateway: Gateway, query: dict[str, str], rate: int, kilobits: int) -> None:
    with gateway.connect(PATH, query) as session:
        send(session, " ")
        send(session, LINE * 3)
        send(session, "")
        data = audio(rest(session))
    samples, sample_rate = soundfile.read(io.BytesIO(data))
    assert sample_rate == rate
    assert len(data) * 8 / 1000 / (len(samples) / rate) == pytest.approx(kilobits, rel=0.1)


def test_speed(gateway: Gateway) -> None:
    lengths = []
    for speed in (0.7, 1.2):
        with speech(gateway) as session:
            send(session, " ", voice_settings={"speed": speed})
            send(session, LINE)
            send(session, "")
            lengths.append(len(audio(rest(session))))
    assert lengths[0] > 1.2 * lengths[1]


def test_several_texts_on_one_socket(gateway: Gateway) -> None:
    path = PATH.replace("stream-input", "multi-stream-input")
    with gateway.connect(path, {"output_format": "pcm_16000", "auto_mode": "false"}) as session:
        send(session, " ", context_id="a", voice_settings={"speed": 1.0})
        send(session, " ", context_id="b", generation_config={"chunk_length_schedule": [500]})
        send(session, "One. ", context_id="a")
        send(session, "Two. ", context_id="b")
        send(session, "", context_id="b", flush=True)
        assert receive(session)["contextId"] == "b"
        send(session, "", context_id="a")
        session.send(json.dumps({"context_id": "a", "close_context": True}))
        session.send(json.dumps({"context_id": "unknown", "close_context": True}))
        session.send(json.dumps({"close_socket": True}))
        messages = rest(session)
    assert session.close_code == 1000
    finals = [message["contextId"] for message in messages if message["isFinal"]]
    assert finals == ["a", "b"]
    one = [message for message in messages if message["contextId"] == "a" and message.get("alignment")]
    assert "".join(one[0]["alignment"]["chars"]) == "One. "


def test_without_text_the_session_ends(gateway: Gateway) -> None:
    with speech(gateway, inactivity_timeout="1") as session:
        send(session, " ")
        (error,) = rest(session)
    assert (error["error"], error["code"]) == ("input_timeout_exceeded", 1008)
    assert (session.close_code, session.close_reason) == (1008, error["message"])


@pytest.mark.parametrize(
    ("query", "frame", "says"),
    [
        ({"output_format": "opus_48000_32"}, None, "opus_48000_32"),
        ({"output_format": "wav"}, None, "wav"),
        ({"inactivity_timeout": "181"}, None, "inactivity_timeout"),
        ({}, "hello", "JSON"),
        ({}, "[]", "object"),
        ({}, '{"flush": true}', "text"),
        ({}, '{"text": " ", "generation_config": {"chunk_length_schedule": [10]}}', "chunk_length_schedule"),
        ({}, '{"text": " ", "voice_settings": {"speed": 2}}', "speed"),
    ],
)
def test_what_is_wrong_is_said_and_ends_the_session(
    gateway: Gateway, query: dict[str, str], frame: str | None, says: str
) -> None:
    with speech(gateway, **query) as session:
        if frame is not None:
            session.send(frame)
        (error,) = rest(session)
    assert says in error["message"] and error["error"] and error["code"] == 1008
    assert session.close_code == 1008 and says in (session.close_reason or "")
