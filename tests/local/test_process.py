"""The gateway's life as a process: it starts fast, ends fast, and never outlives who started it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import psutil
import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from sessions.local.process import GatewayNotStarted, embedded_gateway
from tests.local.clients import Gateway, send, spoken, until, until_closed

COMMAND = [sys.executable, "-m", "sessions.local"]
ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *arguments], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def run(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_sessions_and_ends_with_status_0(number: int) -> None:
    with started("--port", "0") as (process, url):
        gateway = Gateway(url, "")
        with gateway.realtime() as talk, gateway.speak() as speech:
            until(talk, "session.created")
            spoken(speech, "Metadata")
            send(speech, "Speak", text="A sentence that is being spoken. " * 50)
            send(speech, "Flush")
            process.send_signal(number)
            with pytest.raises(ConnectionClosedOK) as closed:
                talk.recv(timeout=10)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
            output, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert (output, errors) == (b"", b"")


def test_a_peer_that_does_not_read_does_not_hold_up_the_end() -> None:
    with started("--port", "0") as (process, url):
        query = {"model": "@cf/deepgram/aura-1", "sample_rate": "48000"}
        with Gateway(url, "").connect("workers-ai", query, max_queue=1) as speech:
            for _ in range(10):
                send(speech, "Speak", text="A sentence that is being spoken. " * 50)
            time.sleep(2)
            begun = time.monotonic()
            process.terminate()
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - begun < 2
            assert all(isinstance(frame, bytes | dict) for frame in until_closed(speech))


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*COMMAND, "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1 and ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1 and f"127.0.0.1:{port}" in ended.stderr


def test_without_the_engines_it_says_what_to_install() -> None:
    ended = run(
        "import sys; sys.path[:0] = ['.']; import sessions.local as l; sys.exit(l.main())", "-I", "-S"
    )
    assert ended.returncode == 1 and ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1 and "pip install 'voxdeck[local]'" in ended.stderr


def test_the_launcher_loads_no_engine_and_the_gateway_no_screen() -> None:
    engines = {"starlette", "uvicorn", "websockets", "numpy", "moonshine_voice", "hibari", "bm25s"}
    code = "import sys, sessions.local.process, sessions.guide; print(*sys.modules)"
    assert not engines & set(run(code).stdout.split())
    modules = run("import sys, sessions.local.server; print(*sys.modules)").stdout.split()
    assert "sessions.local.server" in modules
    assert not any(name.split(".")[0] in {"textual", "tui"} for name in modules)
    assert not any(name.startswith("sessions.providers") for name in modules)


def test_the_launcher_starts_it_with_a_token_and_ends_it() -> None:
    async def use() -> None:
        async with embedded_gateway() as running:
            assert running.token not in repr(running)
            assert not any(running.token in part for child in children() for part in child.cmdline())
            headers = {"cf-aig-authorization": running.token}
            with connect(f"{running.url}/openai?model=m", additional_headers=headers) as talk:
                until(talk, "session.created")
            begun = time.monotonic()
        assert time.monotonic() - begun < 2

    anyio.run(use)
    assert children() == []


def test_the_launcher_ends_it_when_cancelled() -> None:
    async def use() -> None:
        with anyio.move_on_after(1.0):
            async with embedded_gateway():
                await anyio.sleep_forever()
        with anyio.move_on_after(0.05):
            async with embedded_gateway():
                pass

    anyio.run(use)
    assert children() == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'no such thing' >&2; exit 1", "no such thing"),
        ("echo hello", "something else than its address"),
        ("echo '{}'", "something else than its address"),
        (None, "could not be started"),
    ],
)
def test_the_launcher_says_why_it_did_not_start(
    script: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = tmp_path / "python"
    if script is not None:
        interpreter.write_text(f"#!/bin/sh\n{script}\n")
        interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))

    async def use() -> None:
        async with embedded_gateway(tmp_path / "log"):
            pytest.fail("it cannot have started")

    with pytest.raises(GatewayNotStarted) as failed:
        anyio.run(use)
    assert reason in str(failed.value) and "\n" not in str(failed.value)
    assert children() == []


def test_it_ends_when_who_started_it_is_killed() -> None:
    code = """
import anyio, psutil
from sessions.local.process import embedded_gateway
async def main():
    async with embedded_gateway():
        print(psutil.Process().children()[0].pid, flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert gone(child)


_others: set[int] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Gateways that other tests of this process keep."""
    _others.clear()
    _others.update(child.pid for child in psutil.Process().children())


def children() -> list[psutil.Process]:
    """Children of this test that are gateways of the launcher's."""
    running = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return [child for child in running if child.pid not in _others and "-P" in child.cmdline()]
