"""From a session's table to what can be opened, and the one line that tells why not."""

import json
from pathlib import Path

import pytest

from sessions.config import BadConfig, Config, SessionTable
from sessions.gateway import gateway
from sessions.openings import BadSetting, chosen, lacks
from sessions.providers.catalogue import UnknownModel

pytestmark = pytest.mark.usefixtures("empty_home")

WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}}


def test_a_table_becomes_an_offer_and_its_options(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps([{**WEATHER, "strict": True}]))
    offer, options = chosen(
        SessionTable(
            "converse",
            voice="marin",
            answers="text",
            tools=str(tmp_path / "tools.json"),
            block=40,
            speakers=True,
        )
    )
    assert (offer.provider, options.model, options.voice) == ("openai", "gpt-realtime-2.1", "marin")
    assert (options.speech, options.block, options.speakers) == (False, 0.04, False)
    assert options.tools == (WEATHER,)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[", "expected a JSON list of functions: Input data was truncated"),
        ("{}", "expected a JSON list of functions: Expected `array`, got `object`"),
        ('[{"type": "function"}]', "Object missing required field `name` at [0]"),
        ('[{"type": "mcp", "name": "a"}]', "Invalid enum value 'mcp' at [0].type"),
        ('[{"type": "function", "name": "a b"}]', "matching regex '^[A-Za-z0-9_-]{1,64}\\\\Z' at [0].name"),
        (json.dumps([WEATHER, WEATHER]), "there are two functions 'weather'"),
    ],
)
def test_a_wrong_file_of_tools_is_told_by_its_place(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "tools.json"
    path.write_text(content)
    with pytest.raises(BadSetting) as caught:
        chosen(SessionTable("converse", "google", tools=str(path)))
    assert caught.value.name == "tools"
    assert str(caught.value).startswith(f"tools: {path}: ") and "\n" not in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            SessionTable("speak", "cartesia", sample_rate=11025),
            "sample_rate: '11025' is not one of: 8000, 16",
        ),
        (
            SessionTable("transcribe", model="flux", eot_threshold=0.95),
            "eot_threshold: '0.95' is not a number from 0.5 to 0.9",
        ),
        (SessionTable("converse", "google", eagerness="auto"), "eagerness: 'auto' is not one of: high, low"),
        (SessionTable("image", size="huge"), "size: 'huge' is not one of: square_hd, square"),
        (SessionTable("converse", "google", tools="no/such.json"), "tools: no/such.json: no such file"),
        (SessionTable("converse", "google", tools="\0"), "tools: \0: expected a JSON list of functions"),
    ],
)
def test_what_the_provider_would_refuse_is_refused_here(table: SessionTable, expected: str) -> None:
    with pytest.raises(BadConfig) as caught:
        chosen(table)
    assert str(caught.value).startswith(expected)


def test_what_is_missing_is_said_in_plain_words() -> None:
    config, at = Config(Path("config.toml")), gateway("wss://gateway.ai.cloudflare.com/v1/a/g")
    assert lacks(config, None, SessionTable("converse", "elevenlabs")) == ""
    assert lacks(config, at, SessionTable("converse", "elevenlabs")).startswith("needs an agent: give its id")
    assert lacks(config, at, SessionTable("converse", "elevenlabs", agent="a")) == ""
    assert "CLOUDFLARE_API_TOKEN" in lacks(config, at, SessionTable("speak"))
    direct = config.with_direct("openai", direct=True)
    assert lacks(direct, at, SessionTable("converse")) == "needs a key: set OPENAI_API_KEY"
    assert lacks(config, None, SessionTable("speak", "acme")).startswith("provider 'acme' does not speak")
    with pytest.raises(UnknownModel):
        chosen(SessionTable("speak", "acme"))
