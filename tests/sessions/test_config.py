"""The configuration file: what it may say, and the one line that tells what is wrong with it."""

from pathlib import Path

import pytest

from sessions.config import (
    BadConfig,
    Config,
    ProviderTable,
    chosen_gateway,
    default_path,
    load,
    provider_key,
    secret,
)
from sessions.secrets import Secret

pytestmark = pytest.mark.usefixtures("empty_home")

GOOD = """
gateway = "work"

[gateways.work]
account = "0a1b"
gateway = "voice"
token = "env:WORK_TOKEN"
auth = "subprotocol"

[gateways.own]
url = "wss://ai.example.com"

[providers.openai]
key = "file:{folder}/openai.key"

[providers.google]
direct = true

[providers.cartesia]
alias = "team"

[sessions.notes]
kind = "transcribe"
model = "nova-3"

[sessions.ask]
kind = "converse"
provider = "google"

[workspaces.day]
sessions = ["notes", "ask"]

[network]
ca = "company.pem"
"""


def written(folder: Path, text: str, mode: int = 0o644) -> Path:
    path = folder / "config.toml"
    path.write_text(text.format(folder=folder) if "{folder}" in text else text)
    path.chmod(mode)
    return path


def fault(folder: Path, text: str, mode: int = 0o644) -> str:
    path = written(folder, text, mode)
    with pytest.raises(BadConfig) as caught:
        load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_a_whole_file_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORK_TOKEN", "tok_0123456789")
    (tmp_path / "openai.key").write_text("sk-from-a-file\n")
    config = load(written(tmp_path, GOOD))
    at = chosen_gateway(config)
    assert at is not None
    assert at.base == "wss://gateway.ai.cloudflare.com/v1/0a1b/voice"
    assert at.token == Secret("tok_0123456789") and at.token_form == "subprotocol"
    assert provider_key(config, "openai") == Secret("sk-from-a-file")
    assert config.providers["google"].direct
    assert config.workspaces["day"].sessions == ("notes", "ask")
    assert config.network.ca == "company.pem"


def test_without_a_file_the_embedded_gateway_is_used() -> None:
    config = load()
    assert config == Config(default_path())
    assert chosen_gateway(config) is None
    assert provider_key(config, "openai") is None


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CLOUDFLARE_ACCOUNT_ID": "acc",
        "CLOUDFLARE_GATEWAY": "gw",
        "CLOUDFLARE_API_KEY": "tok_environment",
        "GEMINI_API_KEY": "g-key-environment",
    }.items():
        monkeypatch.setenv(name, value)
    at = chosen_gateway(load())
    assert at is not None and at.base.endswith("/v1/acc/gw") and at.token == Secret("tok_environment")
    assert provider_key(load(), "google") == Secret("g-key-environment")


def test_the_file_may_insist_on_the_embedded_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "acc")
    monkeypatch.setenv("CLOUDFLARE_GATEWAY", "gw")
    assert chosen_gateway(load(written(tmp_path, 'gateway = "embedded"'))) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gateway = ", "Invalid value (at end of document)"),
        ("a = 1\n[b\n", "Expected ']' at the end of a table declaration (at line 2, column 3)"),
        ("gateway = 3", "gateway: Expected `str`, got `int`"),
        ('gateway = "none"', "gateway: 'none' is not there; expected one of: embedded"),
        (
            "speed = 3",
            "speed: unknown; expected one of: gateway, theme, keys, network, gateways, providers, sessions, "
            "workspaces",
        ),
        ("providers = 3", "providers: Expected `object`, got `int`"),
        ("[providers.openai]\nkey = 3", "providers.openai.key: Expected `str`, got `int`"),
        ("[providers.openai]\ncolour = 3", "providers.openai: Object contains unknown field `colour`"),
        ("[providers.nobody]\n", "providers.nobody: unknown; expected one of: workers-ai, openai, google"),
        ('[sessions.a]\nkind = "sing"', "sessions.a.kind: Invalid enum value 'sing'"),
        ("[sessions.a]\n", "sessions.a: Object missing required field `kind`"),
        ('[workspaces.w]\nsessions = ["x"]', "workspaces.w.sessions: there is no session 'x'"),
        ("[gateways.g]\n", "gateways.g: expected either account or url"),
        ('[gateways.g]\naccount = "a"\nauth = "cookie"', "gateways.g.auth: Invalid enum value 'cookie'"),
    ],
)
def test_a_wrong_file_is_told_by_place_and_expectation(tmp_path: Path, text: str, expected: str) -> None:
    assert fault(tmp_path, text).startswith(expected)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="there is no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(BadConfig, match="is a directory"):
        load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not UTF-8"):
        load(tmp_path / "binary.toml")


def test_a_literal_key_is_refused_where_others_can_read_it(tmp_path: Path) -> None:
    text = '[providers.openai]\nkey = "sk-a-literal-key"'
    line = fault(tmp_path, text, 0o644)
    assert "chmod 600" in line and "sk-a-literal-key" not in line
    config = load(written(tmp_path, text, 0o600))
    assert provider_key(config, "openai") == Secret("sk-a-literal-key")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("env:NO_SUCH_VARIABLE", "the variable NO_SUCH_VARIABLE is not set"),
        ("file:/no/such/file", "no such file or directory"),
        ("keyring:openai", "keyring"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(reference: str, expected: str) -> None:
    with pytest.raises(BadConfig, match=expected) as caught:
        secret(reference, "config.toml: providers.openai.key")
    assert str(caught.value).startswith("config.toml: providers.openai.key: ")


def test_a_stored_key_means_that_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    config = Config(Path("x"), providers={"openai": ProviderTable(alias="team")})
    assert provider_key(config, "openai") is None


def test_a_bad_gateway_url_is_told_with_its_place(tmp_path: Path) -> None:
    config = load(written(tmp_path, 'gateway = "g"\n[gateways.g]\nurl = "https://x"'))
    with pytest.raises(BadConfig, match=r"config.toml: gateways.g: gateway URL: expected ws://"):
        chosen_gateway(config)
