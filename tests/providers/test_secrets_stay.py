"""A secret in every credential field, whatever goes well or wrong, is written and shown nowhere."""

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio.to_thread
import pytest

from sessions.config import KEY_VARIABLES, BadConfig, load, named_gateway
from sessions.engine import Engine
from sessions.gateway import BadAddress, Gateway
from sessions.live.deck import DeckPlan, plans
from sessions.openings import prepare
from sessions.providers.catalogue import OFFERS
from sessions.providers.routes import Options
from sessions.transport import Transport, TransportError
from tests.cli.conftest import Cli
from tests.faults import Peer, Script, closing, response, serving, text
from tests.speech import RECORDINGS
from tui.log import open_log

pytestmark = pytest.mark.anyio

# Of no shape that a secret is known by, and with characters that a URL and JSON write differently.
SECRETS = {name: f"{name}+Q7/hush~{name[::-1]}" for name in ("gateway", *KEY_VARIABLES)}
PLAIN = {name: f"{name}.Q7.hush.{name[::-1]}" for name in ("gateway", *KEY_VARIABLES)}
"""Such as a subprotocol can hold."""
EVERY = (*SECRETS.values(), *PLAIN.values())


class Everything:
    """All that was written and shown, and who said it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def add(self, where: str, *texts: str) -> None:
        self.said += [(where, text) for text in texts]

    def add_error(self, where: str, error: BaseException) -> None:
        self.add(where, repr(error), str(error), "".join(traceback.format_exception(error)))

    def holds_none_of(self, *secrets: str) -> None:
        for value in secrets:
            forms = (value, value.replace("+", "%2B"), value.replace("+", "%2B").replace("/", "%2F"))
            for where, said in self.said:
                for form in (*forms, json.dumps(value)[1:-1]):
                    assert form not in said, f"{where}: {said}"


def configured(home: Path, form: str, url: str, ways: str) -> Path:
    """Write a configuration with every credential in it, `ways` being literal, env or file."""
    values = SECRETS if form == "header" else PLAIN

    def reference(name: str) -> str:
        if ways == "literal":
            return values[name]
        if ways == "env":
            return f"env:SECRET_{name.upper()}"
        path = home / f"{name}.secret"
        path.write_text(f"{values[name]}\n")
        return f"file:{path}"

    lines = [
        'gateway = "tested"',
        f'[gateways.tested]\nurl = "{url}"\nauth = "{form}"\ntoken = "{reference("gateway")}"',
        *(f'[providers.{name}]\nkey = "{reference(name)}"' for name in KEY_VARIABLES),
        '[sessions.agent]\nkind = "converse"\nprovider = "elevenlabs"\nagent = "an-agent"',
    ]
    path = home / "config" / "voxdeck" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def credentials_of(head: str) -> list[str]:
    """The secrets that a request carries, whichever way."""
    return [value for value in EVERY if value in head or value.replace("+", "%2B") in head]


def echoing(fault: str, heads: list[str]) -> Script:
    """Answer with the very secrets that the client sent: in a refusal, in messages, in a close reason."""

    async def script(peer: Peer) -> None:
        head = await peer.read_head()
        heads.append(head)
        known = " ".join(credentials_of(head))
        if fault == "refusal":
            body = json.dumps({"internalCode": 2009, "message": f"no: {known}"}).encode()
            await peer.send(response("401 Unauthorized", body))
            return
        await peer.accept()
        error = {"type": "error", "error": {"type": "x", "code": known, "message": f"key {known}"}}
        deepgram = {"type": "Error", "code": known, "description": f"key {known}"}
        if fault == "messages":
            await peer.send(text(json.dumps(error)), text(json.dumps(deepgram)), text(f"rubbish {known}"))
        await peer.send(closing(1008, known[:120]))
        await peer.until_gone()

    return script


COMMANDS = {
    "deepgram": ["transcribe", str(RECORDINGS / "sense_0880.wav"), "--provider", "deepgram"],
    "cartesia": ["say", "hello", "--provider", "cartesia"],
    "openai": ["chat", "hello", "--provider", "openai"],
    "google": ["chat", "hello", "--provider", "google"],
    "elevenlabs": ["chat", "hello", "--session", "agent"],
    "fal": ["image", "a red fox", "--provider", "fal"],
}


def ran(everything: Everything, cli: Cli, folder: Path, *names: str, as_json: int) -> None:
    """Run commands; every second one prints JSON, beginning with this one."""
    commands = {}
    for number, name in enumerate(names):
        out = ["--out", str(folder / f"{name}.out")] if name in {"cartesia", "fal"} else []
        commands[name] = [*COMMANDS[name], *out, *(["--json"] if (number + as_json) % 2 else [])]
    for name, result in cli.run_all(commands).items():
        everything.add(f"voxdeck {' '.join(commands[name])}", result.out, result.err)
    logs = (path for path in (cli.home / "state").rglob("*") if path.is_file())
    everything.add("the log file", *(path.read_text() for path in logs))


@pytest.mark.parametrize(
    ("fault", "form", "ways"),
    [
        ("refusal", "header", "literal"),
        ("messages", "subprotocol", "env"),
        ("close reason", "header", "file"),
    ],
)
async def test_commands_do_not_repeat_what_the_other_side_repeats(
    tmp_path: Path, fault: str, form: str, ways: str
) -> None:
    everything, heads = Everything(), list[str]()
    values = SECRETS if form == "header" else PLAIN
    cli = Cli(tmp_path, {f"SECRET_{name.upper()}": value for name, value in values.items()})
    as_json = ("refusal", "messages", "close reason").index(fault)
    async with serving(echoing(fault, heads)) as server:
        configured(tmp_path, form, server.url, ways)
        await anyio.to_thread.run_sync(
            lambda: ran(everything, cli, tmp_path, *COMMANDS, as_json=as_json), abandon_on_cancel=True
        )
    carried = {value for head in heads for value in credentials_of(head)}
    assert carried == set(values.values()), "each is sent, so each could have been told"
    assert len(everything.said) >= 2 * len(COMMANDS)
    everything.holds_none_of(*EVERY)


def test_commands_that_go_well_or_reach_nobody_tell_no_secret(tmp_path: Path, embedded: Gateway) -> None:
    assert embedded.token is not None
    everything = Everything()
    token = embedded.token.reveal()
    for number, url in enumerate((embedded.base, "ws://127.0.0.1:9/v1/a/g")):
        cli = Cli(tmp_path / str(number), {"CLOUDFLARE_API_TOKEN": token})
        path = configured(cli.home, "header", url, "literal")
        path.write_text(path.read_text().replace(f'token = "{SECRETS["gateway"]}"', ""))
        ran(everything, cli, tmp_path, "cartesia", "openai", "fal", as_json=number)
        everything.add("voxdeck sessions", *(cli.run("sessions", *way).out for way in ((), ("--json",))))
        # Without providers' keys: with them it would try the providers themselves.
        doctor = Cli(tmp_path / f"doctor{number}", {"CLOUDFLARE_API_TOKEN": token})
        checks = doctor.run("doctor", "--gateway", url, *(["--json"] if number else []))
        everything.add("voxdeck doctor", checks.out, checks.err)
    assert any("saved" in said or "audio_end" in said for _, said in everything.said)
    assert any("connection refused" in said for _, said in everything.said)
    everything.holds_none_of(token, *EVERY)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The deck's log file, open at its most talkative."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root, before = logging.getLogger(), logging.getLogger().level
    handlers = list(root.handlers)
    path = open_log()
    assert path is not None
    yield path
    root.setLevel(before)
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()


@pytest.mark.usefixtures("no_sound_card")
@pytest.mark.parametrize("fault", ["refusal", "messages", "close reason"])
async def test_the_deck_s_view_and_its_log_tell_no_secret(tmp_path: Path, log: Path, fault: str) -> None:
    everything, heads = Everything(), list[str]()
    async with serving(echoing(fault, heads)) as server:
        config = load(configured(tmp_path, "header", server.url, "literal"))
        kinds = plans(("transcribe", "speak", "converse"))
        engine = Engine(DeckPlan(kinds, config, named_gateway(config, "tested")))
        engine.start()
        try:
            with anyio.fail_after(10):
                while [each.phase for each in engine.view.sessions] != ["failed"] * 3:  # noqa: ASYNC110
                    await anyio.sleep(0.05)
            carried = {value for head in heads for value in credentials_of(head)}
            logging.getLogger("test").error("by accident: %s", " ".join(carried))
            view = engine.view
        finally:
            await anyio.to_thread.run_sync(engine.stop)
    assert carried == {SECRETS["gateway"], SECRETS["openai"]}
    everything.add("the view", str(view), repr(view), *(str(list(each.log)) for each in view.sessions))
    written = await anyio.Path(log).read_text()
    everything.add("the log file", written)
    assert "by accident: •••" in written
    everything.holds_none_of(*SECRETS.values())


@pytest.mark.parametrize("form", ["header", "subprotocol"])
@pytest.mark.parametrize("fault", ["refusal", "close reason", "nobody there"])
async def test_errors_of_connections_tell_no_secret(tmp_path: Path, fault: str, form: str) -> None:
    everything, heads = Everything(), list[str]()
    transport = Transport()
    async with serving(echoing(fault, heads)) as server:
        url = "ws://127.0.0.1:9/v1/a/g" if fault == "nobody there" else server.url
        config = load(configured(tmp_path, form, url, "file"))
        at = named_gateway(config, "tested")
        assert at is not None
        for offer in OFFERS:
            opening = prepare(config, at, offer, Options(offer.models[0], agent="an-agent"))
            everything.add("the opening", repr(opening), str(opening), repr(at))
            with pytest.raises(TransportError) as caught:
                async with transport.connect(opening.address) as connection:
                    await connection.next_message()
            everything.add_error(offer.provider, caught.value)
    await transport.aclose()
    everything.holds_none_of(*EVERY)


def test_errors_of_addresses_and_of_the_configuration_tell_no_secret(tmp_path: Path) -> None:
    everything = Everything()
    secret = SECRETS["fal"]
    path = configured(tmp_path, "header", "wss://gateway.example/v1/a/g", "literal")
    good = path.read_text()
    config = load(path)
    at = named_gateway(config, "tested")
    assert at is not None
    fal = next(offer for offer in OFFERS if offer.provider == "fal")
    for bad in (
        replace(at, token_form="subprotocol"),  # a "/" cannot be in one
        replace(at, base="ws://gateway.example/v1/a/g"),  # not encrypted
    ):
        with pytest.raises(BadAddress) as unusable:
            prepare(config, bad, fal, Options(fal.models[0]))
        everything.add_error("address", unusable.value)
    for text_of_file, mode in (
        (good, 0o644),
        (good.replace(f'key = "{secret}"', f'key = ["{secret}"]'), 0o600),
        (good.replace(f'key = "{secret}"', f"key = {secret}"), 0o600),
        (good.replace(f'key = "{secret}"', f'kee = "{secret}"'), 0o600),
        (good.replace("wss://gateway.example", f"wss://me:{secret}@gateway.example"), 0o600),
        (good.replace("wss://gateway.example", "ws://gateway.example"), 0o600),
    ):
        path.write_text(text_of_file)
        path.chmod(mode)
        with pytest.raises(BadConfig) as wrong:
            named_gateway(load(path), "tested")
        everything.add_error("configuration", wrong.value)
    everything.holds_none_of(*EVERY)
