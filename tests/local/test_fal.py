"""fal's pictures over real sockets: HTTP over WebSocket, and the msgpack realtime endpoint."""

import base64
import io
import json
from typing import Any

import msgspec
import pytest
from PIL import Image
from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, until_closed
from tests.local.hurried import hurried_gateway

MODEL = "fal/fal-ai/fast-lcm-diffusion"


def answer(socket: ClientConnection) -> tuple[Message, Message]:
    """Return the start message and the body of one answer."""
    start = json.loads(socket.recv(timeout=30, decode=True))
    assert start["type"] == "start" and start["headers"]["Content-Type"] == "application/json"
    body = b""
    while True:
        frame = socket.recv(timeout=30, decode=False)
        assert isinstance(frame, bytes) and len(frame) < 1024 * 1024
        if b'"end"' in frame[:20]:
            break
        body += frame
    end = json.loads(frame)
    assert (end["type"], end["request_id"], end["status"]) == ("end", start["request_id"], start["status"])
    assert end["time_to_first_byte_seconds"] >= 0
    return start, json.loads(body)


def ask(socket: ClientConnection, **fields: Any) -> Message:
    socket.send(json.dumps(fields))
    start, body = answer(socket)
    assert start["status"] == 200
    return body


def picture(image: Message) -> Image.Image:
    head, _, data = image["url"].partition(",")
    assert head == f"data:{image['content_type']};base64"
    opened = Image.open(io.BytesIO(base64.b64decode(data)))
    assert opened.format and image["content_type"] == f"image/{opened.format.lower()}"
    assert opened.size == (image["width"], image["height"])
    return opened


def test_requests_are_answered_in_order(gateway: Gateway) -> None:
    with gateway.connect(MODEL, {}) as socket:
        for number, size in enumerate(("square", "landscape_16_9")):
            body = {"prompt": f"a lighthouse {number}", "image_size": size, "request_id": f"job-{number}"}
            socket.send(json.dumps(body))
        results = [answer(socket)[1] for _ in range(2)]
    assert [result["request_id"] for result in results] == ["job-0", "job-1"]
    assert [picture(result["images"][0]).size for result in results] == [(512, 512), (1024, 576)]
    assert results[0]["prompt"] == "a lighthouse 0" and results[0]["has_nsfw_concepts"] == [False]
    assert results[0]["timings"]["inference"] > 0


def test_pictures_are_the_same_for_the_same_seed_and_prompt(gateway: Gateway) -> None:
    with gateway.connect(MODEL, {}) as socket:
        size = {"width": 320, "height": 240}
        two = ask(socket, prompt="sea", seed=2**60, num_images=2, image_size=size, format="png")
        one = ask(socket, prompt="sea", seed=2**60 + 1, image_size=size, format="png")
        other = ask(socket, prompt="forest", seed=2**60 + 1, image_size=size, output_format="png")
        by_chance = ask(socket, prompt="sea", image_size=size)
    first, second = (picture(image) for image in two["images"])
    assert two["seed"] == 2**60 and len(two["has_nsfw_concepts"]) == 2
    assert first.tobytes() != second.tobytes() == picture(one["images"][0]).tobytes()
    assert second.tobytes() != picture(other["images"][0]).tobytes()
    assert by_chance["seed"] > 0 and picture(by_chance["images"][0]).format == "JPEG"


@pytest.mark.parametrize("prompt", ["", "x" * 2000, "Größe 日本 🦊 \x00\n\ud800\u202e", "a neon city " * 9])
def test_any_prompt_makes_a_picture(gateway: Gateway, prompt: str) -> None:
    with gateway.connect(MODEL, {}) as socket:
        result = ask(socket, prompt=prompt, image_size={"width": 64, "height": 300})
    extremes = picture(result["images"][0]).convert("L").getextrema()
    assert result["prompt"] == prompt and extremes != (0, 0)


def test_a_large_picture_comes_in_several_frames(gateway: Gateway) -> None:
    with gateway.connect(MODEL, {}) as socket:
        result = ask(socket, prompt="sunset over the sea", num_images=4, format="png")
    assert sum(len(image["url"]) for image in result["images"]) > 256 * 1024
    assert {picture(image).size for image in result["images"]} == {(1024, 1024)}


