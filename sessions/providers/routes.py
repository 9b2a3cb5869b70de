"""Where each provider's sockets are: below a gateway, or at the provider itself.

The paths below a gateway are those of Cloudflare's "Realtime WebSockets API" page; those of the providers
are from their own references.
"""

from dataclasses import dataclass
from typing import Any

from sessions.gateway import BEARER, KeyForm, Route

LISTEN_RATE = 16000
SPEAK_RATE = 24000
ENDPOINTING_MS = 300
"""Silence that ends an utterance. Deepgram advises 300 to 500 for conversation; its default is 10."""
CARTESIA_VERSION = "2026-03-01"
"""The first with structured errors."""
ELEVENLABS_INACTIVITY = 180
"""Seconds, the longest there is."""


@dataclass(frozen=True)
class Options:
    """What a user may choose of a session; a provider takes of it what it knows."""

    model: str
    voice: str = ""
    language: str = ""
    sample_rate: int | None = None
    """Of the audio on the wire; none for the codec's own."""
    turn_detection: str = ""
    """A word of the provider's, as is `eagerness`."""
    endpointing: int | None = None
    """Milliseconds of silence that end an utterance."""
    threshold: float | None = None
    """How loud speech has to be, from 0 to 1."""
    eagerness: str = ""
    """How soon a turn is taken to be over."""
    eot_threshold: float | None = None
    eager_eot_threshold: float | None = None
    eot_timeout: int | None = None
    """Milliseconds of silence after which a turn ends in any case."""
    speakers: bool = False
    """Whether the speakers are told apart."""
    instructions: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    """Function definitions in OpenAI's form."""
    agent: str = ""
    handle: str = ""
    """Of the session to go on with, see `Resumable`."""
    speech: bool = True
    """Whether a conversation's answers are to be spoken."""
    size: str = ""
    """Of pictures."""
    png: bool = False
    """Pictures as PNG rather than JPEG."""
    block: float | None = None
    """Seconds of microphone a message; none for the codec's own."""


Query = tuple[tuple[str, str], ...]

OPENAI_KEY = KeyForm("Authorization", "Bearer ", subprotocol="openai-insecure-api-key.", beside=("realtime",))
GOOGLE_KEY = KeyForm(query="api_key")
GOOGLE_KEY_DIRECT = KeyForm("x-goog-api-key")
CARTESIA_KEY = KeyForm(query="api_key")
CARTESIA_KEY_DIRECT = KeyForm("X-API-Key")
ELEVENLABS_KEY = KeyForm("xi-api-key", subprotocol="xi-api-key.")
FAL_KEY = KeyForm("Authorization", "Key ", subprotocol="fal-api-key.")
DEEPGRAM_KEY = KeyForm("Authorization", "Token ")


def _set(**parameters: str | float | None) -> Query:
    """Those of the parameters that are set."""
    return tuple((name, f"{value}") for name, value in parameters.items() if value not in (None, ""))


def _listen_query(options: Options) -> Query:
    return (
        ("model", options.model),
        ("encoding", "linear16"),
        ("sample_rate", str(options.sample_rate or LISTEN_RATE)),
        ("interim_results", "true"),
        ("punctuate", "true"),
        ("smart_format", "true"),
        ("endpointing", str(options.endpointing or ENDPOINTING_MS)),
        ("utterance_end_ms", "1000"),
        ("vad_events", "true"),
        *_set(language=options.language, diarize="true" if options.speakers else ""),
    )


def _flux_query(options: Options) -> Query:
    return (
        ("model", options.model),
        ("encoding", "linear16"),
        ("sample_rate", str(options.sample_rate or LISTEN_RATE)),
        *_set(
            eot_threshold=options.eot_threshold,
            eager_eot_threshold=options.eager_eot_threshold,
            eot_timeout_ms=options.eot_timeout,
            language_hint=options.language,
        ),
    )


def _speak_query(options: Options) -> Query:
    rate = options.sample_rate or SPEAK_RATE
    return (("model", options.model), ("encoding", "linear16"), ("sample_rate", str(rate)))


