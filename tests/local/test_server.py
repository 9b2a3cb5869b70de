"""Addresses, token, subprotocols and refusals, as Cloudflare AI Gateway has them."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.local.clients import Gateway, spoken

AURA = "/workers-ai?model=@cf/deepgram/aura-1"


def refusal(
    url: str, headers: dict[str, str] | None = None, subprotocols: list[str] | None = None
) -> tuple[int, Any]:
    offered = [Subprotocol(name) for name in subprotocols or []]
    with pytest.raises(InvalidStatus) as refused:
        connect(url, additional_headers=headers, subprotocols=offered or None)
    response = refused.value.response
    assert response.headers["content-type"] == "application/json"
    return response.status_code, json.loads(response.body)


def allowed(gateway: Gateway) -> dict[str, str]:
    return {"cf-aig-authorization": gateway.token}


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
def test_the_token_in_the_header(gateway: Gateway, form: str) -> None:
    headers = {"cf-aig-authorization": form.format(gateway.token)}
    with connect(gateway.url + AURA, additional_headers=headers) as socket:
        assert json.loads(socket.recv())["type"] == "Metadata"
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    ("others", "selected"),
    [(["openai-insecure-api-key.k", "realtime"], "realtime"), (["xi-api-key.k"], "xi-api-key.k")],
)
def test_the_token_as_subprotocol(gateway: Gateway, others: list[str], selected: str) -> None:
    offered = [Subprotocol(name) for name in [*others, f"cf-aig-authorization.{gateway.token}"]]
    with connect(gateway.url + AURA, subprotocols=offered) as socket:
        assert socket.subprotocol == selected
        assert json.loads(socket.recv())["type"] == "Metadata"


@pytest.mark.parametrize(
    "headers", [{}, {"cf-aig-authorization": "wrong"}, {"cf-aig-authorization": "Bearer é"}]
)
def test_without_the_token_it_is_401(gateway: Gateway, headers: dict[str, str]) -> None:
    status, body = refusal(
        gateway.url + AURA, {name: text.encode().decode("latin-1") for name, text in headers.items()}
    )
    assert status == 401
    assert body == {
        "success": False,
        "result": [],
        "messages": [],
        "error": [{"code": 2009, "message": "Unauthorized"}],
        "name": "AiGatewayError",
        "httpCode": 401,
        "internalCode": 2009,
        "message": "Unauthorized",
        "description": "Unauthorized",
    }
    assert refusal(gateway.url + AURA, None, ["cf-aig-authorization.wrong"])[0] == 401


def test_an_unknown_provider_is_not_routable(gateway: Gateway) -> None:
    status, body = refusal(gateway.url + "/nowhere?model=x", allowed(gateway))
    assert (status, body["name"], body["internalCode"]) == (400, "AiGatewayError", 2008)


@pytest.mark.parametrize("query", ["model=@cf/deepgram/nova-99", "model=%40cf%2Fdeepgram%2Fnova-99", ""])
def test_an_unknown_model_is_named(gateway: Gateway, query: str) -> None:
    status, body = refusal(f"{gateway.url}/workers-ai?{query}", allowed(gateway))
    assert (status, body["name"], body["internalCode"]) == (400, "AiError", 5007)
    assert not query or "@cf/deepgram/nova-99" in body["message"]


@pytest.mark.parametrize(
    ("model", "query", "parameter"),
    [
        ("nova-3", "encoding=linear16", "sample_rate"),
        ("nova-3", "encoding=linear16&sample_rate=fast", "sample_rate"),
        ("nova-3", "encoding=linear16&sample_rate=400", "sample_rate"),
        ("nova-3", "encoding=linear16&sample_rate=" + "9" * 5000, "sample_rate"),
        ("nova-3", "encoding=x%0d%0aEvil:%20%C3%A9%00", "encoding"),
        ("nova-3", "encoding=linear16&sample_rate=16000&language=fr", "language"),
        ("nova-3", "encoding=speex&sample_rate=16000", "encoding"),
        ("nova-3", "encoding=linear16&sample_rate=16000&channels=0", "channels"),
        ("nova-3", "encoding=linear16&sample_rate=16000&interim_results=1", "interim_results"),
        ("nova-3", "encoding=linear16&sample_rate=16000&endpointing=soon", "endpointing"),
        ("nova-3", "encoding=linear16&sample_rate=16000&utterance_end_ms=true", "utterance_end_ms"),
        ("aura-1", "encoding=mp3", "encoding"),
        ("aura-1", "container=wav", "container"),
        ("aura-1", "sample_rate=11025", "sample_rate"),
        ("aura-1", "encoding=mulaw&sample_rate=48000", "sample_rate"),
        ("aura-1", "speaker=nobody", "speaker"),
    ],
)
def test_a_bad_parameter_is_named(gateway: Gateway, model: str, query: str, parameter: str) -> None:
    status, body = refusal(f"{gateway.url}/workers-ai?model=@cf/deepgram/{model}&{query}", allowed(gateway))
    assert status == 400
    assert body["err_msg"].startswith(f"{parameter}:")


def test_a_percent_encoded_model_is_the_same(gateway: Gateway) -> None:
    address = f"{gateway.url}/workers-ai?model=%40cf%2Fdeepgram%2Faura-1"
    with connect(address, additional_headers=allowed(gateway)) as socket:
        spoken(socket, "Metadata")


def test_plain_http(gateway: Gateway) -> None:
    base = gateway.url.replace("ws://", "http://")
    with urllib.request.urlopen(base.removesuffix("/v1/local/default") + "/") as response:
        about = json.load(response)
    assert about["name"] == "voxdeck embedded gateway"
    assert "workers-ai" in about["providers"] and "@cf/deepgram/nova-3" in about["models"]
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(base + AURA)
    with refused.value as error:
        assert error.code == 401 and json.load(error)["internalCode"] == 2009
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(base + AURA, headers=allowed(gateway)))
    with refused.value as error:
        assert error.code == 426
