"""Pictures in fal's results, in every form that they come in."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from sessions.commands import Finish, ImpossibleCommand, MakeImage
from sessions.events import Event, Image, ImagesDone, Malformed
from sessions.providers import fal_results as results

JPEG = b"\xff\xd8\xff\xe0 picture"
BASE64 = b64encode(JPEG).decode()


def read(*pictures: Any, **fields: Any) -> list[Event]:
    message = msgspec.json.encode({"images": pictures, **fields})
    return results.events_of("job", results.from_json.decode(message))


@pytest.mark.parametrize(
    "picture",
    [
        {"content": BASE64, "content_type": "image/jpeg"},
        {"content": list(JPEG), "content_type": "image/jpeg", "url": "https://fal.media/other"},
        {"url": f"data:image/jpeg;base64,{BASE64}"},
        {"url": f"data:;base64,{BASE64}", "content_type": "image/jpeg"},
        {"url": "data:image/jpeg,%FF%D8%FF%E0%20picture"},
    ],
)
def test_picture_in_the_result(picture: dict[str, Any]) -> None:
    assert read(picture) == [Image("job", "image/jpeg", JPEG), ImagesDone("job", 1)]


def test_bytes_of_a_realtime_result() -> None:
    picture = {"content": JPEG, "content_type": "image/jpeg", "width": 512, "height": 256}
    result = results.from_msgpack.decode(msgspec.msgpack.encode({"images": [picture], "request_id": "job"}))
    assert results.events_of("job", result)[0] == Image("job", "image/jpeg", JPEG, "", 512, 256)


def test_address_is_left_to_be_fetched() -> None:
    picture = {"url": "https://v3.fal.media/files/a.jpeg", "content_type": "image/jpeg", "width": 64}
    assert read(picture)[0] == Image("job", "image/jpeg", url="https://v3.fal.media/files/a.jpeg", width=64)


def test_seed_beyond_2_to_the_53_and_the_seconds_of_inference() -> None:
    events = read(seed=12345678901234567890, timings={"inference": 0.31}, has_nsfw_concepts=[False])
    assert events == [ImagesDone("job", 0, 12345678901234567890, 0.31)]


def test_data_uri_of_two_megabytes() -> None:
    content = bytes(range(256)) * 8192
    [image, _] = read({"url": "data:image/png;base64," + b64encode(content).decode()})
    assert image == Image("job", "image/png", content)


@pytest.mark.parametrize(
    "picture",
    [
        {},
        {"url": "file:///etc/hosts"},
        {"url": "data:image/png;base64,A"},
        {"content": "é"},
        {"content": [256]},
        {"content": ["x"]},
        {"content": {"a": 1}},
    ],
)
def test_picture_that_cannot_be_read_leaves_the_others(picture: dict[str, Any]) -> None:
    unread, image, done = read(picture, {"content": BASE64})
    assert isinstance(unread, Malformed) and unread.why.startswith("picture 1: ")
    assert image == Image("job", "application/octet-stream", JPEG)
    assert done == ImagesDone("job", 1)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"detail":"no such model"}', "no such model (HTTP 422)"),
        (
            b'{"detail":[{"loc":["body","prompt"],"msg":"field required","type":"missing","url":"x"},'
            b'{"loc":["body","seed",0],"msg":"not a number"}]}',
            "body.prompt: field required; body.seed.0: not a number (HTTP 422)",
        ),
        (b"<html>", "HTTP 422"),
        (b"", "HTTP 422"),
    ],
)
def test_refusal_says_why(body: bytes, why: str) -> None:
    assert results.refusal_of(body, 422) == why


def test_request_holds_prompt_name_and_settings() -> None:
    command = MakeImage("job", "a lighthouse \udce9")
    assert results.request_of(command, {"image_size": "square"}) == (
        "job",
        {"image_size": "square", "prompt": "a lighthouse \ufffd", "request_id": "job"},
    )


def test_there_must_be_a_prompt() -> None:
    with pytest.raises(ImpossibleCommand, match="no prompt"):
        results.request_of(MakeImage("job", " "), {})


def test_image_model_knows_nothing_else() -> None:
    with pytest.raises(ImpossibleCommand, match="Finish"):
        results.request_of(Finish(), {})
