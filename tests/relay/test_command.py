"""`voxdeck relay` on the laptop."""

import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from sessions.audio.relay.client import RelayClient
from sessions.audio.relay.discovery import VARIABLE, find
from tests.relay.conftest import PATIENCE, Tone, relay_process


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tui", "relay", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.mark.usefixtures("pulse")
def test_it_says_what_it_serves_and_how_to_connect_and_cleans_up() -> None:
    with relay_process() as relay:
        assert relay.lines[0].startswith("microphone: ")
        assert relay.lines[1].startswith("speaker: ")
        assert relay.ssh[:2] == ["ssh", "-R"] and relay.ssh[3] == "HOST"
        remote, local = relay.ssh[2].split(":")
        assert remote.startswith("/tmp/voxdeck-relay-") and remote.endswith(".sock")
        socket = Path(local)
        assert socket.is_socket()
        assert socket.stat().st_mode & 0o777 == 0o600
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert relay.interrupt() == 130
        assert not socket.parent.exists()
        assert len(relay.lines) == 4


@pytest.mark.usefixtures("pulse")
def test_each_run_has_a_token_of_its_own() -> None:
    with relay_process() as one, relay_process() as other:
        assert one.ssh != other.ssh


@pytest.mark.usefixtures("pulse")
def test_a_port_is_served_on_this_machine_only() -> None:
    with relay_process("--port", "0") as relay:
        remote, host, port = relay.ssh[2].split(":")
        assert host == "127.0.0.1"
        token = remote.removeprefix("/tmp/voxdeck-relay-").removesuffix(".sock")
        (address,) = find({VARIABLE: f"127.0.0.1:{port}#{token}"})
        states: list[str] = []
        client = RelayClient(address, lambda *_: None, Tone(), states.append)

        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.run)
                while client.state != "connected":  # noqa: ASYNC110
                    await anyio.sleep(0.02)
                tasks.cancel_scope.cancel()

        anyio.run(main)
        relay.until_said("the deck has ended")
        busy = run("--port", port)
        assert busy.returncode == 1
        assert busy.stderr == (
            f"voxdeck relay: cannot listen on port {port}; --port 0 takes a free one: "
            "address already in use\n"
        )


@pytest.mark.usefixtures("pulse")
def test_an_unknown_device_is_one_line() -> None:
    result = run("--input", "no such thing")
    assert result.returncode == 2
    assert result.stderr.startswith("voxdeck relay: no microphone 'no such thing'; there are: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_without_any_device_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")
    result = run()
    assert result.returncode == 1
    assert result.stderr.startswith("voxdeck relay: ")
    assert result.stderr.endswith("; the relay is for the machine that you sit at\n")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
