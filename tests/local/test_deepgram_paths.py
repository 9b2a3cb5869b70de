"""Deepgram's models by Deepgram's own paths and names, as SDKs append them to a base address."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.local.clients import LINEAR16, Gateway, final_text, send, send_audio, spoken, until, until_closed
from tests.speech import recording

FLUX = "workers-ai?model=@cf/deepgram/flux"


@pytest.mark.parametrize("base", ["deepgram", "workers-ai"])
@pytest.mark.parametrize(
    "model", ["nova-3", "nova-3-general", "nova-2-phonecall", "@cf/deepgram/nova-3", None]
)
def test_listen_v1(gateway: Gateway, base: str, model: str | None) -> None:
    query = {**LINEAR16, **({} if model is None else {"model": model})}
    with gateway.connect(f"{base}/v1/listen", query) as session:
        if model == "nova-3":
            send_audio(session, recording("sense_0880"))
        send(session, "CloseStream")
        messages = [message for message in until_closed(session) if isinstance(message, dict)]
    assert messages[-1]["type"] == "Metadata"
    assert model != "nova-3" or "young man" in final_text(messages)


@pytest.mark.parametrize("base", ["deepgram", "workers-ai"])
@pytest.mark.parametrize("model", ["flux-general-en", "flux-general-multi", "@cf/deepgram/flux"])
def test_listen_v2(gateway: Gateway, base: str, model: str) -> None:
    query = {"model": model, "encoding": "mulaw", "sample_rate": "8000"}
    with gateway.connect(f"{base}/v2/listen", query) as session:
        until(session, "Connected")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("aura-2-thalia-en", "aura-2-thalia-en"),
        ("aura-2-diana-es", "aura-2-diana-es"),
        ("aura-asteria-en", "aura-asteria-en"),
        ("@cf/deepgram/aura-2-en", "aura-2-luna-en"),
        (None, "aura-asteria-en"),
    ],
)
def test_speak_v1(gateway: Gateway, model: str | None, name: str) -> None:
    query = {"sample_rate": "16000", **({} if model is None else {"model": model})}
    with gateway.connect("deepgram/v1/speak", query) as session:
        assert spoken(session, "Metadata")[1]["model_name"] == name


def test_deepgrams_credentials_are_accepted_and_none_are_needed(gateway: Gateway) -> None:
    address = f"{gateway.url}/deepgram/v1/speak?model=aura-2-thalia-en"
    headers = {"Authorization": "Token dg-key", "cf-aig-authorization": gateway.token}
    with connect(address, additional_headers=headers) as session:
        spoken(session, "Metadata")
    offered = ["token", "dg-key", f"cf-aig-authorization.{gateway.token}"]
    with connect(address, subprotocols=list(map(Subprotocol, offered))) as session:
        assert session.subprotocol == "token"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("deepgram/v1/listen?model=flux-general-en", "model"),
        ("deepgram/v2/listen?model=nova-3", "model"),
        ("deepgram/v2/listen", "model"),
        ("deepgram/v1/speak?model=aura-2-nobody-en", "model"),
        ("deepgram/v1/speak?model=aura-asteria-es", "model"),
        ("deepgram/v1/speak?model=nova-3", "model"),
        ("deepgram/v2/listen?model=flux-general-multi&language_hint=en&language_hint=fr", "language_hint"),
        (FLUX, "encoding"),
        (f"{FLUX}&encoding=mulaw&sample_rate=8000", "encoding"),
        (f"{FLUX}&encoding=linear16", "sample_rate"),
        *(
            (f"{FLUX}&encoding=linear16&sample_rate=16000&{query}", query.partition("=")[0])
            for query in (
                "eot_threshold=0.4",
                "eot_threshold=nan",
                "eot_threshold=high",
                "eager_eot_threshold=0.95",
                "eager_eot_threshold=0.8&eot_threshold=0.7",
                "eot_timeout_ms=499",
                "eot_timeout_ms=60001",
                "eot_timeout_ms=0.7",
                "interim_results=true",
                "language=en",
                "punctuate=true",
                "utterance_end_ms=1000",
                "vad_events=true",
            )
        ),
    ],
)
def test_a_bad_parameter_is_named(gateway: Gateway, path: str, parameter: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{gateway.url}/{path}", additional_headers={"cf-aig-authorization": gateway.token})
    response = refused.value.response
    assert response.status_code == 400
    assert json.loads(response.body)["err_msg"].startswith(f"{parameter}:")
    assert response.headers["dg-error"].startswith(f"{parameter}:")
