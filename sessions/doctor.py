"""The doctor: what works here and what does not, each step timed. No secret is in any line of it."""

import importlib.util
import os
import socket
import ssl
import sys
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Literal
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import msgspec
from anyio.streams.tls import TLSStream

from sessions.audio import directory
from sessions.audio.devices import DEFAULT, WHAT, Device, Direction, NoDevice
from sessions.commands import SendAudio
from sessions.config import BadConfig, Config
from sessions.events import Closed, Event, Failed, Opened, Ready
from sessions.gateway import Address, BadAddress, Gateway
from sessions.local import PACKAGES
from sessions.openings import Lacking, Opening, prepare
from sessions.providers.catalogue import OFFERS, Offer
from sessions.providers.codec import Codec
from sessions.providers.routes import Options
from sessions.secrets import redact
from sessions.session import Session
from sessions.text import one_line
from sessions.transport import Transport

STEP_TIMEOUT = 10.0
_SILENCE = 0.2
"""Seconds of audio that a listening provider gets, so that it has something to answer."""

Outcome = Literal["ok", "failed", "skipped"]


class Check(msgspec.Struct, frozen=True):
    """One step. `seconds`: how long it took, where that tells something."""

    subject: str
    step: str
    outcome: Outcome
    detail: str = ""
    seconds: float | None = None


def terminal() -> Iterator[Check]:
    """Look at the terminal."""
    size = os.get_terminal_size() if sys.stdout.isatty() else None
    where = "over SSH" if os.environ.get("SSH_CONNECTION") else "local"
    inside = ", inside tmux" if os.environ.get("TMUX") else ""
    if size is None:
        yield Check("terminal", "screen", "skipped", "standard output is no terminal")
        return
    fits = size.columns >= 80 and size.lines >= 24
    term = os.environ.get("TERM", "TERM is not set")
    detail = f"{size.columns}x{size.lines}, {term}, {colours(os.environ)}, {where}{inside}"
    yield Check(
        "terminal", "screen", "ok" if fits else "failed", detail if fits else f"{detail}; 80x24 is wanted"
    )


def colours(environment: Mapping[str, str]) -> str:
    """How many colours the deck takes the terminal to have."""
    if "NO_COLOR" in environment:
        return "no colours (NO_COLOR)"
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "all colours"
    many = environment.get("TERM", "").endswith(("-256color", "-kitty"))
    return f"{256 if many else 16} colours (COLORTERM=truecolor where it has all)"


def audio() -> Iterator[Check]:
    """Look for microphone and speaker. Blocks. Many a remote machine has none, which is no fault of it."""
    begun = time.monotonic()
    found = directory.look()
    took = time.monotonic() - begun
    directions: tuple[Direction, ...] = ("input", "output")
    for direction in directions:
        try:
            endpoint = found.resolve(DEFAULT, direction)
        except NoDevice as error:
            yield Check("audio", WHAT[direction], "skipped", str(error))
            continue
        detail = f", {endpoint.detail}" if isinstance(endpoint, Device) else ""
        yield Check("audio", WHAT[direction], "ok", f"{directory.name_of(endpoint)}{detail}", took)


def engines() -> Iterator[Check]:
    """Look for the packages of the embedded gateway."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        yield Check("engines", "packages", "failed", f"no {', '.join(missing)}: pip install 'voxdeck[local]'")
    else:
        yield Check("engines", "packages", "ok", "all there")


async def providers(config: Config, gateway: Gateway, *, embedded: bool) -> AsyncGenerator[Check]:
    """Try every offer by the gateway, and (where it is a real one) directly too."""
    transport = Transport(config.network.ca)
    try:
        seen: set[str] = set()
        for offer in OFFERS:
            options = Options(offer.models[0], agent=_agent(config, offer))
            for direct in (False, True):
                model = offer.models[0].rpartition("/")[2]
                subject = f"{offer.provider} {model} {'direct' if direct else 'by gateway'}"
                if (direct and (embedded or not offer.direct)) or subject in seen:
                    continue
                seen.add(subject)
                way = config.with_direct(offer.provider, direct=direct)
                try:
                    opening = prepare(way, gateway, offer, options, embedded=embedded)
                except Lacking as lack:
                    yield Check(subject, "setup", "skipped", str(lack))
                    continue
                except (BadConfig, BadAddress) as error:
                    yield Check(subject, "setup", "failed", str(error))
                    continue
                async with aclosing(_try(subject, opening, transport)) as checks:
                    async for check in checks:
                        yield check
    finally:
        await transport.aclose()


def _agent(config: Config, offer: Offer) -> str:
    """The first of the provider's agents that the configuration names."""
    tables = config.sessions.values()
    return next((table.agent for table in tables if table.provider == offer.provider and table.agent), "")


