"""Sessions that fail: one line on standard error that says why, status 1, and no secret anywhere."""

import json
import re
import socket
import wave
from pathlib import Path

import anyio
import pytest

from tests.cli.conftest import Cli, Result
from tests.faults import (
    TEXT,
    Peer,
    Script,
    answering,
    closing,
    header,
    response,
    serving,
    text,
    upgraded,
)
from tests.speech import RECORDINGS

A_FILE = str(RECORDINGS / "sense_0880.wav")
CREATED = text('{"type":"session.created","session":{"id":"sess_1","type":"realtime"}}')


# Files


FILES = {
    "missing.wav": "no such file or directory",
    "missing.raw": "no such file or directory",
    "folder.wav": "is a directory",
    "empty.wav": "the file is empty",
    "empty.raw": "it holds no sound (length 0)",
    "silent.wav": "it holds no sound (length 0)",
    "text.wav": "not an audio file that can be read; WAV and FLAC can",
    "cut.wav": "not an audio file that can be read; WAV and FLAC can",
    "slow.wav": "its sample rate of 100 Hz is not usable",
    "fast.wav": "its sample rate of 2000000 Hz is not usable",
}
HOSTILE_NAME = "\x1b[2J\nx.raw"


@pytest.fixture(scope="module")
def files(bare: Cli, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """`transcribe` of files that cannot be used."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty.wav").touch()
    (folder / "empty.raw").touch()
    (folder / "text.wav").write_text("This is no sound at all.\n" * 100)
    (folder / "cut.wav").write_bytes(Path(A_FILE).read_bytes()[:20])
    (folder / "folder.wav").mkdir()
    for name, rate in (("silent.wav", 16000), ("slow.wav", 100), ("fast.wav", 2_000_000)):
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(b"" if name == "silent.wav" else b"\0\0" * 1000)
    return bare.run_all({name: ("transcribe", str(folder / name)) for name in (*FILES, HOSTILE_NAME)})


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_used(files: dict[str, Result], name: str) -> None:
    result = files[name]
    assert (result.status, result.out) == (1, "")
    assert result.complaint.startswith("voxdeck transcribe: ")
    assert result.complaint.endswith(f"{name}: {FILES[name]}")


def test_a_hostile_file_name_is_shown_and_not_obeyed(files: dict[str, Result]) -> None:
    complaint = files[HOSTILE_NAME].complaint
    assert complaint.isprintable()
    assert "␛[2J x.raw: " in complaint


def test_standard_input_without_a_whole_sample(cli: Cli, gateway: str) -> None:
    result = cli.run("transcribe", "-", "--gateway", gateway, given=b"x")
    assert result.status == 1
    assert result.complaint == "voxdeck transcribe: standard input: it holds no sound (length 0)"


@pytest.mark.parametrize("command", ["say", "chat"])
def test_a_wav_that_cannot_be_written(cli: Cli, gateway: str, tmp_path: Path, command: str) -> None:
    path = str(tmp_path / "missing" / "x.wav")
    result = cli.run(command, "quit?", "--out", path, "--gateway", gateway)
    assert result.status == 1
    assert result.complaint == f"voxdeck {command}: {path}: cannot be written: no such file or directory"


def test_saying_where_portaudio_is_missing(cli: Cli, gateway: str, tmp_path: Path) -> None:
    # What sounddevice itself does at import on such a machine.
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    result = cli.having(PYTHONPATH=str(tmp_path)).run("say", "hello", "--gateway", gateway)
    assert result.status == 1
    assert result.err.startswith("voxdeck say: cannot play: ")
    assert result.complaint.endswith("; --out FILE.wav writes the speech instead")


# Gateways


def test_a_wrong_token(bare: Cli, gateway: str) -> None:
    result = bare.having(CLOUDFLARE_API_TOKEN="not-the-token").run("chat", "hello", "--gateway", gateway)
    assert result.status == 1
    assert result.complaint == (
        "voxdeck chat: refused with HTTP 401: Unauthorized (2009); "
        "the gateway token is missing or wrong: set CLOUDFLARE_API_TOKEN (permission AI Gateway: Run)"
    )
    assert "not-the-token" not in result.err


def test_a_gateway_that_is_not_there(away: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = away.run("transcribe", A_FILE, "--gateway", f"ws://127.0.0.1:{port}/v1/a/b")
    assert result.status == 1
    assert result.complaint == (
        f"voxdeck transcribe: cannot reach ws://127.0.0.1:{port}/v1/a/b/workers-ai: connection refused"
    )


def test_the_gateway_named_before_the_command_is_the_one_used(away: Cli) -> None:
    result = away.run("--gateway", "ws://127.0.0.1:1/v1/a/b", "transcribe", A_FILE)
    assert result.status == 1
    assert "cannot reach ws://127.0.0.1:1/v1/a/b" in result.complaint


# Servers that misbehave


async def unanswered(peer: Peer) -> None:
    await peer.until_gone()


async def dropped(peer: Peer) -> None:
    await peer.accept()
    while b"CloseStream" not in (await peer.frame())[1]:
        pass


async def torn(peer: Peer) -> None:
    await peer.accept(at_once=CREATED)
    await peer.send(header(TEXT, 1000), b"{")
    await peer.frame()
    peer.reset()


async def huge(peer: Peer) -> None:
    await peer.accept(at_once=CREATED)
    await peer.send(header(TEXT, 40 << 20))
    while peer.sent < 40 << 20:
        await peer.send(b" " * 65536)


async def warned(peer: Peer) -> None:
    await peer.accept()
    await peer.send(text('{"type":"Warning","code":"W","description":"no such\\u001b[2J language"}'))
    while b"CloseStream" not in (await peer.frame())[1]:
        pass
    results = {"channel": {"alternatives": [{"transcript": "hello"}]}, "duration": 1}
    done = {"type": "Results", "is_final": True, "speech_final": True, **results}
    await peer.send(text(json.dumps(done)), closing(1000))
    await peer.frame()


def problem(code: str, message: str) -> bytes:
    return text(json.dumps({"type": "error", "error": {"code": code, "message": message}}))


PAGE = b"<html>\n<h1>404 Not Found</h1>\n" + b"<p>filler</p>\n" * 1000
HEAR = ("transcribe", A_FILE)
ASK = ("chat", "hello")
SOON = ("--timeout", "0.5")

FAULTS: dict[str, tuple[Script, tuple[str, ...], str]] = {
    "no answer to the handshake": (
        unanswered,
        (*ASK, *SOON),
        r"waited 0\.5 s for the session with ws://127\.0\.0\.1:\d+/v1/local/default/openai",
    ),
    "no greeting": (
        upgraded(),
        (*ASK, *SOON),
        r"waited 0\.5 s for the session with .*|.*nothing was heard for 0\.5 s.*",
    ),
    "no answer to the question": (upgraded(CREATED), (*ASK, *SOON), r"waited 0\.5 s for the answer"),
    "no end of the transcript": (
        upgraded(),
        (*HEAR, *SOON),
        r"waited [\d.]+ s for the end of the transcript",
    ),
    **{
        f"a close with {code}": (
            upgraded(CREATED, closing(code, "we\nare \x1b[31mclosed")),
            ASK,
            rf"closed by the other side with {code}: we are ␛\[31mclosed(; .*)?",
        )
        for code in (1008, 1011, 4000)
    },
    "a normal close too early": (
        upgraded(CREATED, closing(1000)),
        ASK,
        "the session was closed before the answer",
    ),
    "a drop behind the recording": (
        dropped,
        HEAR,
        "the connection was dropped without a close frame; reconnect",
    ),
    "a reset in mid-message": (torn, ASK, "the connection was lost; reconnect"),
    "a message of 40 MB": (huge, ASK, "given up: a message is larger than 16 MiB; reconnect"),
    "a web page": (
        answering(response("404 Not Found", PAGE, content_type="text/html")),
        ("say", "hello", "--out", "/dev/null"),
        "refused with HTTP 404: .*; there is nothing at this address: check the gateway URL",
    ),
    "a wrong key": (
        upgraded(problem("invalid_api_key", "Incorrect API key"), closing(3000, "x.invalid_api_key")),
        ASK,
        "(?!.*Incorrect.*Incorrect).*Incorrect API key.*check OPENAI_API_KEY.*",
    ),
    "a problem that leaves no answer": (
        upgraded(CREATED, problem("bad_session", "No such voice")),
        (*ASK, *SOON),
        r"waited 0\.5 s for the answer; No such voice \(bad_session\)",
    ),
    "a message that cannot be read, then a close": (
        upgraded(CREATED, text("no json"), closing(1008)),
        ASK,
        "closed by the other side with 1008; .*; JSON is malformed.*",
    ),
}


@pytest.fixture(scope="module")
def faults(away: Cli) -> dict[str, Result]:
    """Each command beside its server, several at once."""
    results: dict[str, Result] = {}

    async def meet(name: str, script: Script, command: tuple[str, ...], limit: anyio.CapacityLimiter) -> None:
        async with limit, serving(script) as server:
            results[name] = await away.run_beside(*command, "--gateway", server.url)

    async def meet_all() -> None:
        limit = anyio.CapacityLimiter(3)
        async with anyio.create_task_group() as tasks:
            for name, (script, command, _) in FAULTS.items():
                tasks.start_soon(meet, name, script, command, limit)

    anyio.run(meet_all)
    return results


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_misbehaves(faults: dict[str, Result], name: str) -> None:
    result = faults[name]
    assert (result.status, result.out) == (1, "")
    prefix = f"voxdeck {FAULTS[name][1][0]}: "
    assert result.complaint.startswith(prefix)
    assert result.complaint.isprintable()
    assert re.fullmatch(FAULTS[name][2], result.complaint.removeprefix(prefix)), result.complaint


@pytest.mark.anyio
async def test_a_problem_that_is_survived_is_a_note(away: Cli) -> None:
    async with serving(warned) as server:
        result = await away.run_beside(*HEAR, "--gateway", server.url)
    assert (result.status, result.out) == (0, "hello\n")
    assert result.complaint == "voxdeck transcribe: no such␛[2J language (W)"


@pytest.mark.anyio
async def test_hostile_text_is_escaped_in_json(away: Cli) -> None:
    hostile = "\x1b]0;owned\x07\u202e\u2028\x9b31m\x7f"
    async with serving(upgraded(CREATED, problem("x", hostile), closing(1008))) as server:
        result = await away.run_beside(*ASK, "--json", "--gateway", server.url)
    assert result.of("problem")[0]["message"] == hostile
    assert all(line.isprintable() for line in result.out.split("\n"))


# Secrets


KEY = "sk-test-0123456789abcdefghij"
TOKEN = "cf-t0ken-of-these-tests"

REPEATED: dict[str, Script] = {
    "refusal": answering(
        response("401 Unauthorized", json.dumps({"message": f"bad {KEY} {TOKEN}"}).encode())
    ),
    "close reason": upgraded(CREATED, closing(4000, f"{KEY} {TOKEN}")),
    "problem": upgraded(CREATED, problem(KEY, f'the key "{TOKEN}" is bad'), closing(1011)),
    "unknown message": upgraded(
        CREATED, text(json.dumps({"type": "x", "y": f'"{KEY}\\" {TOKEN}'})), closing(1008)
    ),
    "unreadable message": upgraded(CREATED, text(f"{KEY} {TOKEN}"), closing(1008)),
    "answer": upgraded(
        CREATED,
        text(
            json.dumps(
                {
                    "type": "response.output_text.delta",
                    "response_id": "r",
                    "item_id": "i",
                    "delta": f"{KEY}\n{TOKEN}",
                }
            )
        ),
        closing(1008),
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("place", REPEATED)
async def test_secrets_that_the_other_side_repeats_are_not_told(tmp_path: Path, place: str) -> None:
    cli = Cli(tmp_path, {"OPENAI_API_KEY": KEY, "CLOUDFLARE_API_TOKEN": TOKEN})
    results: dict[bool, Result] = {}

    async def run(as_json: bool) -> None:
        command = (*ASK, "--json") if as_json else ASK
        results[as_json] = await cli.run_beside(*command, "--gateway", server.url)

    async with serving(REPEATED[place]) as server:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, False)
            tasks.start_soon(run, True)
        requests = server.peers
    for request in requests:
        assert request.header("authorization") == f"Bearer {KEY}"
        assert request.header("cf-aig-authorization") == f"Bearer {TOKEN}"
        line = request.head.partition("\r\n")[0]
        assert KEY not in line
        assert TOKEN not in line
    assert results[True].events
    for result in results.values():
        assert result.status == 1
        assert result.complaint
        for written in (result.out, result.err, cli.files):
            assert KEY not in written
            assert TOKEN not in written


@pytest.mark.anyio
async def test_a_provider_that_needs_no_key_gets_none(away: Cli) -> None:
    async with serving(answering(response("503 Busy"))) as server:
        cli = away.having(OPENAI_API_KEY=KEY)
        result = await cli.run_beside(*HEAR, "--gateway", server.url)
        assert server.peers[0].header("authorization") is None
    assert result.status == 1