def workers_listen(options: Options, *, direct: bool) -> Route:
    return Route("/workers-ai", _listen_query(options))


def workers_flux(options: Options, *, direct: bool) -> Route:
    return Route("/workers-ai", _flux_query(options))


def workers_speak(options: Options, *, direct: bool) -> Route:
    return Route("/workers-ai", (*_speak_query(options), *_set(speaker=options.voice)))


def _deepgram(path: str, query: Query, *, direct: bool) -> Route:
    if direct:
        return Route(path, query, DEEPGRAM_KEY, base="wss://api.deepgram.com")
    return Route(f"/deepgram{path}", query, DEEPGRAM_KEY)


def deepgram_listen(options: Options, *, direct: bool) -> Route:
    return _deepgram("/v1/listen", _listen_query(options), direct=direct)


def deepgram_flux(options: Options, *, direct: bool) -> Route:
    return _deepgram("/v2/listen", _flux_query(options), direct=direct)


def deepgram_speak(options: Options, *, direct: bool) -> Route:
    return _deepgram("/v1/speak", _speak_query(options), direct=direct)


def openai_realtime(options: Options, *, direct: bool) -> Route:
    query = (("model", options.model),)
    if direct:
        return Route("/v1/realtime", query, BEARER, base="wss://api.openai.com")
    return Route("/openai", query, OPENAI_KEY)


def openai_transcription(options: Options, *, direct: bool) -> Route:
    """The model goes into the session's settings, not into the query."""
    query = (("intent", "transcription"),)
    if direct:
        return Route("/v1/realtime", query, BEARER, base="wss://api.openai.com")
    return Route("/openai", query, OPENAI_KEY)


def gemini(options: Options, *, direct: bool) -> Route:
    if not direct:
        return Route("/google", (), GOOGLE_KEY)
    service = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    return Route(f"/ws/{service}", (), GOOGLE_KEY_DIRECT, base="wss://generativelanguage.googleapis.com")


def cartesia(options: Options, *, direct: bool) -> Route:
    query = (("cartesia_version", CARTESIA_VERSION),)
    if direct:
        return Route("/tts/websocket", query, CARTESIA_KEY_DIRECT, base="wss://api.cartesia.ai")
    return Route("/cartesia", query, CARTESIA_KEY)


def elevenlabs_agent(options: Options, *, direct: bool) -> Route:
    query = (("agent_id", options.agent),)
    if direct:
        return Route("/v1/convai/conversation", query, ELEVENLABS_KEY, base="wss://api.elevenlabs.io")
    return Route("/elevenlabs", query, ELEVENLABS_KEY)


def elevenlabs_speak(options: Options, *, direct: bool) -> Route:
    """Below the gateway's `/elevenlabs` this path is not documented; it is the provider's own."""
    path = f"/v1/text-to-speech/{options.voice}/stream-input"
    query = (
        ("model_id", options.model),
        ("output_format", f"pcm_{options.sample_rate or SPEAK_RATE}"),
        ("inactivity_timeout", str(ELEVENLABS_INACTIVITY)),
        ("sync_alignment", "true"),
        ("auto_mode", "true"),
        *_set(language_code=options.language),
    )
    if direct:
        return Route(path, query, ELEVENLABS_KEY, base="wss://api.elevenlabs.io")
    return Route(f"/elevenlabs{path}", query, ELEVENLABS_KEY)


def fal_http(options: Options, *, direct: bool) -> Route:
    if direct:
        return Route(f"/{options.model}", (), FAL_KEY, base="wss://ws.fal.run")
    return Route(f"/fal/{options.model}", (), FAL_KEY)


def fal_realtime(options: Options, *, direct: bool) -> Route:
    path = f"/{options.model.removesuffix('/realtime')}/realtime"
    if direct:
        return Route(path, (), FAL_KEY, base="wss://fal.run")
    return Route(f"/fal{path}", (), FAL_KEY)
