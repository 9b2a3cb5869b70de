"""fal's realtime socket: results by name, in msgpack, and the messages about the connection."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import Clear, ImpossibleCommand, MakeImage
from sessions.events import Event, Image, ImagesDone, ImagesFailed, Malformed, Problem, Raw, Warned
from sessions.providers.codec import Frame
from sessions.providers.fal_realtime import FalRealtimeCodec

JPEG = b"\xff\xd8\xff\xe0 picture"
IDLE = '{"type":"x-fal-error","error":"TIMEOUT","reason":"no input"}'


def asked(*jobs: str) -> FalRealtimeCodec:
    codec = FalRealtimeCodec()
    for job in jobs:
        codec.send(MakeImage(job, "a lighthouse"), 0.0)
    return codec


def read(codec: FalRealtimeCodec, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def result(job: str | None, **fields: Any) -> bytes:
    message = {
        "images": [{"content": JPEG, "content_type": "image/jpeg", "width": 512, "height": 512}],
        "request_id": job,
        "seed": 7,
        "timings": {"inference": 0.08},
    }
    return msgspec.msgpack.encode(message | fields)


def picture(job: str) -> list[Event]:
    return [Image(job, "image/jpeg", JPEG, "", 512, 512), ImagesDone(job, 1, 7, 0.08)]


def test_request_is_a_map_in_a_binary_frame() -> None:
    [frame] = FalRealtimeCodec(num_inference_steps=4).send(MakeImage("job-1", "a lighthouse"), 0.0)
    assert isinstance(frame, bytes)
    assert msgspec.msgpack.decode(frame) == {
        "prompt": "a lighthouse",
        "num_inference_steps": 4,
        "request_id": "job-1",
    }


def test_result_and_its_time() -> None:
    timing = '{"type":"x-fal-message","action":"timings","timing":0.083}'
    assert read(asked("a"), result("a"), timing) == picture("a")


def test_results_are_known_by_name_and_some_may_never_come() -> None:
    codec = asked("a", "b", "c")
    assert read(codec, result("c"), result("a")) == [*picture("c"), *picture("a")]
    assert codec.closed(clean=True) == [ImagesFailed("b", "the connection ended before the answer")]
    assert codec.closed(clean=True) == []


@pytest.mark.parametrize("name", ["", None])
def test_result_without_a_name_is_of_the_only_job(name: str | None) -> None:
    assert read(asked("a"), result(name)) == picture("a")


@pytest.mark.parametrize(("jobs", "name"), [(("a", "b"), ""), ((), ""), (("a",), "other")])
def test_result_that_cannot_be_told_is_of_no_job(jobs: tuple[str, ...], name: str) -> None:
    frame = result(name)
    assert read(asked(*jobs), frame) == [Malformed("a result that no job asked for", len(frame))]


def test_app_may_answer_in_json() -> None:
    content = b64encode(JPEG).decode()
    frame = json.dumps({"images": [{"content": content}], "request_id": "a", "status": 200})
    assert read(asked("a"), frame) == [Image("a", "application/octet-stream", JPEG), ImagesDone("a", 1)]


def test_data_uri_of_two_megabytes() -> None:
    content = bytes(2_000_000)
    url = "data:image/jpeg;base64," + b64encode(content).decode()
    assert read(asked("a"), result("a", images=[{"url": url}]))[0] == Image("a", "image/jpeg", content)


# Trouble


@pytest.mark.parametrize("frame", [IDLE, '{"type":"x-fal-error","error":"TIMEOUT"}'])
def test_idle_timeout_is_no_error_and_the_next_connection_goes_on(frame: str) -> None:
    codec = asked()
    [warned] = read(codec, frame)
    assert isinstance(warned, Warned) and warned.code == "TIMEOUT"
    assert codec.closed(clean=True) == []
    assert codec.explain_close(1000, "") == ""
    assert len(FalRealtimeCodec().send(MakeImage("next", "a harbour"), 9.0)) == 1


def test_failed_run_fails_what_was_asked() -> None:
    codec = asked("a", "b")
    assert read(codec, '{"type":"x-fal-error","error":"INTERNAL_ERROR","reason":"bad seed"}') == [
        Problem("INTERNAL_ERROR", "bad seed"),
        ImagesFailed("a", "bad seed"),
        ImagesFailed("b", "bad seed"),
    ]
    assert codec.closed(clean=False) == []


def test_error_of_a_later_kind_is_a_problem() -> None:
    frame = '{"type":"x-fal-error","error":"OVERLOADED"}'
    assert read(asked("a"), frame) == [Problem("OVERLOADED", ""), ImagesFailed("a", "OVERLOADED")]


@pytest.mark.parametrize(
    ("frame", "code"),
    [('{"status":"error","error":"Unauthorized"}', "Unauthorized"), ('{"status":"error"}', "error")],
)
def test_refused_token_is_a_problem(frame: str, code: str) -> None:
    [problem] = read(asked(), frame)
    assert isinstance(problem, Problem) and problem.code == code


@pytest.mark.parametrize("frame", ['{"type":"x-fal-news"}', '{"a":1}'])
def test_unknown_message_survives_whole(frame: str) -> None:
    [raw] = read(asked("a"), frame)
    assert isinstance(raw, Raw) and raw.content == frame


@pytest.mark.parametrize("frame", ["", "{", "[]", b"", b"\x81", b"\x91" * 10_000, result(None)[:-1]])
def test_unreadable_message_is_malformed(frame: Frame) -> None:
    [event] = read(asked("a"), frame)
    assert isinstance(event, Malformed)


@given(at=st.integers(0, len(result("a"))), damage=st.binary(max_size=3))
def test_damaged_results_are_read_or_shown(at: int, damage: bytes) -> None:
    codec = asked("a")
    frame = result("a")
    events = read(codec, frame[:at] + damage + frame[at:])
    msgspec.json.encode(events)
    assert events


# What cannot be


def test_job_is_not_asked_for_twice() -> None:
    with pytest.raises(ImpossibleCommand, match="'a' is under way"):
        asked("a", "a")


def test_nothing_is_due_by_time() -> None:
    assert asked("a").poll(1000.0) == []


def test_image_model_knows_no_other_command() -> None:
    with pytest.raises(ImpossibleCommand, match="Clear"):
        asked().send(Clear(), 0.0)
