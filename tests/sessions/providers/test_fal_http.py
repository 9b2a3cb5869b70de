"""fal's HTTP over WebSocket: start, body in pieces, end; one request at a time."""

import json
from base64 import b64encode
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import Clear, ImpossibleCommand, MakeImage
from sessions.events import Event, Image, ImagesDone, ImagesFailed, Malformed, Problem, Raw
from sessions.providers.codec import Frame
from sessions.providers.fal_http import FalHttpCodec

JPEG = b"\xff\xd8\xff\xe0 picture"
RESULT = {
    "images": [
        {
            "url": "data:image/jpeg;base64," + b64encode(JPEG).decode(),
            "width": 512,
            "height": 512,
            "content_type": "image/jpeg",
        }
    ],
    "seed": 7,
    "timings": {"inference": 0.31},
    "has_nsfw_concepts": [False],
    "prompt": "a lighthouse at dusk",
    "request_id": "job-1",
}
PICTURE = [Image("job-1", "image/jpeg", JPEG, "", 512, 512), ImagesDone("job-1", 1, 7, 0.31)]


def asked(*jobs: str, **settings: Any) -> FalHttpCodec:
    codec = FalHttpCodec(**settings)
    for job in jobs or ("job-1",):
        codec.send(MakeImage(job, "a lighthouse at dusk"), 0.0)
    return codec


def read(codec: FalHttpCodec, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in codec.receive(frame, 0.0)]


def start(request_id: str = "c1d2", status: int = 200, content_type: str | None = "application/json") -> str:
    headers = {} if content_type is None else {"cONTENT-tYPE": content_type}
    return json.dumps({"type": "start", "request_id": request_id, "status": status, "headers": headers})


def end(request_id: str = "c1d2", status: int = 200) -> str:
    message = {"type": "end", "request_id": request_id, "status": status, "time_to_first_byte_seconds": 0.41}
    return json.dumps(message)


# Requests


def test_request_is_the_models_body_without_an_envelope() -> None:
    [frame] = FalHttpCodec(image_size="square", num_inference_steps="4").send(
        MakeImage("job-1", "a lighthouse"), 0.0
    )
    assert isinstance(frame, str)
    assert json.loads(frame) == {
        "prompt": "a lighthouse",
        "image_size": "square",
        "num_inference_steps": "4",
        "sync_mode": True,
        "request_id": "job-1",
    }


def test_next_request_waits_for_the_end_of_the_one_before() -> None:
    codec = asked()
    assert codec.send(MakeImage("job-2", "a harbour"), 0.0) == []
    read(codec, start(), json.dumps(RESULT))
    assert codec.poll(1.0) == []
    assert read(codec, end()) == PICTURE
    [frame] = codec.poll(2.0)
    assert json.loads(frame)["prompt"] == "a harbour"
    assert read(codec, start("e5"), json.dumps({"images": []}), end("e5")) == [ImagesDone("job-2", 0)]
    assert codec.poll(3.0) == []


# Answers


def test_picture_by_json() -> None:
    assert read(asked(), start(), json.dumps(RESULT), end()) == PICTURE


@given(
    cuts=st.lists(st.integers(0, len(json.dumps(RESULT))), max_size=4),
    binary=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_body_in_any_pieces_of_text_and_bytes(cuts: list[int], binary: list[bool]) -> None:
    body = json.dumps(RESULT)
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[begin:stop] for begin, stop in pairwise(edges)]
    frames = [piece.encode() if raw else piece for piece, raw in zip(pieces, binary, strict=False)]
    assert read(asked(), start(), *frames, end()) == PICTURE


def test_picture_as_it_is() -> None:
    assert read(asked(), start(content_type="image/png; q=1"), JPEG[:3], JPEG[3:], end()) == [
        Image("job-1", "image/png", JPEG),
        ImagesDone("job-1", 1),
    ]


@pytest.mark.parametrize("kind", ["end", "start", "result"])
def test_body_may_have_a_type_and_a_request_id(kind: str) -> None:
    body = json.dumps(RESULT | {"type": kind, "request_id": "c1d2"})
    assert read(asked(), start(), body, end()) == PICTURE


def test_binary_frame_is_always_body() -> None:
    events = read(asked(), start(content_type="image/png"), end().encode(), end())
    assert events == [Image("job-1", "image/png", end().encode()), ImagesDone("job-1", 1)]