@pytest.mark.parametrize(
    ("payload", "locations"),
    [
        ("{", [["body"]]),
        ("[]", [["body"]]),
        ({}, [["body", "prompt"]]),
        ({"prompt": 3}, [["body", "prompt"]]),
        ({"prompt": "x", "image_size": "huge"}, [["body", "image_size"]]),
        (
            {"prompt": "x", "image_size": {"width": 0, "height": 9999}},
            [["body", "image_size", "width"], ["body", "image_size", "height"]],
        ),
        ({"prompt": "x", "num_images": 5, "format": "gif"}, [["body", "num_images"], ["body", "format"]]),
        ({"prompt": "x", "seed": -1}, [["body", "seed"]]),
        ({"prompt": "x", "seed": True}, [["body", "seed"]]),
    ],
)
def test_what_is_wrong_is_listed_and_the_socket_lives_on(
    gateway: Gateway, payload: Any, locations: list[list[str]]
) -> None:
    with gateway.connect(MODEL, {}) as socket:
        socket.send(payload if isinstance(payload, str) else json.dumps(payload))
        start, body = answer(socket)
        assert start["status"] == 422
        assert [error["loc"] for error in body["detail"]] == locations
        assert all(error["msg"] and error["type"] for error in body["detail"])
        ask(socket, prompt="x", image_size="square")


def realtime(socket: ClientConnection, **fields: Any) -> Message:
    socket.send(msgspec.msgpack.encode(fields))
    result = msgspec.msgpack.decode(socket.recv(timeout=30, decode=False))
    timings = json.loads(socket.recv(timeout=30, decode=True))
    assert (timings["type"], timings["action"]) == ("x-fal-message", "timings") and timings["timing"] > 0
    return result  # type: ignore[no-any-return]


def test_realtime_results_are_bytes(gateway: Gateway) -> None:
    with gateway.connect(f"{MODEL}/realtime", {"fal_jwt_token": "t", "max_buffering": "2"}) as socket:
        for request_id in ("one", "two"):
            result = realtime(socket, prompt="a boat", image_size="square", request_id=request_id)
            assert result["request_id"] == request_id
            (image,) = result["images"]
            opened = Image.open(io.BytesIO(image["content"]))
            assert (opened.format, opened.size) == ("JPEG", (image["width"], image["height"]))
        socket.send(json.dumps({"prompt": "a boat", "image_size": "square"}))
        assert picture(json.loads(socket.recv(timeout=30))["images"][0]).size == (512, 512)


def test_realtime_drops_the_oldest_of_too_many(gateway: Gateway) -> None:
    with gateway.connect(f"{MODEL}/realtime", {"max_buffering": "1"}) as socket:
        for number in range(12):
            request = {"prompt": "x", "image_size": "square", "request_id": str(number)}
            socket.send(msgspec.msgpack.encode(request))
        answered = []
        while "11" not in answered:
            frame = socket.recv(timeout=30)
            if isinstance(frame, bytes):
                answered.append(msgspec.msgpack.decode(frame)["request_id"])
    assert answered == sorted(answered, key=int) and len(answered) < 12


@pytest.mark.parametrize(
    ("frame", "error", "code"),
    [
        (msgspec.msgpack.encode({"seed": 1}), "INTERNAL_ERROR", 1011),
        (msgspec.msgpack.encode([1]), "INTERNAL_ERROR", 1011),
        (b"\xc1", "BAD_REQUEST", 1008),
        ("{", "BAD_REQUEST", 1008),
    ],
)
def test_realtime_errors_end_the_connection(
    gateway: Gateway, frame: bytes | str, error: str, code: int
) -> None:
    with gateway.connect(f"{MODEL}/realtime", {}) as socket:
        socket.send(frame)
        (message,) = until_closed(socket)
    assert isinstance(message, dict)
    assert (message["type"], message["error"]) == ("x-fal-error", error) and message["reason"]
    assert socket.close_code == code


def test_realtime_ends_when_there_is_no_input() -> None:
    with (
        hurried_gateway("fal", IDLE_LIMIT=0.3) as gateway,
        gateway.connect(f"{MODEL}/realtime", {}) as socket,
    ):
        realtime(socket, prompt="x", image_size="square")
        (message,) = until_closed(socket)
    assert isinstance(message, dict) and message["error"] == "TIMEOUT"
    assert socket.close_code == 1000
