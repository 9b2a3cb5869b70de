"""`sessions`, `doctor`, `image`, `gateway --fault`, and every provider by name."""

import json
import signal
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from sessions.providers.catalogue import OFFERS
from tests.cli.conftest import LIMIT, TOKEN, Cli, Result
from tests.speech import RECORDINGS

CLOUDFLARE = "wss://gateway.ai.cloudflare.com/v1/0123456789abcdef/mine"
RECORDING = str(RECORDINGS / "sense_0880.wav")
REALTIME = "fal-ai/fast-lcm-diffusion/realtime"


def configured(folder: Path, text: str, **settings: str) -> Cli:
    """A user with a configuration file."""
    path = folder / "config" / "voxdeck" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    return Cli(folder, settings)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.err == ""
    return [json.loads(line) for line in result.out.splitlines()]


# sessions


@pytest.fixture(scope="module")
def listed(bare: Cli) -> dict[str, Result]:
    return {
        **bare.run_all(
            {
                "embedded": ["sessions", "--json"],
                "no token": ["sessions", "--json", "--gateway", CLOUDFLARE],
                "no token, for people": ["sessions", "--gateway", CLOUDFLARE],
            }
        ),
        "token": bare.having(CLOUDFLARE_API_TOKEN=TOKEN).run("sessions", "--json", "--gateway", CLOUDFLARE),
    }


def test_all_that_can_be_opened_is_listed(listed: dict[str, Result]) -> None:
    found = rows(listed["embedded"])
    assert [(row["provider"], row["kind"], tuple(row["models"])) for row in found] == [
        (offer.provider, offer.kind, offer.models) for offer in OFFERS
    ]
    assert {row["lacks"] for row in found} == {""}, "the embedded gateway needs nothing"


def test_what_is_lacking_at_cloudflare_is_named(listed: dict[str, Result]) -> None:
    lacks = {(row["provider"], row["kind"]): row["lacks"] for row in rows(listed["no token"])}
    assert "CLOUDFLARE_API_TOKEN" in lacks["workers-ai", "transcribe"]
    assert "CLOUDFLARE_API_TOKEN" in lacks["workers-ai", "speak"]
    assert "--agent" in lacks["elevenlabs", "converse"]
    assert lacks["openai", "converse"] == "", "the gateway may hold its key"
    with_token = {(row["provider"], row["kind"]): row["lacks"] for row in rows(listed["token"])}
    assert [key for key, lack in with_token.items() if lack] == [("elevenlabs", "converse")]


def test_the_list_for_people_says_the_same_a_line_each(listed: dict[str, Result]) -> None:
    result = listed["no token, for people"]
    lines = result.out.splitlines()
    assert (result.status, result.err, len(lines)) == (0, "", 1 + len(OFFERS))
    assert "gateway.ai.cloudflare.com" in lines[0]
    for line, row in zip(lines[1:], rows(listed["no token"]), strict=True):
        assert line.startswith(f"{row['kind']} {row['provider']} (")
        assert line.endswith(f"lacks {row['lacks']}" if row["lacks"] else "ready")


# doctor


