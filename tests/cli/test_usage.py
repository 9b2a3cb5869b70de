"""Commands that are asked for wrongly: one line, status 2, and nothing is begun."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Result
from tests.speech import RECORDINGS
from tui.cli import main

A_FILE = str(RECORDINGS / "sense_0880.wav")
NOWHERE = "ws://127.0.0.1:1/v1/a/b"

WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no terminal": ((), "voxdeck: the deck needs a terminal; without one use "),
    "unknown command": (("sing",), "invalid choice: 'sing'"),
    "unknown option": (("say", "x", "--loud"), "unrecognized arguments: --loud"),
    "no file": (("transcribe",), "required: FILE"),
    "no text": (("say",), "required: TEXT"),
    "empty text": (("say", ""), "voxdeck say: there is no text"),
    "blank text": (("chat", " \n "), "voxdeck chat: there is no text"),
    "empty standard input": (("say", "-"), "voxdeck say: there is no text"),
    "unknown model": (("transcribe", A_FILE, "--model", "nova-99"), "model 'nova-99'; expected one of: "),
    "model of another kind": (("transcribe", A_FILE, "--model", "aura-1"), "unknown model 'aura-1'"),
    "unknown provider": (("say", "x", "--provider", "acme"), "'acme' does not speak; these do: workers-ai"),
    "hostile model": (("say", "x", "--model", "\x1b[2J\nx"), "unknown model"),
    "gateway by http": (("say", "x", "--gateway", "http://x/"), "expected ws://… or wss://…"),
    "gateway without host": (("say", "x", "--gateway", "ws://"), "expected ws://… or wss://…"),
    "gateway with a key": (("say", "x", "--gateway", "wss://x/?api_key=s3cr3t"), "tokens go elsewhere"),
    "gateway with a bad port": (("say", "x", "--gateway", "ws://x:99999/"), "gateway URL: "),
    "no gateway": (("say", "x", "--gateway"), "expected one argument"),
    "gateway before the command": (("--gateway", "http://x/", "say", "x"), "expected ws://… or wss://…"),
    "no time": (("chat", "x", "--timeout", "0"), "'0' is not a number of seconds above 0"),
    "time of nan": (("chat", "x", "--timeout", "nan"), "'nan' is not a number of seconds"),
    "time of words": (("chat", "x", "--timeout", "soon"), "'soon' is not a number of seconds"),
    "bad port": (("gateway", "--port", "99999"), "'99999' is not a whole number from 0 to 65535"),
    "negative port": (("gateway", "--port", "-1"), "'-1' is not a whole number"),
    "bad rate": (("transcribe", "-", "--rate", "12"), "'12' is not a whole number from 4000 to 384000"),
    "bad pace": (("transcribe", A_FILE, "--pace", "slow"), "invalid choice: 'slow'"),
}  # fmt: skip


@pytest.fixture(scope="module")
def wrong(bare: Cli) -> dict[str, Result]:
    return bare.run_all({name: arguments for name, (arguments, _) in WRONG.items()})


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_one_line_and_status_2(wrong: dict[str, Result], name: str) -> None:
    result = wrong[name]
    assert result.status == 2
    assert result.out == ""
    assert WRONG[name][1] in result.complaint
    assert result.complaint.startswith("voxdeck")
    assert "s3cr3t" not in result.complaint
    assert result.complaint.isprintable()


def test_a_token_is_not_sent_unencrypted_to_another_machine(bare: Cli) -> None:
    cli = bare.having(CLOUDFLARE_API_TOKEN="t0ken-t0ken")
    result = cli.run("say", "x", "--gateway", "ws://example.com/v1/a/b")
    assert result.status == 2
    assert "unencrypted" in result.complaint
    assert "t0ken" not in result.err


@pytest.mark.parametrize("secret", ["one\ntwo three", "smart “quotes” all over"])
def test_a_credential_that_no_header_can_hold(bare: Cli, secret: str) -> None:
    result = bare.having(OPENAI_API_KEY=secret).run("chat", "hello", "--gateway", NOWHERE)
    assert result.status == 2
    assert "provider key" in result.complaint
    assert secret.split(maxsplit=1)[0] not in result.err


def test_a_closed_standard_input(bare: Cli) -> None:
    for command in ("say", "transcribe"):
        shell = f'exec "{sys.executable}" -m tui {command} - <&-'
        done = subprocess.run(["sh", "-c", shell], env=bare.environment, capture_output=True, check=False)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert b"closed" in done.stderr


def test_help_and_version_are_for_standard_output(bare: Cli) -> None:
    asked = {"version": ("--version",), "help": ("--help",), "more": ("transcribe", "--help")}
    results = bare.having(PYTHONIOENCODING="ascii").run_all(asked)
    for result in results.values():
        assert (result.status, result.err) == (0, "")
    assert results["version"].out.startswith("voxdeck ")
    for command in ("gateway", "transcribe", "say", "chat"):
        assert command in results["help"].out
    assert "--pace" in results["more"].out


def test_the_installed_command_is_the_same(bare: Cli) -> None:
    command = Path(sys.executable).with_name("voxdeck")
    done = subprocess.run(
        [command, "transcribe"], env=bare.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("voxdeck transcribe: ")


@pytest.mark.parametrize(
    ("command", "seconds"), [("transcribe", 15), ("say", 15), ("chat", 15), ("image", 120)]
)
def test_only_pictures_are_waited_for_so_long(
    command: str, seconds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"owes an answer (default: {seconds})" in " ".join(capsys.readouterr().out.split())
