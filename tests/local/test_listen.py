"""Deepgram listen v1 over real sockets."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from websockets.frames import Close
from websockets.sync.client import ClientConnection

from tests.local.clients import (
    LINEAR16,
    Gateway,
    Message,
    final_text,
    finals,
    resampled,
    send,
    send_audio,
    silence,
    spoken,
    text_of,
    transcribe,
    until,
    until_closed,
)
from tests.speech import RECORDINGS, recording, transcripts, word_errors

Idle = tuple[Close, Close]
"""How the silent session ended, and the one that was kept alive."""


@pytest.fixture(scope="module", autouse=True)
def idle(gateway: Gateway) -> Iterator[Future[Idle]]:
    """Two idle sessions, one of them kept alive; they run while the other tests do."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit(stay_idle, gateway)


def stay_idle(gateway: Gateway) -> Idle:
    with gateway.listen(**LINEAR16) as silent, gateway.listen(**LINEAR16) as kept:
        for _ in range(12):
            send(kept, "KeepAlive")
            time.sleep(1)
        assert list(until_closed(silent)) == []
        send(kept, "CloseStream")
        assert len(list(until_closed(kept))) == 1
        return ending(silent), ending(kept)


def ending(session: ClientConnection) -> Close:
    assert session.close_code is not None and session.close_reason is not None
    return Close(session.close_code, session.close_reason)


def test_recordings_are_understood(gateway: Gateway) -> None:
    said = transcripts()
    heard = [final_text(transcribe(gateway, recording(name))) for name in said]
    assert word_errors(list(said.values()), heard) <= 0.10
    assert all(text == text.lower() and "," not in text and "." not in text for text in heard)


def test_interims_come_before_the_final_and_soon(gateway: Gateway) -> None:
    messages = transcribe(gateway, recording("sense_0890"), interim_results="true", vad_events="true")
    started = messages[0]
    assert started["type"] == "SpeechStarted" and started["channel"] == [0, 1]
    results = [message for message in messages if message["type"] == "Results"]
    first = results[0]
    assert not first["is_final"] and text_of(first)
    assert first["start"] + first["duration"] - started["timestamp"] <= 1.0
    settled = [message["is_final"] for message in results]
    assert settled.index(True) >= 3
    assert finals(messages)[-1]["speech_final"]


def test_spans_follow_each_other_without_a_gap(gateway: Gateway) -> None:
    pcm = silence(7) + recording("sense_0880") + silence(4)
    messages = transcribe(gateway, pcm, interim_results="true")
    end = 0.0
    for message in messages[:-1]:
        assert message["start"] == pytest.approx(end, abs=0.002)
        if message["is_final"]:
            end = message["start"] + message["duration"]
    empty = [message for message in finals(messages) if not text_of(message)]
    assert len(empty) >= 3
    assert all(message["channel"]["alternatives"][0]["confidence"] == 0 for message in empty)
    (spoken_one,) = [message for message in finals(messages) if text_of(message)]
    words = spoken_one["channel"]["alternatives"][0]["words"]
    assert spoken_one["start"] <= words[0]["start"] and 7 <= words[0]["start"] < 7.6
    assert words[-1]["end"] <= spoken_one["start"] + spoken_one["duration"]
    assert all(word["start"] < word["end"] for word in words)
    assert " ".join(word["word"] for word in words) == text_of(spoken_one)


def test_the_summary_comes_last(gateway: Gateway) -> None:
    pcm = recording("sense_0880")
    summary = transcribe(gateway, pcm)[-1]
    assert summary["type"] == "Metadata"
    assert summary["duration"] == pytest.approx(len(pcm) / 32000, abs=0.01)
    assert summary["sha256"] == hashlib.sha256(pcm).hexdigest()


def test_punctuation_is_for_those_who_ask(gateway: Gateway) -> None:
    (final,) = finals(transcribe(gateway, recording("sense_0870"), punctuate="true"))
    assert text_of(final).startswith("And Mr.")
    first = final["channel"]["alternatives"][0]["words"][1]
    assert (first["word"], first["punctuated_word"]) == ("mr", "Mr.")


def test_without_interim_results_there_are_finals_only(gateway: Gateway) -> None:
    messages = transcribe(gateway, recording("sense_0890"))
    assert [message["is_final"] for message in messages[:-1]] == [True]


def test_finalize_answers_at_once(gateway: Gateway) -> None:
    pcm = recording("sense_0870")
    with gateway.listen(**LINEAR16) as session:
        send(session, "Finalize")
        (nothing,) = until(session, "Results")
        assert nothing["from_finalize"] and text_of(nothing) == ""
        send_audio(session, pcm[: 3 * 32000])
        send(session, "Finalize")
        (first,) = until(session, "Results")
        assert first["is_final"] and first["from_finalize"]
        assert "dashwood" in text_of(first)
        send_audio(session, pcm[3 * 32000 :])
        send(session, "CloseStream")
        rest = [message for message in until_closed(session) if isinstance(message, dict)]
    assert rest[0]["start"] == pytest.approx(first["start"] + first["duration"], abs=0.002)
    assert "leisure to consider" in f"{text_of(first)} {final_text(rest)}"


def test_endpointing_off_joins_what_a_pause_divides(gateway: Gateway) -> None:
    pcm = recording("sense_0880") + silence(1) + recording("sense_0890")
    (final,) = finals(transcribe(gateway, pcm, endpointing="false"))
    assert "young man" in text_of(final) and "selfish" in text_of(final)
    assert not final["speech_final"]
    assert len(finals(transcribe(gateway, pcm, endpointing="300"))) == 2


