"""What the commands without a screen share: the gateway, the session, the report, the end."""

import argparse
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, TextIO

import anyio
import msgspec

from sessions.commands import ImpossibleCommand
from sessions.events import Audio, Closed, Event, Failed, Malformed, Problem
from sessions.gateway import BadAddress, Gateway, address
from sessions.local.process import GatewayNotStarted, embedded_gateway
from sessions.providers.catalogue import UnknownModel, find
from sessions.providers.codec import Codec, Kind
from sessions.secrets import Secret, redact
from sessions.session import Session
from sessions.text import escape_json, one_line
from sessions.transport import Transport
from tui.cli import USAGE, provider_key
from tui.log import open_log

logger = logging.getLogger(__name__)


class CommandFailed(Exception):
    """The command cannot go on; the message is one line."""


class UsageFault(CommandFailed):
    """The command was asked for wrongly."""


Main = Callable[[], Awaitable[None]]


def run(command: str, prepare: Callable[[], Main]) -> int:
    """Run what `prepare` returns; turn the faults of both into one line and an exit status.

    What may wait for a person belongs into `prepare`: inside the event loop a Ctrl+C would wait as well.
    """
    try:
        anyio.run(prepare())
    except Exception as error:
        return _status(command, error)
    return 0


def _status(command: str, error: Exception) -> int:
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # it was met in the session's task
    match error:
        case UsageFault() | UnknownModel() | BadAddress():
            return _complain(command, str(error), USAGE)
        case CommandFailed() | ImpossibleCommand() | GatewayNotStarted():
            return _complain(command, str(error), 1)
        case BrokenPipeError():
            raise error
        case _:
            log = open_log()
            logger.error("voxdeck %s", command, exc_info=error)
            return _complain(command, f"an internal fault; {log or 'no log file'} has the details", 1)


def _complain(command: str, message: str, status: int) -> int:
    note(f"voxdeck {command}: {one_line(redact(message), 600)}")
    return status


def text_argument(text: str) -> str:
    """Return the text of a command line; `-` is standard input. Raises UsageFault where there is none."""
    if text == "-":
        text = standard_input().read().decode("utf-8", errors="replace")
    if not text.strip():
        raise UsageFault("there is no text")
    return text.strip()


def standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise UsageFault("- reads standard input, which is closed")
    return sys.stdin.buffer


class Report:
    """Prints events, as JSON lines or not at all, with the time since the start."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._start = time.monotonic()

    def event(self, t: float, session: str, event: Event) -> None:
        if not self.as_json:
            return
        fields: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(bytes,))
        if isinstance(event, Audio):
            fields["bytes"] = len(fields.pop("pcm"))
        line = {"t": round(t - self._start, 4), "session": session, **fields}
        write(escape_json(redact(msgspec.json.encode(line).decode())) + "\n")

    def say(self, line: str) -> None:
        """Print a line for people; JSON has its own."""
        if not self.as_json:
            write(line + "\n")


def write(text: str) -> None:
    """Write to standard output at once. Raises CommandFailed or BrokenPipeError."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write: {(error.strerror or str(error)).lower()}") from None


def note(line: str) -> None:
    """Write a line to standard error, for people."""
    _write(sys.stderr, line + "\n")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # it was closed before we began
        stream.write(text)
        stream.flush()


class Running:
    """A session under way, as its command sees it."""

    def __init__(self, command: str, name: str, codec: Codec, report: Report, timeout: float) -> None:
        self.name = name
        self._command = command
        self._trouble, self._gist = "", ""
        """The last one, held back for a moment: where the session ends by it, the one last line says it."""
        self._report = report
        self._timeout = timeout
        self._handlers: list[Callable[[float, Event], None]] = []
        self._news = anyio.Event()
        self.failed: str | None = None
        self.ended = False
        self.session = Session(codec, self._on_event, timeout)

    def on_event(self, handler: Callable[[float, Event], None]) -> None:
        self._handlers.append(handler)

    async def until(self, reached: Callable[[], bool], what: str, patience: float = 0.0) -> None:
        """Wait until `reached`; raise CommandFailed when the session fails or nothing comes in time.

        `patience`: seconds beyond the time limit.
        """
        while not reached():
            if self.failed is not None:
                raise CommandFailed(self.failed)
            if self.ended:
                raise self._failure(f"the session was closed before {what}")
            self._news = anyio.Event()
            with anyio.move_on_after(self._timeout + patience) as limit:
                await self._news.wait()
            if limit.cancelled_caught:
                raise self._failure(f"waited {self._timeout + patience:.3g} s for {what}")

    def _failure(self, why: str) -> CommandFailed:
        return CommandFailed(f"{why}; {self._trouble}" if self._trouble else why)

    def _on_event(self, t: float, event: Event) -> None:
        self._report.event(t, self.name, event)
        match event:
            case Failed(message=message):
                if self._gist not in message:
                    self.tell_trouble()
                self.failed, self.ended = message, True
            case Closed():
                self.ended = True
            case Problem(code=code, message=message):
                self._hold(f"{message} ({code})", message or code)
            case Malformed(why=why):
                self._hold(why, why)
            case _:
                self.tell_trouble()
        for handler in self._handlers:
            handler(t, event)
        self._news.set()

    def _hold(self, trouble: str, gist: str) -> None:
        self.tell_trouble()
        self._trouble, self._gist = one_line(redact(trouble)), one_line(redact(gist))

    def tell_trouble(self) -> None:
        if self._trouble and not self._report.as_json:
            note(f"voxdeck {self._command}: {self._trouble}")
        self._trouble = ""


@asynccontextmanager
async def open_session(
    arguments: argparse.Namespace, kind: Kind, report: Report, codec: Codec | None = None
) -> AsyncIterator[Running]:
    """Open a session as the arguments say, and wait until it is ready.

    Raises CommandFailed, UnknownModel, BadAddress or GatewayNotStarted.
    """
    offer, model = find(kind, arguments.provider, arguments.model)
    async with _gateway(arguments.gateway) as (gateway, key):
        where = address(gateway, offer.route(model, key if offer.key_variable else None))
        running = Running(arguments.run, kind, codec or offer.codec(), report, arguments.timeout)
        transport = Transport()
        caught: CommandFailed | ImpossibleCommand | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.session.run, transport, where)
            try:
                await running.until(lambda: running.session.ready, f"the session with {where.shown}")
                yield running
                running.tell_trouble()
            except (CommandFailed, ImpossibleCommand) as error:
                caught = error  # leaving the group with it would wrap it
            tasks.cancel_scope.cancel()
        await transport.aclose()
        if caught:
            raise caught


@asynccontextmanager
async def _gateway(given: Gateway | None) -> AsyncIterator[tuple[Gateway, Secret | None]]:
    """The gateway that was named, with the provider's key; or the embedded one, which needs none."""
    if given is not None:
        yield given, provider_key()
        return
    async with embedded_gateway() as running:
        yield Gateway(running.url, Secret(running.token)), None
