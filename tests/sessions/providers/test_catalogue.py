"""What can be opened, and by which names."""

import pytest

from sessions.providers.catalogue import OFFERS, Offer, UnknownModel, find
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
    with pytest.raises(UnknownModel, match=r"'nova-9'; expected one of: @cf/deepgram/nova-3$"):
        find("transcribe", None, "nova-9")
    with pytest.raises(UnknownModel, match=r"'acme' does not speak; these do: workers-ai$"):
        find("speak", "acme", None)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.kind)
def test_codec_is_of_the_kind_that_is_offered(offer: Offer) -> None:
    assert offer.codec().kind == offer.kind
    assert ("model", offer.default_model) in offer.route(offer.default_model, None).query


def test_key_goes_only_to_the_provider_that_wants_one() -> None:
    key = Secret("sk-test-0123456789")
    with_key = {offer.provider for offer in OFFERS if offer.route("m", key).key}
    assert with_key == {offer.provider for offer in OFFERS if offer.key_variable}
    assert "workers-ai" not in with_key
