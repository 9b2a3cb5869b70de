"""What models cost, at list price without any allowance, with where and when each price was seen.

A model that is charged in a way that cannot be followed from outside has no row: Gemini Live's audio,
OpenAI's transcription by token, the plans of Cartesia and ElevenLabs, fal's seconds of a machine.
"""

from fnmatch import fnmatchcase

import msgspec


class Price(msgspec.Struct, frozen=True):
    """US dollars. What is not charged for is 0."""

    provider: str
    model: str
    """A name, or a pattern of names (`aura-2-*`)."""
    source: str
    seen: str
    """Year and month."""
    input_text: float = 0.0
    """This and the next five: a million tokens."""
    cached_text: float = 0.0
    output_text: float = 0.0
    input_audio: float = 0.0
    cached_audio: float = 0.0
    output_audio: float = 0.0
    heard_minute: float = 0.0
    """Of audio sent, speech or silence."""
    turn_minute: float = 0.0
    """Of the user's speech, which is transcribed beside the conversation."""
    thousand_characters: float = 0.0
    language: str = ""
    """The one it holds for; empty for any."""


_OPENAI = "https://developers.openai.com/api/docs/models/"
_CLOUDFLARE = "https://developers.cloudflare.com/workers-ai/models/"
_DEEPGRAM = "https://deepgram.com/pricing"
_WHISPER_MINUTE = 0.017
"""gpt-realtime-whisper, which also transcribes what is said in conversations."""

PRICES = (
    Price("workers-ai", "@cf/deepgram/nova-3", _CLOUDFLARE, "2025-08", heard_minute=0.0092),
    Price("workers-ai", "@cf/deepgram/flux", _CLOUDFLARE, "2026-11", heard_minute=0.0077),
    Price("workers-ai", "@cf/deepgram/aura-1", _CLOUDFLARE, "2026-11", thousand_characters=0.015),
    Price("workers-ai", "@cf/deepgram/aura-2-*", _CLOUDFLARE, "2026-11", thousand_characters=0.03),
    Price("deepgram", "flux-general-en", _DEEPGRAM, "2026-05", heard_minute=0.0065),
    Price("deepgram", "flux-general-multi", _DEEPGRAM, "2026-11", heard_minute=0.0078),
    Price("deepgram", "nova-3", _DEEPGRAM, "2026-08", heard_minute=0.0058, language="multi"),
    Price("deepgram", "nova-3", _DEEPGRAM, "2026-08", heard_minute=0.0048),
    Price("deepgram", "aura-2-*", _DEEPGRAM, "2026-05", thousand_characters=0.03),
    Price("deepgram", "aura-*", _DEEPGRAM, "2026-05", thousand_characters=0.015),
    Price(
        "openai",
        "gpt-realtime-2.1",
        f"{_OPENAI}gpt-realtime-2.1",
        "2026-11",
        input_text=4.0,
        cached_text=0.4,
        output_text=24.0,
        input_audio=32.0,
        cached_audio=0.4,
        output_audio=64.0,
        turn_minute=_WHISPER_MINUTE,
    ),
    Price(
        "openai",
        "gpt-realtime-2.1-mini",
        f"{_OPENAI}gpt-realtime-2.1-mini",
        "2026-11",
        input_text=0.6,
        cached_text=0.06,
        output_text=2.4,
        input_audio=10.0,
        cached_audio=0.3,
        output_audio=20.0,
        turn_minute=_WHISPER_MINUTE,
    ),
    Price(
        "openai",
        "gpt-realtime-1.5",
        f"{_OPENAI}gpt-realtime-1.5",
        "2026-11",
        input_text=4.0,
        cached_text=0.4,
        output_text=16.0,
        input_audio=32.0,
        cached_audio=0.4,
        output_audio=64.0,
        turn_minute=_WHISPER_MINUTE,
    ),
    Price(
        "openai",
        "gpt-realtime-whisper",
        f"{_OPENAI}gpt-realtime-whisper",
        "2026-11",
        heard_minute=_WHISPER_MINUTE,
    ),
)


def price_of(provider: str, model: str, language: str = "") -> Price | None:
    """Return the price of a model, by the first row that fits; nothing where it is not known."""
    return next(
        (
            price
            for price in PRICES
            if price.provider == provider
            and fnmatchcase(model, price.model)
            and price.language in ("", language)
        ),
        None,
    )
