"""Signals, pipes and child processes: a command ends when it should, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

import psutil
import pytest

from tests.cli.conftest import LIMIT, Cli
from tests.faults import Peer, closing, serving
from tests.speech import RECORDINGS

A_FILE = str(RECORDINGS / "sense_0880.wav")
LONG_FILE = str(RECORDINGS / "sense_0870.wav")
"""7 s: enough to be interrupted at the pace of speech."""


@contextmanager
def started(cli: Cli, *arguments: str, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A command under way; its end is the test's business."""
    with cli.start(*arguments, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def line_with(stream: IO[bytes] | None, what: bytes) -> bytes:
    assert stream is not None
    for line in stream:
        if what in line:
            return line
    pytest.fail(f"no line with {what!r}")


def gateways_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    assert any("sessions.local" in child.cmdline() for child in children)
    return children


def all_gone(processes: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def end_of(process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    out, err = process.communicate(timeout=LIMIT)
    return out.decode(), err.decode()


def test_ctrl_c_ends_a_command_and_its_gateway(bare: Cli) -> None:
    with started(bare, "transcribe", LONG_FILE, "--pace", "real", "--json") as process:
        line_with(process.stdout, b'"interim"')
        children = gateways_of(process)
        begun = time.perf_counter()
        process.send_signal(signal.SIGINT)
        _, err = end_of(process)
        assert time.perf_counter() - begun < 5
    assert process.returncode == 130
    assert err == ""
    assert all_gone(children, 5)


def test_ctrl_c_while_the_gateway_starts(bare: Cli) -> None:
    with started(bare, "transcribe", A_FILE) as process:
        deadline = time.monotonic() + LIMIT
        while not (children := psutil.Process(process.pid).children()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = end_of(process)
    assert (process.returncode, out, err) == (130, "", "")
    assert all_gone(children, 5)


def test_a_command_that_is_killed_leaves_no_gateway_behind(bare: Cli) -> None:
    with started(bare, "transcribe", LONG_FILE, "--pace", "real", "--json") as process:
        line_with(process.stdout, b'"ready"')
        children = gateways_of(process)
        process.kill()
        end_of(process)
    assert all_gone(children, 10)


@pytest.mark.parametrize("command", ["say", "chat", "transcribe"])
def test_ctrl_c_while_standard_input_is_awaited(cli: Cli, gateway: str, command: str) -> None:
    with started(cli, command, "-", "--json", "--gateway", gateway, stdin=subprocess.PIPE) as process:
        if command == "transcribe":
            line_with(process.stdout, b'"ready"')
        else:
            until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130, "the first one is enough"
        assert end_of(process)[1] == ""


def until_it_reads(pid: int) -> None:
    """Wait until a process has done its imports and sleeps."""
    deadline = time.monotonic() + LIMIT
    before = -1.0
    while (used := psutil.Process(pid).cpu_times().user) != before or used < 0.05:
        assert time.monotonic() < deadline
        before = used
        time.sleep(0.3)


@pytest.mark.anyio
async def test_a_session_that_fails_does_not_wait_for_standard_input(away: Cli) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(closing(1011, "no more"))
        await peer.until_closed()

    reading, writing = os.pipe()  # open, and silent, for as long as this runs
    try:
        async with serving(script) as server:
            result = await away.run_beside("transcribe", "-", "--gateway", server.url, given=reading)
    finally:
        os.close(reading)
        os.close(writing)
    assert result.status == 1
    assert "1011: no more" in result.complaint


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_reader_that_goes_away_is_no_fault(cli: Cli, gateway: str, json_lines: bool) -> None:
    command = ("chat", "How do I quit?", "--gateway", gateway, *(["--json"] if json_lines else []))
    with started(cli, *command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if json_lines:
            json.loads(process.stdout.readline())
        process.stdout.close()  # as `head -1` does
        err = process.stderr.read()
        assert process.wait(timeout=LIMIT) == 1
    assert err == b""
    assert "internal fault" not in cli.files


def test_a_full_disk_is_one_line(cli: Cli, gateway: str) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        started(cli, "chat", "How do I quit?", "--gateway", gateway, stdout=full) as process,
    ):
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert err == b"voxdeck chat: cannot write: no space left on device\n"


def test_live_audio_is_transcribed_while_it_comes(cli: Cli, gateway: str) -> None:
    pcm = Path(A_FILE).read_bytes()[44:]
    half = 48_001  # not a whole sample
    command = ("transcribe", "-", "--json", "--gateway", gateway)
    with started(cli, *command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(pcm[:half])
        process.stdin.flush()
        first = json.loads(line_with(process.stdout, b'"interim"'))
        assert first["text"]
        process.stdin.write(pcm[half:])
        out, err = end_of(process)
    assert (process.returncode, err) == (0, "")
    assert "young" in out.lower()


# voxdeck gateway


def test_the_gateway_says_its_address_and_serves(gateway: str) -> None:
    assert gateway.startswith("ws://127.0.0.1:")
    assert gateway.endswith("/v1/local/default")
    about = gateway.replace("ws://", "http://").removesuffix("v1/local/default")
    with urlopen(about, timeout=10) as answer:
        assert "@cf/deepgram/nova-3" in json.load(answer)["models"]


def test_a_port_that_is_taken(bare: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = bare.run("gateway", "--port", str(taken.getsockname()[1]))
    assert (result.status, result.out) == (1, "")
    assert "cannot listen on 127.0.0.1:" in result.complaint


def test_the_gateway_ends_with_a_signal(bare: Cli) -> None:
    """The fixture shows it for SIGINT."""
    with started(bare, "gateway", "--port", "0") as process:
        line_with(process.stdout, b'"url"')
        process.send_signal(signal.SIGTERM)
        assert end_of(process) == ("", "")
    assert process.returncode == 0
