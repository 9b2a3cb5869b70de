"""Session updates, transcription deltas."""

import copy
from typing import Any

import pytest

from sessions.local.openai_config import BadEvent, default_session, response_settings, updated_session
from sessions.local.openai_input import Utterance


def updated(**changes: Any) -> dict[str, Any]:
    return updated_session(default_session("m"), {"type": "realtime", **changes})


def test_only_what_is_named_changes() -> None:
    before = default_session("m")
    after = updated_session(before, {"type": "realtime", "audio": {"output": {"speed": 1.25}}})
    assert after["audio"]["output"].pop("speed") == 1.25
    assert before["audio"]["output"].pop("speed") == 1.0
    assert after == before


def test_null_turns_off_and_partial_detection_gets_defaults() -> None:
    after = updated(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}})
    detection = after["audio"]["input"]["turn_detection"]
    assert (detection["threshold"], detection["prefix_padding_ms"]) == (0.7, 300)
    after = updated_session(after, {"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    assert after["audio"]["input"]["turn_detection"] is None


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"output_modalities": "text"}, "invalid_value", "session.output_modalities"),
        ({"modalities": ["text"]}, "unknown_parameter", "session.modalities"),
        ({"temperature": 0.8}, "unknown_parameter", "session.temperature"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        ({"model": "other"}, "invalid_value", "session.model"),
        ({"instructions": 5}, "invalid_value", "session.instructions"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"audio": []}, "invalid_value", "session.audio"),
        ({"audio": {"output": {"speed": 3}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"speed": True}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": "nobody"}}}, "invalid_value", "session.audio.output.voice"),
        ({"audio": {"input": {"format": "pcm16"}}}, "invalid_value", "session.audio.input.format.type"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "none"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}}},
            "unknown_parameter",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"audio": {"input": {"turn_detection": {"silence_duration_ms": -1}}}},
            "invalid_value",
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(changes: dict[str, Any], code: str, param: str) -> None:
    before = default_session("m")
    kept = copy.deepcopy(before)
    with pytest.raises(BadEvent) as bad:
        updated_session(before, {"type": "realtime", **changes})
    assert (bad.value.code, bad.value.param) == (code, param)
    assert before == kept


def test_an_update_needs_its_type() -> None:
    with pytest.raises(BadEvent) as bad:
        updated_session(default_session("m"), {"instructions": "x"})
    assert (bad.value.code, bad.value.param) == ("missing_required_parameter", "session.type")
    with pytest.raises(BadEvent):
        updated_session(default_session("m"), None)


def test_a_response_takes_the_session_settings_and_its_own() -> None:
    session = default_session("m")
    settings = response_settings(
        session, {"output_modalities": ["text"], "audio": {"output": {"voice": "ash"}}}
    )
    assert settings["output_modalities"] == ["text"]
    assert settings["audio"]["output"]["voice"] == "ash"
    assert session["output_modalities"] == ["audio"] and session["audio"]["output"]["voice"] == "alloy"


def test_words_are_told_when_two_interims_agree() -> None:
    utterance = Utterance()
    assert utterance.add("he was", final=False) == ""
    assert utterance.add("he was not", final=False) == "he was"
    assert utterance.add("he was nothing", final=False) == ""
    assert utterance.add("he was not an", final=False) == ""
    assert utterance.add("he was not an ill.", final=False) == " not an"
    assert utterance.add("he was not an ill man", final=True) == " ill man"
    assert utterance.text == "he was not an ill man"
    assert utterance.add("and", final=False) == ""
    assert utterance.add("and more", final=False) == " and"
    assert utterance.add("and more", final=True) == " more"
    assert utterance.text == "he was not an ill man and more"
