"""What can be opened: a row for each way to use a provider, with its models, its route and its codec."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sessions.gateway import Route
from sessions.providers import routes, settings
from sessions.providers.cartesia import CartesiaCodec
from sessions.providers.codec import Codec, Kind
from sessions.providers.deepgram_flux import FluxCodec
from sessions.providers.deepgram_listen import ListenCodec
from sessions.providers.deepgram_speak import SpeakCodec
from sessions.providers.elevenlabs_agent import ElevenLabsAgentCodec
from sessions.providers.elevenlabs_speak import ElevenLabsSpeakCodec
from sessions.providers.fal_http import FalHttpCodec
from sessions.providers.fal_realtime import FalRealtimeCodec
from sessions.providers.gemini_live import GeminiLiveCodec
from sessions.providers.openai_realtime import RealtimeCodec
from sessions.providers.openai_transcription import TranscriptionCodec
from sessions.providers.routes import LISTEN_RATE, SPEAK_RATE, Options
from sessions.providers.settings import Setting
from sessions.providers.turn_detection import TurnDetection

_CLOUDFLARE = "@cf/deepgram/"


class UnknownModel(ValueError):
    """No such provider or model; the message is one line and names those there are."""


class RouteOf(Protocol):
    def __call__(self, options: Options, *, direct: bool) -> Route: ...


@dataclass(frozen=True)
class Offer:
    """One way to use a provider. Models that are not listed are taken where `open_list`, by any name."""

    provider: str
    kind: Kind
    models: tuple[str, ...]
    """The first is the default."""
    route: RouteOf
    codec: Callable[[Options], Codec]
    settings: tuple[Setting, ...]
    open_list: bool = True
    direct: bool = True
    """Whether the provider can be reached without the gateway."""
    default_voice: str = ""
    wants_agent: bool = False

    def takes(self, model: str) -> str | None:
        """Return the full name of a model, which may be given without its `@cf/deepgram/`; or nothing."""
        for name in self.models:
            if model in (name, name.removeprefix(_CLOUDFLARE)):
                return name
        return model if self.open_list and not model.startswith("@cf/") else None

    def settings_of(self, model: str) -> tuple[Setting, ...]:
        """Return what may be set of a session with this model."""
        return tuple(each for each in self.settings if not each.models or model.startswith(each.models))


def _listen(options: Options) -> Codec:
    return ListenCodec(options.sample_rate or LISTEN_RATE)


def _flux(options: Options) -> Codec:
    rate = options.sample_rate or LISTEN_RATE
    return FluxCodec(rate, options.eot_timeout / 1000) if options.eot_timeout else FluxCodec(rate)


def _deepgram_speak(options: Options) -> Codec:
    return SpeakCodec(options.sample_rate or SPEAK_RATE)


def _turns(options: Options) -> TurnDetection:
    kind = options.turn_detection or "server_vad"
    return TurnDetection(kind, options.threshold, options.endpointing, options.eagerness)


def _fal(options: Options) -> dict[str, str]:
    size = {"image_size": options.size} if options.size else {}
    return {"format": "png" if options.png else "jpeg", **size}


OFFERS = (
    Offer(
        provider="workers-ai",
        kind="transcribe",
        models=("@cf/deepgram/nova-3",),
        route=routes.workers_listen,
        codec=_listen,
        settings=settings.DEEPGRAM_LISTEN,
        open_list=False,
        direct=False,
    ),
    Offer(
        provider="workers-ai",
        kind="transcribe",
        models=("@cf/deepgram/flux",),
        route=routes.workers_flux,
        codec=_flux,
        settings=settings.flux(highest_threshold=0.9, longest_timeout=10_000),
        open_list=False,
        direct=False,
    ),
    Offer(
        provider="workers-ai",
        kind="speak",
        models=("@cf/deepgram/aura-1", "@cf/deepgram/aura-2-en", "@cf/deepgram/aura-2-es"),
        route=routes.workers_speak,
        codec=_deepgram_speak,
        settings=settings.WORKERS_SPEAK,
        open_list=False,
        direct=False,
    ),
    Offer(
        provider="deepgram",
        kind="transcribe",
        models=("flux-general-en", "flux-general-multi"),
        route=routes.deepgram_flux,
        codec=_flux,
        settings=settings.flux(highest_threshold=1.0, longest_timeout=60_000),
        open_list=False,
    ),
    Offer(
        provider="deepgram",
        kind="transcribe",
        models=("nova-3", "nova-3-medical"),
        route=routes.deepgram_listen,
        codec=_listen,
        settings=settings.DEEPGRAM_LISTEN,
    ),
    Offer(
        provider="deepgram",
        kind="speak",
        models=("aura-2-thalia-en", "aura-2-luna-en", "aura-asteria-en"),
        route=routes.deepgram_speak,
        codec=_deepgram_speak,
        settings=settings.DEEPGRAM_SPEAK,
    ),
    Offer(
        provider="openai",
        kind="converse",
        models=("gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-realtime-1.5"),
        route=routes.openai_realtime,
        codec=lambda options: RealtimeCodec(
            speech=options.speech,
            voice=options.voice,
            instructions=options.instructions,
            tools=options.tools,
            turns=_turns(options),
            language=options.language,
        ),
        settings=settings.OPENAI_REALTIME,
    ),
    Offer(
        provider="openai",
        kind="transcribe",
        models=("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-realtime-whisper"),
        route=routes.openai_transcription,
        codec=lambda options: TranscriptionCodec(options.model, _turns(options), options.language),
        settings=settings.OPENAI_TRANSCRIPTION,
    ),
    Offer(
        provider="google",
        kind="converse",
        models=("gemini-3.8-live", "gemini-3.8-live-extended-thinking"),
        route=routes.gemini,
        codec=lambda options: GeminiLiveCodec(
            options.model,
            voice=options.voice,
            instructions=options.instructions,
            tools=options.tools,
            language=options.language,
            silence=options.endpointing,
            eagerness=options.eagerness,
            handle=options.handle,
        ),
        settings=settings.GEMINI,
    ),
    Offer(
        provider="cartesia",
        kind="speak",
        models=("sonic-3.5", "sonic-3"),
        route=routes.cartesia,
        codec=lambda options: CartesiaCodec(
            options.model, options.voice, options.language or "en", options.sample_rate or SPEAK_RATE
        ),
        settings=settings.CARTESIA,
        default_voice="6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
    ),
    Offer(
        provider="elevenlabs",
        kind="converse",
        models=("agent",),
        route=routes.elevenlabs_agent,
        codec=lambda options: ElevenLabsAgentCodec(
            text_only=not options.speech,
            instructions=options.instructions,
            voice=options.voice,
            language=options.language,
        ),
        settings=settings.ELEVENLABS_AGENT,
        open_list=False,
        wants_agent=True,
    ),
    Offer(
        provider="elevenlabs",
        kind="speak",
        models=("eleven_flash_v2_5", "eleven_multilingual_v2"),
        route=routes.elevenlabs_speak,
        codec=lambda options: ElevenLabsSpeakCodec(options.sample_rate or SPEAK_RATE),
        settings=settings.ELEVENLABS_SPEAK,
        default_voice="21m00Tcm4TlvDq8ikWAM",
    ),
    Offer(
        provider="fal",
        kind="image",
        models=("fal-ai/fast-lcm-diffusion/realtime",),
        route=routes.fal_realtime,
        codec=lambda options: FalRealtimeCodec(**_fal(options)),
        settings=settings.FAL,
        open_list=False,
    ),
    Offer(
        provider="fal",
        kind="image",
        models=("fal-ai/fast-lightning-sdxl", "fal-ai/fast-lcm-diffusion"),
        route=routes.fal_http,
        codec=lambda options: FalHttpCodec(**_fal(options)),
        settings=settings.FAL,
    ),
)

_DEFAULTS: dict[Kind, str] = {
    "transcribe": "workers-ai",
    "speak": "workers-ai",
    "converse": "openai",
    "image": "fal",
}


def find(kind: Kind, provider: str | None, model: str | None) -> tuple[Offer, str]:
    """Return the offer and the model's full name. Raises UnknownModel."""
    offers = [offer for offer in OFFERS if offer.kind == kind and provider in (None, offer.provider)]
    if not offers:
        known = ", ".join(dict.fromkeys(offer.provider for offer in OFFERS if offer.kind == kind))
        raise UnknownModel(f"provider {provider!r} does not {kind}; these do: {known}")
    if model is None:
        preferred = [offer for offer in offers if offer.provider == (provider or _DEFAULTS[kind])]
        first = _default_of(preferred)
        return first, first.models[0]
    # A name that is listed is meant before one that is merely possible.
    for offer in offers:
        if model in (*offer.models, *(name.removeprefix(_CLOUDFLARE) for name in offer.models)):
            return offer, offer.takes(model) or model
    for offer in offers:
        if offer.provider == (provider or _DEFAULTS[kind]) and (name := offer.takes(model)):
            return offer, name
    known = ", ".join(name for offer in offers for name in offer.models)
    raise UnknownModel(f"unknown model {model!r}; expected one of: {known}")


def _default_of(offers: list[Offer]) -> Offer:
    """The general one before the special: nova-3 before flux, fal's plain socket before its realtime one."""
    return next((offer for offer in offers if offer.open_list), offers[0])
