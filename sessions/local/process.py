"""Starts the embedded gateway as a child process and ends it. Importable without the engines."""

import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from sessions.local import TOKEN_VARIABLE

START_LIMIT = 15.0
"""Seconds until the child has to have said where it listens."""
_END_LIMIT = 0.4
_LONGEST_LINE = 4096


class GatewayNotStarted(Exception):
    """The message says why in one line."""


@dataclass(frozen=True)
class Running:
    """`url` is the base that providers' paths are appended to."""

    url: str
    token: str = field(repr=False)


@asynccontextmanager
async def embedded_gateway(log: Path | None = None) -> AsyncIterator[Running]:
    """Run the gateway as a child process; what it has to report is appended to the file `log`.

    The child ends with this process, whatever ends it: it watches its standard input, a pipe from here.
    Raises `GatewayNotStarted`.
    """
    token = secrets.token_urlsafe(32)
    try:
        process = await _start(token, log)
    except OSError as error:
        raise GatewayNotStarted(f"the embedded gateway could not be started: {error}") from error
    try:
        yield Running(await _url(process, log), token)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _start(token: str, log: Path | None) -> Process:
    # -P: a folder named `sessions` where the user stands is not ours.
    command = [sys.executable, "-P", "-m", "sessions.local", "--port", "0", "--parent"]
    # The token travels in the environment, for other users of the machine can read arguments.
    environment = {**os.environ, TOKEN_VARIABLE: token}
    with _errors(log) as errors:
        # A session of its own: the terminal's Ctrl+C is for the deck, which then ends the child.
        return await anyio.open_process(command, stderr=errors, env=environment, start_new_session=True)


def _errors(log: Path | None) -> IO[bytes]:
    return Path(log or os.devnull).open("ab")


async def _url(process: Process, log: Path | None) -> str:
    assert process.stdout is not None
    line = b""
    try:
        with anyio.fail_after(START_LIMIT):
            line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", _LONGEST_LINE)
        return str(json.loads(line)["url"])
    except TimeoutError:
        raise GatewayNotStarted(f"the embedded gateway said nothing for {START_LIMIT:.0f} s") from None
    except anyio.IncompleteRead:
        raise GatewayNotStarted(f"the embedded gateway ended at once: {_last_line(log)}") from None
    except (anyio.DelimiterNotFound, ValueError, KeyError, TypeError):
        raise GatewayNotStarted(
            f"the embedded gateway said something else than its address: {line!r}"
        ) from None


def _last_line(log: Path | None) -> str:
    lines = [] if log is None else log.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it left no message"


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    with anyio.move_on_after(_END_LIMIT):
        await process.wait()
    if process.returncode is None:
        process.kill()
    await process.aclose()