def test_long_speech_comes_in_segments(gateway: Gateway) -> None:
    pcm = b"".join(map(recording, transcripts()))
    messages = transcribe(gateway, pcm, endpointing="2000", interim_results="true")
    segments = finals(messages)
    assert [message["speech_final"] for message in segments] == [False, True]
    assert segments[0]["duration"] <= 12.5
    assert word_errors([" ".join(transcripts().values())], [final_text(messages)]) <= 0.10


def test_utterance_end_follows_the_last_word(gateway: Gateway) -> None:
    query = {"interim_results": "true", "utterance_end_ms": "1000"}
    pcm = recording("sense_0880") + silence(2)
    messages = transcribe(gateway, pcm, **query)
    kinds = [message["type"] for message in messages]
    assert kinds.count("UtteranceEnd") == 1
    at = kinds.index("UtteranceEnd")
    (final,) = [message for message in finals(messages[:at]) if text_of(message)]
    assert messages[at]["last_word_end"] == final["channel"]["alternatives"][0]["words"][-1]["end"]
    kinds = [message["type"] for message in transcribe(gateway, pcm, endpointing="false", **query)]
    assert "UtteranceEnd" in kinds


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_other_sample_rates(gateway: Gateway, rate: int) -> None:
    pcm = resampled(recording("sense_0890"), 16000, rate)
    heard = final_text(transcribe(gateway, pcm, sample_rate=str(rate)))
    assert word_errors([transcripts()["sense_0890"]], [heard]) <= 0.2


def test_stereo_and_mulaw(gateway: Gateway) -> None:
    samples = np.frombuffer(recording("sense_0880"), "<i2")
    stereo = np.repeat(samples, 2).tobytes()
    assert "young man" in final_text(transcribe(gateway, stereo, channels="2"))
    loud = np.clip(np.abs(samples.astype(int)) + 132, 0, 32767)
    exponent = np.floor(np.log2(loud)).astype(int) - 7
    code = (np.where(samples < 0, 0x80, 0) | (exponent << 4) | ((loud >> (exponent + 3)) & 0x0F)) ^ 0xFF
    mulaw = code.astype(np.uint8).tobytes()
    assert "young man" in final_text(transcribe(gateway, mulaw, encoding="mulaw"))


def test_a_wav_file_without_encoding(gateway: Gateway) -> None:
    with gateway.listen() as session:
        send_audio(session, (RECORDINGS / "sense_0880.wav").read_bytes())
        session.send(b"")
        messages = [message for message in until_closed(session) if isinstance(message, dict)]
    assert "young man" in final_text(messages)
    assert messages[-1]["type"] == "Metadata"


def test_what_is_not_audio_closes_the_session(gateway: Gateway) -> None:
    with gateway.listen() as session:
        session.send(b"OggS" + bytes(100))
        assert list(until_closed(session)) == []
    assert session.close_code == 1008
    assert "DATA-0000" in (session.close_reason or "")


def test_an_unknown_text_message_is_an_error_and_no_end(gateway: Gateway) -> None:
    with gateway.listen(**LINEAR16) as session:
        for text in ("hello", '{"type": "Dance"}', "[1]"):
            session.send(text)
            (error,) = until(session, "Error")
            assert error["variant"] == "SchemaError" and error["message"] == text
        send(session, "CloseStream")
        assert [message["type"] for message in until_closed(session) if isinstance(message, dict)] == [
            "Metadata"
        ]


def test_several_sessions_at_once_each_get_what_is_theirs(gateway: Gateway) -> None:
    names = ["sense_0870", "sense_0880", "sense_0890", "sense_0880"]
    lines = ["The first of two sentences was this.", "A second voice reads another line."]

    def listen(name: str) -> str:
        return final_text(transcribe(gateway, recording(name), interim_results="true"))

    def speak(line: str) -> bytes:
        with gateway.speak(sample_rate="16000") as session:
            send(session, "Speak", text=line)
            send(session, "Flush")
            return spoken(session)[0]

    with ThreadPoolExecutor() as pool:
        heard, audio = pool.map(listen, names), pool.map(speak, lines)
    assert word_errors([transcripts()[name] for name in names], list(heard)) <= 0.10
    read = [final_text(transcribe(gateway, pcm)) for pcm in audio]
    assert word_errors(lines, read) <= 0.15


def test_a_peer_that_goes_away_leaves_the_others_be(gateway: Gateway) -> None:
    with gateway.listen(**LINEAR16) as gone:
        send_audio(gone, recording("sense_0870") * 10, size=64000)
        gone.socket.shutdown(socket.SHUT_RDWR)
    messages: list[Message] = transcribe(gateway, recording("sense_0880"))
    assert "young man" in final_text(messages)


def test_compression_is_accepted(gateway: Gateway) -> None:
    with gateway.listen(**LINEAR16) as session:
        assert session.response is not None
        assert "permessage-deflate" in session.response.headers["Sec-WebSocket-Extensions"]
        session.send(json.dumps({"type": "CloseStream"}))
        assert len(list(until_closed(session))) == 1


def test_silence_on_the_line_ends_the_session_and_keepalive_prevents_it(idle: Future[Idle]) -> None:
    silent, kept = idle.result()
    assert silent.code == 1011 and "NET-0001" in silent.reason
    assert kept.code == 1000