async def _try(subject: str, opening: Opening, transport: Transport) -> AsyncGenerator[Check]:
    async with aclosing(_reach(subject, opening.address)) as checks:
        async for check in checks:
            yield check
            if check.outcome == "failed":
                return
    async with aclosing(_open(subject, opening, transport)) as checks:
        async for check in checks:
            yield check


async def _reach(subject: str, address: Address) -> AsyncGenerator[Check]:
    """DNS, TCP, TLS: each on its own, as a session would do them."""
    parts = urlsplit(address.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    begun = time.monotonic()
    try:
        with anyio.fail_after(STEP_TIMEOUT):
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        yield Check(subject, "dns", "failed", f"{host}: {_why(error)}")
        return
    yield Check(subject, "dns", "ok", str(found[0][4][0]), time.monotonic() - begun)
    begun = time.monotonic()
    try:
        with anyio.fail_after(STEP_TIMEOUT):
            stream = await anyio.connect_tcp(str(found[0][4][0]), port)
    except (OSError, TimeoutError) as error:
        yield Check(subject, "tcp", "failed", _why(error))
        return
    async with stream:
        yield Check(subject, "tcp", "ok", "", time.monotonic() - begun)
        if parts.scheme != "wss":
            return
        begun = time.monotonic()
        try:
            with anyio.fail_after(STEP_TIMEOUT):
                await TLSStream.wrap(stream, hostname=host, standard_compatible=False)
        except (ssl.SSLError, OSError, TimeoutError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            yield Check(subject, "tls", "failed", _why(error))
            return
        yield Check(subject, "tls", "ok", "", time.monotonic() - begun)


async def _open(subject: str, opening: Opening, transport: Transport) -> AsyncGenerator[Check]:
    """Upgrade, first provider message, close."""
    codec = opening.codec()
    events: list[tuple[float, Event]] = []
    session = Session(codec, lambda t, event: events.append((t, event)), STEP_TIMEOUT)
    begun = time.monotonic()
    with anyio.move_on_after(3 * STEP_TIMEOUT):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.run, transport, opening.address)
            await _say_goodbye(session, codec, events)
    for step, kind in (("upgrade", Opened), ("ready", Ready)):
        at = next((t for t, event in events if isinstance(event, kind)), None)
        if at is not None:
            detail = _credentials(opening.address) if step == "upgrade" else _told_by(codec)
            yield Check(subject, step, "ok", detail, at - begun)
    last = events[-1][1] if events else None
    match last:
        case Closed(code=code):
            yield Check(subject, "close", "ok", f"code {code}")
        case Failed(message=message, code=code):
            yield Check(subject, "close", "failed", message)
        case _:
            yield Check(subject, "close", "failed", f"it did not close within {3 * STEP_TIMEOUT:.0f} s")


async def _say_goodbye(session: Session, codec: Codec, events: list[tuple[float, Event]]) -> None:
    while not any(isinstance(event, (Ready, Closed, Failed)) for _, event in events):  # noqa: ASYNC110
        await anyio.sleep(0.01)
    if session.ready:
        if codec.kind == "transcribe" and codec.input_rate:
            session.send(SendAudio(bytes(2 * int(codec.input_rate * _SILENCE))))
        session.finish()


def _told_by(codec: Codec) -> str:
    return "the open socket is all there is" if codec.ready_on_open else "the provider's first message"


def _credentials(address: Address) -> str:
    """Which forms the credentials took; never what they are."""
    forms = [
        name for name in ("cf-aig-authorization", "Authorization", "xi-api-key") if name in address.headers
    ]
    parts = [f"header {name}" for name in forms]
    parts += [f"subprotocol {name.partition('.')[0]}" for name in address.subprotocols]
    parts += [f"query {name}" for name in ("api_key", "key") if f"{name}=" in urlsplit(address.url).query]
    return ", ".join(parts) or "no credentials"


def _why(error: BaseException) -> str:
    return one_line(redact(str(error) or type(error).__name__)).lower()


async def in_thread(checks: Iterator[Check]) -> list[Check]:
    return await anyio.to_thread.run_sync(list, checks)