@pytest.fixture(scope="module")
def checked(bare: Cli, cli: Cli, gateway: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    agent = '[sessions.helper]\nkind = "converse"\nprovider = "elevenlabs"\nagent = "an-agent"\n'
    user = configured(tmp_path_factory.mktemp("user"), agent, **cli.settings)
    return {
        "json": user.run("doctor", "--json", "--gateway", gateway),
        "people": cli.run("doctor", "--gateway", gateway),
        "wrong token": bare.having(CLOUDFLARE_API_TOKEN="not-the-token-of-it").run(
            "doctor", "--json", "--gateway", gateway
        ),
        "nobody there": bare.run("doctor", "--json", "--gateway", "ws://127.0.0.1:9/v1/a/g"),
        "embedded": bare.run("doctor", "--json"),
    }


@pytest.mark.parametrize("run", ["json", "embedded"])
def test_the_doctor_finds_every_provider_well(checked: dict[str, Result], run: str) -> None:
    checks = rows(checked[run])
    by_gateway = [check for check in checks if check["subject"].endswith("by gateway")]
    assert {check["outcome"] for check in by_gateway} == {"ok"}
    steps: dict[str, list[str]] = {}
    for check in by_gateway:
        steps.setdefault(check["subject"], []).append(check["step"])
    assert len(steps) == len(OFFERS)
    assert {tuple(each) for each in steps.values()} == {("dns", "tcp", "upgrade", "ready", "close")}
    assert all(check["seconds"] >= 0 for check in by_gateway if check["step"] != "close")
    forms = {check["detail"] for check in by_gateway if check["step"] == "upgrade"}
    assert forms == {"header cf-aig-authorization"}


def test_a_machine_without_sound_is_no_failure(checked: dict[str, Result]) -> None:
    """As the remote ones are on which the deck is used over SSH."""
    sound = [check for check in rows(checked["json"]) if check["subject"] == "audio"]
    assert [check["step"] for check in sound] == ["microphone", "speaker"]
    assert all(check["outcome"] in {"ok", "skipped"} for check in sound)
    assert checked["json"].status == 0


def test_the_doctor_for_people(checked: dict[str, Result]) -> None:
    result = checked["people"]
    assert (result.status, result.err) == (0, "")
    assert all(line[0] in "✓-" for line in result.out.splitlines())
    assert "✓ openai gpt-realtime-2.1 by gateway: ready" in result.out
    assert "- elevenlabs agent by gateway: setup  it lacks an agent" in result.out
    assert "- openai gpt-realtime-2.1 direct: setup  it lacks a key: set OPENAI_API_KEY" in result.out
    assert TOKEN not in result.out


def test_the_doctor_tells_a_wrong_token(checked: dict[str, Result]) -> None:
    result = checked["wrong token"]
    failed = [check for check in rows(result) if check["outcome"] == "failed"]
    assert result.status == 1
    assert len(failed) == len(OFFERS) - 1, "all but the agent, which has no id here"
    assert all(check["step"] == "close" and "401" in check["detail"] for check in failed)
    assert "not-the-token-of-it" not in result.out


def test_the_doctor_tells_where_nobody_listens(checked: dict[str, Result]) -> None:
    result = checked["nobody there"]
    failed = [check for check in rows(result) if check["outcome"] == "failed"]
    assert result.status == 1
    assert {(check["step"], check["detail"]) for check in failed} == {
        ("tcp", "all connection attempts failed")
    }


# image


@pytest.mark.parametrize(
    ("model", "name", "form"),
    [
        (None, "p.png", "PNG"),
        (None, "p.jpg", "JPEG"),
        (REALTIME, "p.PNG", "PNG"),
        (REALTIME, "p.jpeg", "JPEG"),
    ],
)
def test_a_picture_has_the_form_that_its_name_asks_for(
    cli: Cli, gateway: str, tmp_path: Path, model: str | None, name: str, form: str
) -> None:
    out = tmp_path / name
    named = ["--model", model] if model else []
    result = cli.run("image", "a red fox", "--out", str(out), "--gateway", gateway, *named)
    assert (result.status, result.err) == (0, "")
    with PIL.Image.open(out) as picture:
        picture.load()
        assert picture.format == form
        size = "{}x{}".format(*picture.size)
    assert result.out == f"saved a {size} picture of {out.stat().st_size / 1000:.0f} kB to {out}\n"


def test_a_picture_without_a_name_gets_one(cli: Cli, gateway: str, tmp_path: Path) -> None:
    with cli.start("image", "-", "--json", "--gateway", gateway, cwd=tmp_path, stdin=-1) as process:
        out, err = process.communicate(b"a red fox\n", timeout=LIMIT)
    result = Result(process.returncode, out.decode(), err.decode())
    assert (result.status, result.err) == (0, "")
    (path,) = tmp_path.iterdir()
    assert path.name == "voxdeck-image.jpg"
    (image,) = result.of("image")
    assert image["bytes"] == path.stat().st_size
    with PIL.Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (image["width"], image["height"]))


def test_a_picture_that_cannot_be_written(cli: Cli, gateway: str, tmp_path: Path) -> None:
    out = tmp_path / "missing\x1b[2J" / "p.png"
    result = cli.run("image", "a red fox", "--out", str(out), "--gateway", gateway)
    assert (result.status, result.out) == (1, "")
    assert result.complaint.endswith("p.png: no such file or directory")
    assert result.complaint.isprintable()


# every provider by its name


_NAMES = dict.fromkeys((offer.kind, offer.provider) for offer in OFFERS if offer.kind != "image")