def test_headers_may_say_nothing_of_the_content() -> None:
    assert read(asked(), start(content_type=None), json.dumps(RESULT), end()) == PICTURE


def test_result_without_start_and_end_is_taken() -> None:
    codec = asked("job-1", "job-2")
    assert read(codec, json.dumps(RESULT)) == PICTURE
    assert len(codec.poll(1.0)) == 1


# Failures


@pytest.mark.parametrize(("first", "last"), [(422, 422), (200, 500), (503, 200)])
def test_failed_request_leaves_the_connection(first: int, last: int) -> None:
    codec = asked("job-1", "job-2")
    [failed] = read(codec, start(status=first), '{"detail":"field required"}', end(status=last))
    assert failed == ImagesFailed("job-1", f"field required (HTTP {max(first, last)})")
    assert len(codec.poll(1.0)) == 1


def test_faults_of_the_input_are_named() -> None:
    body = '{"detail":[{"loc":["body","prompt"],"msg":"field required","type":"value_error.missing"}]}'
    assert read(asked(), start(status=422), body, end(status=422)) == [
        ImagesFailed("job-1", "body.prompt: field required (HTTP 422)")
    ]


def test_stream_of_server_sent_events_is_shown_whole() -> None:
    pieces = ("data: {", b'"a":1}\n\n')
    shown, failed = read(asked(), start(content_type="text/event-stream"), *pieces, end())
    assert shown == Raw("text/event-stream", 'data: {"a":1}\n\n')
    assert isinstance(failed, ImagesFailed)


def test_picture_without_bytes_is_a_failure() -> None:
    events = read(asked(), start(content_type="image/png"), end())
    assert isinstance(events[-1], ImagesFailed)


@pytest.mark.parametrize("body", ["", '{"images":[', '{"seed":7}', "[" * 10_000])
def test_unreadable_result_is_a_failure(body: str) -> None:
    unread, failed = read(asked(), start(), body, end())
    assert isinstance(unread, Malformed)
    assert isinstance(failed, ImagesFailed)


def test_socket_lost_before_the_end_fails_what_was_asked() -> None:
    codec = asked("job-1", "job-2")
    read(codec, start(), '{"images":')
    assert [
        (type(event), event.job) for event in codec.closed(clean=False) if isinstance(event, ImagesFailed)
    ] == [
        (ImagesFailed, "job-1"),
        (ImagesFailed, "job-2"),
    ]
    assert codec.closed(clean=False) == []
    assert codec.poll(1.0) == []


# A broken protocol


@pytest.mark.parametrize("frame", [start("other"), start(), end("other")])
def test_answer_within_an_answer_breaks_it(frame: str) -> None:
    codec = asked("job-1", "job-2")
    problem, failed = read(codec, start(), '{"images":', frame)
    assert isinstance(problem, Problem) and problem.code == "protocol"
    assert isinstance(failed, ImagesFailed) and failed.job == "job-1"
    assert len(codec.poll(1.0)) == 1


def test_end_without_a_start_changes_nothing() -> None:
    codec = asked()
    [problem] = read(codec, end())
    assert isinstance(problem, Problem)
    assert read(codec, start(), json.dumps(RESULT), end()) == PICTURE


def test_start_that_nothing_asked_for() -> None:
    [problem] = read(FalHttpCodec(), start())
    assert isinstance(problem, Problem)


@pytest.mark.parametrize("frame", [b"\1\2", "", "{"])
def test_body_outside_of_an_answer_is_malformed(frame: Frame) -> None:
    [event] = read(asked(), frame)
    assert isinstance(event, Malformed)


@pytest.mark.parametrize("codec", [FalHttpCodec(), asked()])
def test_unknown_message_survives_whole(codec: FalHttpCodec) -> None:
    frame = '{"type":"x-fal-message","action":"timings"}'
    assert read(codec, frame) == [Raw("x-fal-message", frame)]


def test_closes_have_no_meaning_of_their_own() -> None:
    assert FalHttpCodec().explain_close(1000, "bye") == ""


def test_image_model_knows_no_other_command() -> None:
    with pytest.raises(ImpossibleCommand, match="Clear"):
        FalHttpCodec().send(Clear(), 0.0)
