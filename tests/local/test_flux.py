"""Deepgram listen v2 (Flux) over real sockets: turns, eager ends, thresholds, closing."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, send, send_audio, silence, until, until_closed
from tests.speech import RECORDINGS, recording, transcripts, word_errors

FLUX = {"model": "@cf/deepgram/flux", "encoding": "linear16", "sample_rate": "16000"}
LINE, OTHER_LINE = "sense_0880", "sense_0890"


@pytest.fixture(scope="module", autouse=True)
def idle(gateway: Gateway) -> Iterator[Future[tuple[int | None, str | None]]]:
    """A session on which nothing is sent; it runs while the other tests do."""

    def stay_idle() -> tuple[int | None, str | None]:
        with flux(gateway) as session:
            assert [message["type"] for message in messages(session)] == ["Connected"]
        return session.close_code, session.close_reason

    with ThreadPoolExecutor() as pool:
        yield pool.submit(stay_idle)


def flux(gateway: Gateway, **query: str) -> ClientConnection:
    return gateway.connect("workers-ai", {**FLUX, **query})


def messages(session: ClientConnection) -> list[Message]:
    return [message for message in until_closed(session) if isinstance(message, dict)]


def hear(gateway: Gateway, pcm: bytes, **query: str) -> list[Message]:
    """Return all messages of a session that sends `pcm` in frames of 80 ms and closes the stream."""
    with flux(gateway, **query) as session:
        send_audio(session, pcm, size=2560)
        send(session, "CloseStream")
        heard = messages(session)
        assert session.close_code == 1005, "Flux closes without a status code"
        return heard


def turn_events(heard: list[Message]) -> list[str]:
    """Names of events but the updates."""
    return [message["event"] for message in heard if message.get("event") not in {None, "Update"}]


def one(heard: list[Message], event: str) -> Message:
    (found,) = (message for message in heard if message.get("event") == event)
    return found


def test_a_turn_from_its_first_words_to_its_end(gateway: Gateway) -> None:
    pcm = silence(1) + recording(LINE) + silence(2)
    heard = hear(gateway, pcm)
    assert heard[0]["type"] == "Connected"
    assert [message["sequence_id"] for message in heard] == list(range(len(heard)))
    assert len({message["request_id"] for message in heard}) == 1
    assert turn_events(heard) == ["StartOfTurn", "EndOfTurn"]
    start, end = one(heard, "StartOfTurn"), one(heard, "EndOfTurn")
    assert start["transcript"] and start["turn_index"] == end["turn_index"] == 0
    assert word_errors([transcripts()[LINE]], [end["transcript"]]) <= 0.2
    assert end["transcript"][0].isupper(), "text is cased and punctuated"
    assert [word["word"] for word in end["words"]] == end["transcript"].split()
    assert end["end_of_turn_confidence"] >= 0.7 and end["trigger"] == "model"
    assert 1 <= end["words"][0]["start"] < end["words"][-1]["end"] < end["audio_window_end"]
    after = heard[heard.index(end) + 1 :]
    assert after and all(message["turn_index"] == 1 and message["transcript"] == "" for message in after)
    assert after[0]["audio_window_start"] == end["audio_window_end"]


def test_updates_come_about_four_times_a_second(gateway: Gateway) -> None:
    pcm = recording(LINE) + silence(1)
    heard = [message for message in hear(gateway, pcm) if message["type"] == "TurnInfo"]
    ends = [message["audio_window_end"] for message in heard]
    assert ends == sorted(ends)
    assert max(np.diff(ends)) <= 0.5
    assert 3 <= len(ends) / (len(pcm) / 32000) <= 6


def test_an_eager_end_and_speech_that_goes_on(gateway: Gateway) -> None:
    pcm = recording(LINE) + silence(0.4) + recording(OTHER_LINE) + silence(2)
    heard = hear(gateway, pcm, eager_eot_threshold="0.3", eot_threshold="0.9")
    events = turn_events(heard)
    assert events[:3] == ["StartOfTurn", "EagerEndOfTurn", "TurnResumed"]
    assert events[-2:] == ["EagerEndOfTurn", "EndOfTurn"]
    assert events.count("EndOfTurn") == 1
    end = one(heard, "EndOfTurn")
    eager = [message for message in heard if message.get("event") == "EagerEndOfTurn"]
    assert all(message["transcript"] for message in eager)
    assert eager[-1]["transcript"] == end["transcript"]
    assert 0.3 <= eager[-1]["end_of_turn_confidence"] < 0.9 <= end["end_of_turn_confidence"]
    said = f"{transcripts()[LINE]} {transcripts()[OTHER_LINE]}"
    assert word_errors([said], [end["transcript"]]) <= 0.25


def test_long_turns_keep_all_their_words(gateway: Gateway) -> None:
    names = ["sense_0870", OTHER_LINE]
    heard = hear(gateway, b"".join(map(recording, names)) + silence(2), eot_threshold="0.9")
    ends = [message["transcript"] for message in heard if message.get("event") == "EndOfTurn"]
    assert word_errors([" ".join(transcripts()[name] for name in names)], [" ".join(ends)]) <= 0.15


def test_a_pause_that_is_long_enough_ends_the_turn_whatever_the_threshold(gateway: Gateway) -> None:
    heard = hear(gateway, recording(LINE) + silence(2), eot_threshold="1.0", eot_timeout_ms="700")
    assert one(heard, "EndOfTurn")["trigger"] == "timeout"


def test_closing_tells_the_last_words_and_ends_no_turn(gateway: Gateway) -> None:
    heard = hear(gateway, recording(LINE))
    assert turn_events(heard) == ["StartOfTurn"]
    assert heard[-1]["event"] == "Update"
    assert word_errors([transcripts()[LINE]], [heard[-1]["transcript"]]) <= 0.2


def test_noise_begins_no_turn(gateway: Gateway) -> None:
    noise = np.random.default_rng(7).normal(0, 500, 48000).astype("<i2").tobytes()
    assert turn_events(hear(gateway, noise)) == []


def test_a_turn_can_be_ended_by_hand(gateway: Gateway) -> None:
    with flux(gateway) as session:
        send(session, "ForceEndTurn")
        warning = until(session, "Warning")[-1]
        assert warning["code"] and warning["description"]
        send_audio(session, recording(LINE), size=2560)
        send(session, "ForceEndTurn")
        send(session, "CloseStream")
        heard = messages(session)
    end = one(heard, "EndOfTurn")
    assert end["trigger"] == "manual"
    assert word_errors([transcripts()[LINE]], [end["transcript"]]) <= 0.2


def test_thresholds_change_while_one_speaks(gateway: Gateway) -> None:
    with flux(gateway, keyterm="Voxdeck") as session:
        send(session, "Configure", thresholds={"eot_timeout_ms": 600, "eot_threshold": 1.0})
        success = until(session, "ConfigureSuccess")[-1]
        assert success["thresholds"] == {"eot_threshold": 1.0, "eot_timeout_ms": 600}
        assert success["keyterms"] == ["Voxdeck"]
        send_audio(session, recording(LINE) + silence(2), size=2560)
        send(session, "CloseStream")
        assert one(messages(session), "EndOfTurn")["trigger"] == "timeout"


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        ({"thresholds": {"eot_threshold": 0.2}}, "eot_threshold"),
        ({"thresholds": {"eager_eot_threshold": 0.8}}, "eager_eot_threshold"),
        ({"thresholds": {"eot_timeout_ms": True}}, "eot_timeout_ms"),
        ({"thresholds": [0.7]}, "thresholds"),
        ({"keyterms": "Voxdeck"}, "keyterms"),
        ({"language_hints": ["fr"]}, "language_hints"),
    ],
)
def test_a_bad_configuration_changes_nothing(
    gateway: Gateway, configuration: dict[str, Any], name: str
) -> None:
    with flux(gateway) as session:
        send(session, "Configure", **configuration)
        failure = until(session, "ConfigureFailure")[-1]
        assert failure["description"].startswith(f"{name}:")
        send(session, "Configure")
        success = until(session, "ConfigureSuccess")[-1]
        assert success["thresholds"] == {"eot_threshold": 0.7, "eot_timeout_ms": 5000}
        assert success["sequence_id"] == failure["sequence_id"] + 1


@pytest.mark.parametrize("text", ["hello", "[]", '{"type": "KeepAlive"}', '{"type": "Finalize"}'])
def test_an_unreadable_message_is_fatal(gateway: Gateway, text: str) -> None:
    with flux(gateway) as session:
        session.send(text)
        connected, error = messages(session)
    assert (connected["sequence_id"], error["sequence_id"]) == (0, 1)
    assert error["type"] == "Error" and error["code"] and error["description"]
    assert session.close_code == 1008


def test_a_wav_file_on_deepgrams_own_path(gateway: Gateway) -> None:
    with gateway.connect("deepgram/v2/listen", {"model": "flux-general-en"}) as session:
        send_audio(session, (RECORDINGS / f"{LINE}.wav").read_bytes())
        session.send(json.dumps({"type": "CloseStream"}))
        heard = messages(session)
    assert "young man" in heard[-1]["transcript"]


def test_a_session_without_audio_is_dropped(idle: Future[tuple[int | None, str | None]]) -> None:
    begun = time.monotonic()
    code, reason = idle.result()
    assert code == 1011 and "NET-0001" in (reason or "")
    assert time.monotonic() - begun < 15
