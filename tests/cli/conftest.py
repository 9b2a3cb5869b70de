"""The real command, as a process of its own, with a home of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

TOKEN = "the-gateway-token-of-the-tests"
LIMIT = 60
"""Seconds in which any command has to end."""
_PRIVATE_ENDS = ("_KEY", "_TOKEN", "_PROXY")
_PRIVATE = ("CLOUDFLARE_", "OPENAI_", "VOXDECK_", "XDG_", "PYTHON")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What --json printed; every line has to be an object with a time, a session and a name."""
        events = [json.loads(line) for line in self.out.splitlines()]
        for event in events:
            assert isinstance(event["t"], float)
            assert isinstance(event["session"], str)
            assert isinstance(event["event"], str)
        times = [event["t"] for event in events]
        assert times == sorted(times)
        assert times[0] >= 0
        return events

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def complaint(self) -> str:
        """The one line on standard error."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.endswith("\n")
        assert "internal fault" not in self.err
        return self.err.removesuffix("\n")


@dataclass(frozen=True)
class Cli:
    """Runs `voxdeck`."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def having(self, **settings: str) -> "Cli":
        return replace(self, settings={**self.settings, **settings})

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_PRIVATE) and not name.upper().endswith(_PRIVATE_ENDS)
        }
        names = ("STATE", "CONFIG", "CACHE", "DATA")
        folders = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in names}
        return {**ours, **folders, "HOME": str(self.home), **self.settings}

    @property
    def files(self) -> str:
        """All that was written to the home."""
        return "".join(path.read_text(errors="replace") for path in self.home.rglob("*") if path.is_file())

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", "tui", *arguments]
        return subprocess.Popen(command, env=self.environment, **{**piped, **options})

    def run(self, *arguments: str, given: bytes | int = b"") -> Result:
        """Run to the end. `given` is what standard input holds, or the descriptor that it is."""
        text = given if isinstance(given, bytes) else None
        with self.start(*arguments, stdin=given if text is None else subprocess.PIPE) as process:
            try:
                out, err = process.communicate(text, timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        result = Result(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in result.err, result.err
        return result

    async def run_beside(self, *arguments: str, given: bytes | int = b"") -> Result:
        """Run while a server of the test serves."""
        return await anyio.to_thread.run_sync(lambda: self.run(*arguments, given=given))

    def run_all(self, commands: Mapping[str, Sequence[str]]) -> dict[str, Result]:
        """Run several side by side."""
        with ThreadPoolExecutor(4) as pool:
            results = pool.map(lambda arguments: self.run(*arguments), commands.values())
            return dict(zip(commands, results, strict=True))


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Without a gateway: what needs one starts its own."""
    return Cli(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def away(bare: Cli) -> Cli:
    """Has a token for gateways that the tests themselves play."""
    return bare.having(CLOUDFLARE_API_TOKEN="a-token-for-anybody")


@pytest.fixture(scope="session")
def gateway(bare: Cli) -> Iterator[str]:
    """One `voxdeck gateway` for all; its URL."""
    command = ("gateway", "--port", "0", "--token", TOKEN)
    with bare.start(*command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stdout.readline())
        assert list(first) == ["url"]
        yield first["url"]
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert rest[0] == b"", "the address is all that it says"
    assert b"Traceback" not in rest[1], rest[1].decode()


@pytest.fixture(scope="session")
def cli(bare: Cli, gateway: str) -> Cli:
    """Has the gateway's token; the URL is the fixture `gateway`."""
    return bare.having(CLOUDFLARE_API_TOKEN=TOKEN)
