"""What a session costs, by prices whose sums can be done in the head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import SendText, Speak
from sessions.events import AnswerDone, Connecting, SpeechStarted, SpeechStopped, Usage
from sessions.providers.catalogue import OFFERS
from sessions.providers.prices import PRICES, Price, price_of
from sessions.state.cost import Meter

TOKENS = Price(
    "p",
    "m",
    "here",
    "2026-11",
    input_text=4.0,
    cached_text=0.4,
    output_text=24.0,
    input_audio=32.0,
    cached_audio=0.5,
    output_audio=64.0,
    turn_minute=0.6,
)
COUNTS = st.integers(0, 1 << 40)


def metered(price: Price | None) -> Meter:
    meter = Meter()
    meter.price = price
    return meter


def test_tokens_cost_by_modality_and_cached_ones_less() -> None:
    meter = metered(TOKENS)
    usage = Usage(1_000_000, 1_000_000, 700_000, 1_000_000, 1_000_000, cached_audio=200_000)
    meter.apply(AnswerDone("a", "completed", "", usage))
    assert meter.cost == pytest.approx(2.0 + 0.2 + 24.0 + 25.6 + 0.1 + 64.0)
    meter.apply(AnswerDone("b", "cancelled", "", Usage(input_text=1_000_000)))
    meter.apply(AnswerDone("c", "failed"))
    assert meter.cost == pytest.approx(119.9)
    assert meter.usage == Usage(2_000_000, 1_000_000, 700_000, 1_000_000, 1_000_000, 200_000)


def test_audio_costs_by_the_minute_and_text_by_the_thousand() -> None:
    meter = metered(price_of("workers-ai", "@cf/deepgram/nova-3"))
    meter.heard(90.0)
    assert meter.cost == pytest.approx(1.5 * 0.0092)
    meter = metered(price_of("workers-ai", "@cf/deepgram/aura-2-en"))
    meter.sent(Speak("one", "x" * 500))
    meter.sent(SendText("item", "not spoken"))
    assert meter.cost == pytest.approx(0.015)


def test_what_is_said_in_a_conversation_is_transcribed_at_a_price() -> None:
    meter = metered(TOKENS)
    meter.apply(SpeechStarted(10.0))
    meter.apply(SpeechStopped(40.0))
    meter.apply(SpeechStopped(90.0))
    meter.apply(SpeechStarted(100.0))
    meter.apply(Connecting("anew"))
    meter.apply(SpeechStopped(2.0))
    assert meter.cost == pytest.approx(0.3)


def test_an_unknown_price_makes_the_sum_unknown_for_good() -> None:
    meter = metered(price_of("cartesia", "sonic-3"))
    costs = [meter.cost]
    meter.price = TOKENS
    costs.append(meter.cost)  # nothing had been used
    meter.price = None
    meter.sent(Speak("one", "Hello."))
    meter.price = TOKENS
    assert [*costs, meter.cost] == [None, 0.0, None]


@given(st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS))
def test_no_figures_of_a_provider_make_a_negative_cost(usage: Usage) -> None:
    meter = metered(TOKENS)
    meter.apply(AnswerDone("a", "completed", "", usage))
    assert meter.cost is not None and meter.cost >= 0.0


def test_prices_are_of_models_that_can_be_opened_and_say_where_they_are_from() -> None:
    for price in PRICES:
        models = [model for offer in OFFERS if offer.provider == price.provider for model in offer.models]
        assert any(price_of(price.provider, model, price.language) is price for model in models), price
        assert price.source.startswith("https://") and len(price.seen) == len("2026-11")
    mini = price_of("openai", "gpt-realtime-2.1-mini")
    assert mini is not None and mini.input_audio == 10.0
    french = price_of("deepgram", "nova-3", "fr")
    assert french is not None and french.heard_minute == 0.0048
