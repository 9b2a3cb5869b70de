"""What may be set of a session: every setting reaches the wire, and wrong values are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sessions.commands import Finalize, ImpossibleCommand, MakeImage, Speak
from sessions.config import SessionTable
from sessions.gateway import address, gateway
from sessions.openings import chosen
from sessions.providers.catalogue import OFFERS, Offer
from sessions.providers.codec import Frame
from sessions.providers.settings import Setting, Value, WrongValue
from tests.settings import sample

GREETING = '{"type":"session.created","session":{"id":"s"}}'

EVERY = [
    pytest.param(offer, model, setting, id=f"{offer.provider}-{model.rpartition('/')[2]}-{setting.name}")
    for offer in OFFERS
    for model in offer.models
    for setting in offer.settings_of(model)
]


def table_of(offer: Offer, model: str, **fields: Any) -> SessionTable:
    return SessionTable(offer.kind, offer.provider, model, **fields)


def on_the_wire(table: SessionTable) -> str:
    """The address that is connected to, and all that is sent until the first text or prompt is."""
    offer, options = chosen(table)
    codec = offer.codec(options)
    frames: list[Frame] = codec.poll(0.0)
    if offer.provider == "openai":
        codec.receive(GREETING, 0.0)
        frames += codec.poll(0.0)
    if offer.kind == "speak":
        frames += codec.send(Speak("u", "Hi there."), 0.0)
    if offer.kind == "image":
        frames += codec.send(MakeImage("j", "a lighthouse"), 0.0)
    url = address(gateway("wss://g/v1/a/g"), offer.route(options, direct=False)).url
    return " ".join([url, *(frame if isinstance(frame, str) else repr(frame) for frame in frames)])


@pytest.mark.parametrize(("offer", "model", "setting"), EVERY)
def test_every_setting_reaches_the_wire(offer: Offer, model: str, setting: Setting, tmp_path: Path) -> None:
    value = sample(setting, tmp_path)
    # The parameter of one way to detect turns is of no use to the other.
    base = table_of(offer, model)
    if setting.name == "eagerness" and offer.provider == "openai":
        base = replace(base, turn_detection="semantic_vad")
    table = replace(base, **{setting.name: value})
    if setting.name == "block":
        assert chosen(table)[1].block == 0.02, "it is the tap's, not the wire's"
        return
    sent, usual = on_the_wire(table), on_the_wire(base)
    assert sent != usual
    if isinstance(value, str) and setting.name not in ("answers", "tools", "eagerness", "turn_detection"):
        assert value in sent
    elif isinstance(value, int | float) and setting.kind != "flag":
        assert str(value) in sent


def test_openai_detects_turns_as_it_is_told() -> None:
    def detection(**fields: Any) -> Any:
        table = SessionTable("converse", "openai", **fields)
        frame = on_the_wire(table).partition(" ")[2]
        return json.loads(frame)["session"]["audio"]["input"]["turn_detection"]

    answer = {"create_response": True, "interrupt_response": True}
    assert detection() == {"type": "server_vad", **answer}
    assert detection(endpointing=700, threshold=0.8, eagerness="low") == {
        "type": "server_vad",
        "threshold": 0.8,
        "silence_duration_ms": 700,
        **answer,
    }
    assert detection(turn_detection="semantic_vad", endpointing=700, eagerness="low") == {
        "type": "semantic_vad",
        "eagerness": "low",
        **answer,
    }
    assert detection(turn_detection="none") is None


def test_without_detection_the_client_ends_each_turn() -> None:
    def codec_for(table: SessionTable) -> Any:
        offer, options = chosen(table)
        codec = offer.codec(options)
        codec.receive(GREETING, 0.0)
        codec.poll(0.0)
        return codec

    codec = codec_for(SessionTable("converse", "openai", turn_detection="none"))
    kinds = [json.loads(frame)["type"] for frame in codec.send(Finalize(), 0.0)]
    assert kinds == ["input_audio_buffer.commit", "response.create"]
    with pytest.raises(ImpossibleCommand):
        codec_for(SessionTable("converse", "openai")).send(Finalize(), 0.0)


def test_a_model_gets_only_what_it_takes() -> None:
    multilingual = SessionTable("speak", "elevenlabs", "eleven_multilingual_v2", language="de", agent="a")
    assert "language_code" not in on_the_wire(multilingual)
    assert "language_hint=de" in on_the_wire(
        SessionTable("transcribe", "deepgram", "flux-general-multi", language="de")
    )
    english = SessionTable("transcribe", "deepgram", "flux-general-en", language="de")
    assert "language" not in on_the_wire(english)


@given(
    setting=st.sampled_from([setting for offer in OFFERS for setting in offer.settings]),
    text=st.text(max_size=8) | st.floats().map(str) | st.integers().map(str),
)
def test_any_text_is_a_value_or_refused_in_a_line(setting: Setting, text: str) -> None:
    try:
        value: Value = setting.read(text)
    except WrongValue as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - most texts are right
    else:
        setting.check(value)
        assert setting.read(setting.write(value)) == value
