"""What can be opened, and by which names."""

from dataclasses import replace

import pytest

from sessions.gateway import BadAddress, address, gateway
from sessions.providers.catalogue import OFFERS, Offer, UnknownModel, find
from sessions.providers.codec import Kind
from sessions.providers.routes import Options
from sessions.secrets import Secret


@pytest.mark.parametrize(
    ("kind", "provider", "model"),
    [
        ("transcribe", "workers-ai", "@cf/deepgram/nova-3"),
        ("speak", "workers-ai", "@cf/deepgram/aura-1"),
        ("converse", "openai", "gpt-realtime-2.1"),
    ],
)
def test_each_kind_has_a_default(kind: str, provider: str, model: str) -> None:
    offer, name = find(kind, None, None)  # type: ignore[arg-type]
    assert (offer.provider, name) == (provider, model)


def test_model_may_be_named_in_short() -> None:
    assert find("speak", "workers-ai", "aura-2-es")[1] == "@cf/deepgram/aura-2-es"


def test_provider_that_names_no_models_takes_any() -> None:
    assert find("converse", None, "gpt-next")[1] == "gpt-next"


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownModel, match=r"'nova-9'; expected one of: @cf/deepgram/nova-3, @cf/deepgram/flux"
    ):
        find("transcribe", None, "nova-9")
    with pytest.raises(
        UnknownModel, match=r"'acme' does not speak; these do: workers-ai, deepgram, cartesia"
    ):
        find("speak", "acme", None)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.provider}-{offer.models[0]}")
def test_codec_is_of_the_kind_that_is_offered(offer: Offer) -> None:
    assert offer.codec(Options(offer.models[0], voice="v")).kind == offer.kind


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.provider}-{offer.models[0]}")
@pytest.mark.parametrize("direct", [False, True])
def test_each_way_in_is_an_address_without_its_key(offer: Offer, direct: bool) -> None:
    if direct and not offer.direct:
        return
    key = Secret("sk-test-0123456789")
    route = replace(offer.route(Options(offer.models[0], voice="v", agent="a"), direct=direct), key=key)
    at = address(gateway("wss://gateway.example/v1/a/g"), route)
    assert at.url.startswith(route.base or "wss://gateway.example/v1/a/g/")
    assert key.reveal() not in at.shown + repr(at)
    wants_key = offer.provider != "workers-ai"
    assert (key.reveal() in at.url + str(at.headers)) is wants_key


WAYS = [
    ("transcribe", "workers-ai", "flux", "/workers-ai?model=@cf/deepgram/flux&encoding=linear16"),
    ("transcribe", "deepgram", "nova-3", "/deepgram/v1/listen?model=nova-3&"),
    ("transcribe", "deepgram", "flux-general-en", "/deepgram/v2/listen?model=flux-general-en&"),
    ("speak", "deepgram", None, "/deepgram/v1/speak?model=aura-2-thalia-en&"),
    ("converse", "google", None, "/google?api_key="),
    ("speak", "cartesia", None, "/cartesia?cartesia_version=2026-03-01&api_key="),
    ("converse", "elevenlabs", None, "/elevenlabs?agent_id=a"),
    ("speak", "elevenlabs", None, "/elevenlabs/v1/text-to-speech/v/stream-input?model_id="),
    ("image", "fal", "fal-ai/fast-lcm-diffusion", "/fal/fal-ai/fast-lcm-diffusion"),
    ("image", "fal", "fal-ai/fast-lcm-diffusion/realtime", "/fal/fal-ai/fast-lcm-diffusion/realtime"),
    ("transcribe", "openai", None, "/openai?intent=transcription"),
]


@pytest.mark.parametrize(("kind", "provider", "model", "path"), WAYS)
def test_the_path_below_the_gateway_is_the_documented_one(
    kind: Kind, provider: str, model: str | None, path: str
) -> None:
    offer, name = find(kind, provider, model)
    route = offer.route(Options(name, voice="v", agent="a"), direct=False)
    at = address(gateway("wss://g/v1/a/g"), replace(route, key=Secret("key-0123456789")))
    assert at.url.removeprefix("wss://g/v1/a/g").startswith(path)


def test_keys_go_by_subprotocol_where_that_is_asked_for() -> None:
    at = gateway("wss://g/v1/a/g", Secret("tok_0123456789"), "subprotocol")
    offered = {}
    for kind, provider in (("converse", "openai"), ("converse", "elevenlabs"), ("image", "fal")):
        offer, name = find(kind, provider, None)  # type: ignore[arg-type]
        route = replace(offer.route(Options(name, agent="a"), direct=False), key=Secret("key-0123456789"))
        offered[provider] = address(at, route).subprotocols
    token = "cf-aig-authorization.tok_0123456789"
    assert offered == {
        "openai": ("realtime", "openai-insecure-api-key.key-0123456789", token),
        "elevenlabs": ("xi-api-key.key-0123456789", token),
        "fal": ("fal-api-key.key-0123456789", token),
    }


def test_a_key_with_a_colon_is_refused_as_subprotocol_and_not_shown() -> None:
    offer, name = find("image", "fal", None)
    route = replace(offer.route(Options(name), direct=False), key=Secret("id0123456:secret789"))
    with pytest.raises(BadAddress, match="send it by header") as refused:
        address(gateway("wss://g/v1/a/g", token_form="subprotocol"), route)
    assert "secret789" not in str(refused.value)
    assert address(gateway("wss://g/v1/a/g"), route).headers == {"Authorization": "Key id0123456:secret789"}
