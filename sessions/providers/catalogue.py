"""What can be opened: providers, their models, and for each the route and the codec."""

from collections.abc import Callable
from dataclasses import dataclass

from sessions.gateway import BEARER, Route
from sessions.providers.codec import Codec, Kind
from sessions.providers.deepgram_listen import ListenCodec
from sessions.providers.deepgram_speak import OUTPUT_RATE, SpeakCodec
from sessions.providers.openai_realtime import RealtimeCodec
from sessions.secrets import Secret

LISTEN_RATE = 16000
ENDPOINTING_MS = 300
"""Silence that ends an utterance. Deepgram advises 300 to 500 for conversation; its default is 10."""


class UnknownModel(ValueError):
    """No such provider or model; the message is one line and names those there are."""


@dataclass(frozen=True)
class Offer:
    """One way to open a session of one kind with one provider. A `models` of none takes any name."""

    provider: str
    kind: Kind
    default_model: str
    models: tuple[str, ...] | None
    route: Callable[[str, Secret | None], Route]
    codec: Callable[[], Codec]
    key_variable: str | None = None
    """The environment variable of the provider's key, where it needs one of its own."""


def _listen_route(model: str, key: Secret | None) -> Route:
    options = {
        "encoding": "linear16",
        "sample_rate": str(LISTEN_RATE),
        "interim_results": "true",
        "punctuate": "true",
        "smart_format": "true",
        "endpointing": str(ENDPOINTING_MS),
        "utterance_end_ms": "1000",
        "vad_events": "true",
    }
    return Route("/workers-ai", (("model", model), *options.items()))


def _speak_route(model: str, key: Secret | None) -> Route:
    options = {"encoding": "linear16", "sample_rate": str(OUTPUT_RATE)}
    return Route("/workers-ai", (("model", model), *options.items()))


def _openai_route(model: str, key: Secret | None) -> Route:
    return Route("/openai", (("model", model),), BEARER, key)


OFFERS = (
    Offer(
        provider="workers-ai",
        kind="transcribe",
        default_model="@cf/deepgram/nova-3",
        models=("@cf/deepgram/nova-3",),
        route=_listen_route,
        codec=lambda: ListenCodec(LISTEN_RATE),
    ),
    Offer(
        provider="workers-ai",
        kind="speak",
        default_model="@cf/deepgram/aura-1",
        models=("@cf/deepgram/aura-1", "@cf/deepgram/aura-2-en", "@cf/deepgram/aura-2-es"),
        route=_speak_route,
        codec=SpeakCodec,
    ),
    Offer(
        provider="openai",
        kind="converse",
        default_model="gpt-realtime-2.1",
        models=None,
        route=_openai_route,
        codec=RealtimeCodec,
        key_variable="OPENAI_API_KEY",
    ),
)


def find(kind: Kind, provider: str | None, model: str | None) -> tuple[Offer, str]:
    """Return the offer and the model's full name. Raises UnknownModel.

    A model may be named without its `@cf/deepgram/`.
    """
    offers = [offer for offer in OFFERS if offer.kind == kind and provider in (None, offer.provider)]
    if not offers:
        known = ", ".join(sorted({offer.provider for offer in OFFERS if offer.kind == kind}))
        raise UnknownModel(f"provider {provider!r} does not {kind}; these do: {known}")
    if model is None:
        return offers[0], offers[0].default_model
    for offer in offers:
        for name in offer.models or (model,):
            if model in (name, name.rpartition("/")[2]):
                return offer, name
    known = ", ".join(name for offer in offers for name in offer.models or ())
    raise UnknownModel(f"unknown model {model!r}; expected one of: {known}")