@pytest.fixture(scope="module")
def spoken(cli: Cli, gateway: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("spoken")
    at = ("--gateway", gateway)
    commands: dict[str, list[str]] = {}
    for kind, provider in sorted(_NAMES):  # conversations first: one answer may end at the pace of speech
        chosen = ["--provider", provider, *at]
        match kind:
            case "transcribe":
                command = ["transcribe", RECORDING]
            case "speak":
                command = ["say", "Hello there.", "--out", str(folder / f"{provider}.wav")]
            case _:
                command = ["chat", "Where is help?", "--agent", "an-agent"]
        commands[f"{kind} {provider}"] = [*command, *chosen]
    return cli.run_all(commands)


_EXPECTED = {"transcribe": "young man", "speak": "saved ", "converse": "help screen"}


@pytest.mark.parametrize(("kind", "provider"), _NAMES)
def test_every_provider_is_there_by_its_name(spoken: dict[str, Result], kind: str, provider: str) -> None:
    result = spoken[f"{kind} {provider}"]
    assert (result.status, result.err) == (0, "")
    assert _EXPECTED[kind] in result.out


def test_a_provider_that_does_something_else(bare: Cli) -> None:
    result = bare.run("say", "hello", "--provider", "google", "--out", "x.wav")
    assert result.status == 2
    assert "'google' does not speak; these do: workers-ai, deepgram, cartesia, elevenlabs" in result.complaint


def test_an_agent_has_to_be_named(cli: Cli, gateway: str) -> None:
    result = cli.run("chat", "hello", "--provider", "elevenlabs", "--gateway", gateway)
    assert result.status == 1
    assert "lacks an agent: give its id with --agent" in result.complaint


# the configuration file

NAMED = """
[sessions.voice]
kind = "speak"
provider = "workers-ai"
model = "@cf/deepgram/aura-2-es"
voice = "celeste"

[sessions.helper]
kind = "converse"
provider = "elevenlabs"
agent = "an-agent"
"""


def test_a_session_is_opened_by_its_name(cli: Cli, gateway: str, tmp_path: Path) -> None:
    user = configured(tmp_path, NAMED, **cli.settings)
    say = ["say", "Hello.", "--json", "--gateway", gateway, "--session", "voice", "--out"]
    results = user.run_all(
        {
            "named": [*say, str(tmp_path / "1.wav")],
            "elsewhere": [*say, str(tmp_path / "2.wav"), "--provider", "cartesia"],
            "agent": ["chat", "Where is help?", "--gateway", gateway, "--session", "helper"],
            "another kind": ["transcribe", RECORDING, "--session", "voice"],
            "unknown": ["chat", "hello", "--session", "nobody"],
            "list": ["sessions", "--json"],
        }
    )
    assert results["named"].of("connecting")[0]["address"].endswith("/workers-ai")
    assert results["named"].of("audio_end")
    assert results["elsewhere"].of("connecting")[0]["address"].endswith("/cartesia")
    assert results["elsewhere"].of("audio_end"), "model and voice of another provider do not go there"
    assert "help screen" in results["agent"].out
    for name, why in (("another kind", "is there to speak"), ("unknown", "there is no session 'nobody'")):
        assert results[name].status == 2
        assert why in results[name].complaint
    named = [row for row in rows(results["list"]) if row["name"]]
    assert [(row["name"], row["provider"], row["models"]) for row in named] == [
        ("voice", "workers-ai", ["@cf/deepgram/aura-2-es"]),
        ("helper", "elevenlabs", ["agent"]),
    ]


def test_a_wrong_file_is_one_line_and_status_2(tmp_path: Path) -> None:
    user = configured(tmp_path, "[providers.openai]\nkey = 5\n")
    results = user.run_all(
        {
            "sessions": ["sessions"],
            "doctor": ["doctor"],
            "transcribe": ["transcribe", RECORDING],
            "say": ["say", "hello", "--out", str(tmp_path / "x.wav")],
            "chat": ["chat", "hello"],
            "image": ["image", "a red fox"],
        }
    )
    for command, result in results.items():
        assert result.status == 2
        assert result.complaint == (
            f"voxdeck {command}: {tmp_path}/config/voxdeck/config.toml: "
            "providers.openai.key: Expected `str`, got `int`"
        )


# gateway --fault


def test_a_fault_on_demand_is_met_by_the_command(bare: Cli, tmp_path: Path) -> None:
    with bare.start("gateway", "--port", "0", "--fault", "close=1011:tired") as serving:
        assert serving.stdout is not None
        url = json.loads(serving.stdout.readline())["url"]
        result = bare.run("say", "hello", "--out", str(tmp_path / "x.wav"), "--gateway", url)
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=LIMIT)
    assert (result.status, result.out) == (1, "")
    assert "1011: tired" in result.complaint
    assert not list(tmp_path.iterdir())


def test_a_fault_that_there_is_not(bare: Cli) -> None:
    results = bare.run_all(
        {fault: ["gateway", "--port", "0", "--fault", fault] for fault in ("sleep=1", "close=tired", "delay")}
    )
    for fault, result in results.items():
        assert (result.status, result.out) == (2, "")
        assert result.complaint.startswith(f"voxdeck gateway: {fault}: ")
