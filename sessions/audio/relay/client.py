"""The deck's side: a microphone and a speaker that are on a laptop, behind a forwarded socket."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import anyio

from sessions.audio.pcm import samples_of
from sessions.audio.relay.clock import PeerClock
from sessions.audio.relay.discovery import RelayAddress, discard, set_aside, sockets_of
from sessions.audio.relay.door import WRONG_TOKEN_DELAY, new_token
from sessions.audio.relay.link import PATIENCE, PING_EVERY, Link, Lost
from sessions.audio.relay.supply import Supply
from sessions.audio.relay.wire import (
    VERSION,
    WIRE_RATE,
    Bye,
    Captured,
    Credit,
    FromRelay,
    Hello,
    Ping,
    Pong,
    Refused,
    Trouble,
    Use,
    Welcome,
    from_relay,
    micros,
)
from sessions.audio.streams import Feed, Playable
from sessions.text import one_line

RETRY_EVERY = 0.5
_GOODBYE_LIMIT = 0.2

State = Literal["connecting", "connected", "lost"]


class RelayRefused(Exception):
    """The relay does not want this deck, or has ended; the message is one line."""


class RelayClient:
    """One connection to a relay, shared by its microphone and its speaker. It can be run again.

    While it is lost the mixer is not pulled, so that playback waits, and nothing is fed.
    `on_state` takes a line to show whenever something has changed.
    """

    def __init__(
        self, address: RelayAddress, feed: Feed, playable: Playable, on_state: Callable[[str], None]
    ) -> None:
        self.address = address
        self.state: State = "connecting"
        self.name = ""
        """What the laptop calls itself."""
        self.input_name, self.output_name = "", ""
        """Its devices; empty where there is none."""
        self.trouble = ""
        """What is wrong with its devices, in one line."""
        self.underruns = self.gaps = 0
        """Times that its speaker got nothing in time; that some of its microphone's sound was lost."""
        self._feed, self._playable, self._on_state = feed, playable, on_state
        self._key = new_token()
        self._input = self._output = False
        self._wanted = anyio.Event()
        self._lost_at: float | None = None
        self._clock = PeerClock()
        self._supply: Supply | None = None
        self._expected: int | None = None
        self._earlier_underruns = 0

    @property
    def has_input(self) -> bool:
        return bool(self.input_name)

    @property
    def has_output(self) -> bool:
        return bool(self.output_name)

    @property
    def lost_for(self) -> float:
        """Seconds since the connection was lost; 0 while it is not."""
        return 0.0 if self._lost_at is None else time.monotonic() - self._lost_at

    @property
    def round_trip(self) -> float:
        """Seconds to the laptop and back; 0 while unknown."""
        return self._clock.round_trip

    def capture(self, *, on: bool) -> None:
        """Open or close the laptop's microphone, now or as soon as it is connected."""
        self._input = on
        self._wanted.set()

    def play(self, *, on: bool) -> None:
        """Open or close the laptop's speaker, which pulls the mixer."""
        self._output = on
        self._wanted.set()

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled. Raises RelayRefused."""
        while True:
            try:
                with await self._open() as link:
                    await self._talk(link)
            except OSError:
                pass  # there is no tunnel, or nothing behind it
            except Lost as error:
                if self.state == "connected":
                    self._become_lost()
                    self._on_state(f"the relay is lost: {error}; run the same ssh command again")
            await anyio.sleep(RETRY_EVERY)

    async def _open(self) -> Link:
        """Connect. Raises OSError."""
        address = self.address
        if address.path is None:
            return Link(*await asyncio.open_connection(address.host, address.port))
        for path in sockets_of(address.path):
            try:
                link = Link(*await asyncio.open_unix_connection(path))
            except ConnectionRefusedError:
                discard(path)
            else:
                set_aside(path)
                return link
        raise ConnectionRefusedError

    async def _talk(self, link: Link) -> None:
        """Greet, then listen until the connection is over. Raises Lost or RelayRefused."""
        welcome = await self._greet(link)
        self._become_connected(welcome)
        end: Lost | RelayRefused
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tell_wishes, link)
            try:
                while True:
                    await self._take(link, await link.receive(from_relay))
            except (Lost, RelayRefused) as error:
                end = error  # leaving the group with it would wrap it
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True), anyio.move_on_after(_GOODBYE_LIMIT), suppress(Lost):
                    await link.send(Bye())
                self.state, self._supply = "connecting", None
                raise
            tasks.cancel_scope.cancel()
        raise end

    async def _greet(self, link: Link) -> Welcome:
        sent = time.monotonic()
        await link.send(Hello(VERSION, self.address.token.reveal(), self._key.reveal()))
        answer = await link.receive(from_relay, PATIENCE + WRONG_TOKEN_DELAY)
        if isinstance(answer, Refused):
            raise RelayRefused(one_line(answer.reason))
        if not isinstance(answer, Welcome):
            raise Lost("the relay did not greet")
        link.trust()
        self._clock = PeerClock()
        self._clock.answered(sent, answer.now / 1e6, time.monotonic())
        return answer

    def _become_connected(self, welcome: Welcome) -> None:
        self.state, self._lost_at, self.trouble = "connected", None, ""
        self.name = one_line(welcome.name, 60)
        self.input_name, self.output_name = one_line(welcome.input, 60), one_line(welcome.output, 60)
        self._supply = Supply(self._playable)
        self._expected = None
        self._earlier_underruns = self.underruns
        self._on_state(f"connected to {self.name}")

    def _become_lost(self) -> None:
        self.state, self._lost_at, self._supply = "lost", time.monotonic(), None

    async def _tell_wishes(self, link: Link) -> None:
        """Tell which devices are wanted, at once and when it changes, and ping in between."""
        told = Use(input=False, output=False)
        pinged = -PING_EVERY
        with suppress(Lost):  # whoever receives notices as well
            while True:
                self._wanted = anyio.Event()
                wish = Use(self._input, self._output)
                if wish != told:
                    await link.send(wish)
                    told = wish
                elif time.monotonic() - pinged >= PING_EVERY:
                    pinged = time.monotonic()
                    await link.send(Ping(micros(pinged)))
                else:
                    with anyio.move_on_after(pinged + PING_EVERY - time.monotonic()):
                        await self._wanted.wait()

    async def _take(self, link: Link, message: FromRelay) -> None:
        match message:
            case Credit():
                self.underruns = self._earlier_underruns + message.underruns
                if self._output and self._supply:
                    answer = self._supply.answer(message, self._clock.local(message.at / 1e6))
                    if answer:
                        await link.send(*answer)
            case Captured():
                self._hear(message)
            case Pong():
                self._clock.answered(message.sent / 1e6, message.now / 1e6, time.monotonic())
            case Trouble():
                self.trouble = one_line(message.line)
                self._on_state(self.trouble or f"connected to {self.name}")
            case Refused():
                self._become_lost()
                raise RelayRefused(one_line(message.reason))
            case Welcome():
                raise Lost("the relay greeted twice")

    def _hear(self, captured: Captured) -> None:
        samples = samples_of(captured.pcm)
        self.gaps += self._expected is not None and captured.frame != self._expected
        self._expected = captured.frame + samples.size
        if self._input and samples.size:
            self._feed(samples, WIRE_RATE, self._clock.local(captured.at / 1e6))
