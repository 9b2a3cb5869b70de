"""What the commands without a screen share: the gateway, the session, the report, the end."""

import argparse
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, BinaryIO, TextIO, TypeVar

import anyio
import msgspec

from sessions import openings
from sessions.commands import ImpossibleCommand
from sessions.config import EMBEDDED_NAME, BadConfig, Config, SessionTable, load
from sessions.events import Closed, Event, Failed, Malformed, Problem
from sessions.gateway import BadAddress, Gateway
from sessions.local.process import GatewayNotStarted, embedded_gateway
from sessions.openings import NOWHERE, Lacking, prepare
from sessions.providers.catalogue import Offer, UnknownModel
from sessions.providers.codec import Codec, Kind
from sessions.providers.routes import Options
from sessions.secrets import Secret, redact
from sessions.session import Session
from sessions.text import escape_json, one_line
from sessions.transport import BadAuthority, Transport
from tui.cli import USAGE, drop_output
from tui.commands.settings import settings
from tui.log import keep_off_the_screen, open_log

T = TypeVar("T")

logger = logging.getLogger(__name__)


class CommandFailed(Exception):
    """The command cannot go on; the message is one line."""


class UsageFault(CommandFailed):
    """The command was asked for wrongly."""


Main = Callable[[], Awaitable[None]]


def run(arguments: argparse.Namespace, prepare: Callable[[], Main], kind: Kind | None = None) -> int:
    """Run what `prepare` returns; turn the faults of both into one line and an exit status.

    What may wait for a person belongs into `prepare`: inside the event loop a Ctrl+C would wait as well.
    `kind`: of the session that the command opens.
    """
    try:
        if kind:
            chosen(arguments, load(), kind)  # a wrong one is told before anything is done
        anyio.run(prepare())
    except Exception as error:
        return _status(arguments.run, error)
    return 0


def _status(command: str, error: Exception) -> int:
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # it was met in the session's task
    match error:
        case UsageFault() | UnknownModel() | BadAddress() | BadConfig() | BadAuthority():
            return _complain(command, str(error), USAGE)
        case CommandFailed() | ImpossibleCommand() | GatewayNotStarted() | Lacking():
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


def keep_libraries_quiet() -> None:
    """Have what sound libraries print go to the log; lines of our own still go to standard error."""
    keep_off_the_screen(open_log())
    sys.stderr = sys.__stderr__


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
        for name in ("pcm", "content"):
            if isinstance(fields.get(name), bytes):
                fields["bytes"] = len(fields.pop(name))
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
        drop_output()
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
        self._meanwhile = anyio.CancelScope()
        self.session = Session(codec, self._on_event, timeout)
        self.block = codec.input_block
        """Seconds of audio a message."""

    def on_event(self, handler: Callable[[float, Event], None]) -> None:
        self._handlers.append(handler)

    async def until(
        self, reached: Callable[[], bool], what: str, patience: Callable[[], float] = lambda: 0.0
    ) -> None:
        """Wait until `reached`; raise CommandFailed when the session fails or nothing comes in time.

        `patience`: seconds beyond the time limit, as of now.
        """
        while not reached():
            if self.ended:
                raise self._end(what)
            self._news = anyio.Event()
            limit_now = self._timeout + patience()
            with anyio.move_on_after(limit_now) as limit:
                await self._news.wait()
            if limit.cancelled_caught:
                raise self._failure(f"waited {limit_now:.3g} s for {what}")

    async def meanwhile(self, other: Callable[[], Awaitable[T]], what: str) -> T:
        """Wait for something else than the session; raise CommandFailed when the session ends first."""
        with anyio.CancelScope() as scope:
            self._meanwhile = scope
            if not self.ended:
                return await other()
        raise self._end(what)

    def _end(self, what: str) -> CommandFailed:
        return self._failure(self.failed or f"the session was closed before {what}")

    def _failure(self, why: str) -> CommandFailed:
        return CommandFailed(f"{why}; {self._trouble}" if self._trouble else why)

    def _on_event(self, t: float, event: Event) -> None:
        self._report.event(t, self.name, event)
        match event:
            case Failed(message=message):
                if self._gist in message:
                    self._trouble = ""
                self.failed, self.ended = message, True
                self._meanwhile.cancel()
            case Closed():
                self.ended = True
                self._meanwhile.cancel()
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


def chosen(arguments: argparse.Namespace, config: Config, kind: Kind) -> tuple[Offer, Options]:
    """Return the offer and its options as the arguments say, and where they say nothing, the named session.

    Raises UsageFault, UnknownModel or BadConfig.
    """
    table = SessionTable(kind)
    if arguments.session:
        if arguments.session not in config.sessions:
            raise UsageFault(f"{config.path}: there is no session {arguments.session!r}")
        table = config.sessions[arguments.session]
        if table.kind != kind:
            raise UsageFault(f"the session {arguments.session!r} is there to {table.kind}")
    if arguments.provider not in (None, table.provider):  # the rest are names and ranges of the other's
        table = SessionTable(
            kind,
            language=table.language,
            instructions=table.instructions,
            tools=table.tools,
            size=table.size,
            block=table.block,
        )
    given = {
        name: value
        for name in ("provider", "model", "voice", "language", "agent")
        if (value := getattr(arguments, name))
    }
    offer, options = openings.chosen(msgspec.structs.replace(table, **given))
    if kind == "converse":
        options = replace(options, speech=arguments.out is not None)
    if kind == "image":
        options = replace(options, png=arguments.out is not None and arguments.out.suffix.lower() == ".png")
    return offer, options


@asynccontextmanager
async def running_gateway(gateway: Gateway | None) -> AsyncIterator[Gateway]:
    """The gateway that was chosen, or the embedded one, started for as long as it is needed."""
    if gateway is not None:
        yield gateway
        return
    async with embedded_gateway() as running:
        yield Gateway(running.url, Secret(running.token), name=EMBEDDED_NAME)


@asynccontextmanager
async def open_session(arguments: argparse.Namespace, kind: Kind, report: Report) -> AsyncIterator[Running]:
    """Open a session as the arguments say, and wait until it is ready.

    Raises CommandFailed, UnknownModel, Lacking, BadConfig, BadAddress or GatewayNotStarted.
    """
    config, named = settings(arguments)
    offer, options = chosen(arguments, config, kind)
    if arguments.direct:
        config, named = config.with_direct(offer.provider, direct=True), named or NOWHERE
    async with running_gateway(named) as gateway:
        opening = prepare(config, gateway, offer, options, embedded=named is None)
        running = Running(arguments.run, kind, opening.codec(), report, arguments.timeout)
        running.block = options.block or running.block
        transport = Transport(config.network.ca)
        caught: CommandFailed | ImpossibleCommand | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.session.run, transport, opening.address)
            try:
                await running.until(
                    lambda: running.session.ready, f"the session with {opening.address.shown}"
                )
                yield running
                running.tell_trouble()
            except (CommandFailed, ImpossibleCommand) as error:
                caught = error  # leaving the group with it would wrap it
            tasks.cancel_scope.cancel()
        await transport.aclose()
        if caught:
            raise caught
