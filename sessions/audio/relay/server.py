"""The relay on the laptop: lets one deck in, and serves it."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import anyio

from sessions.audio.relay.door import WRONG_TOKEN_DELAY, Door, Refusal, WrongToken
from sessions.audio.relay.link import Link, Lost
from sessions.audio.relay.offer import Offer
from sessions.audio.relay.service import Service
from sessions.audio.relay.wire import Hello, Refused, from_deck
from sessions.secrets import Secret

_TELL_AFTER = 5
_GOODBYE_LIMIT = 0.2
_ENDED = "the relay on the laptop has ended"


class Relay:
    """Serves an offer to the deck that shows the token. `tell` takes lines for the relay's user."""

    def __init__(self, offer: Offer, token: Secret, tell: Callable[[str], None]) -> None:
        self._offer, self._tell = offer, tell
        self._door = Door(token)
        self._connected: anyio.CancelScope | None = None
        self._lost_at = time.monotonic()
        self._over = anyio.Event()

    async def serve(self, listening: socket.socket) -> None:
        """Serve on a bound socket, which is closed in the end, until cancelled."""
        async with anyio.create_task_group() as tasks:

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.start_soon(self._meet, Link(reader, writer))

            server = await asyncio.start_server(connected, sock=listening)
            try:
                await anyio.sleep_forever()
            finally:
                server.close()

    async def _meet(self, link: Link) -> None:
        with link, suppress(Lost):  # somebody looked whether we are here, or does not speak our language
            hello = await link.receive(from_deck)
            if not isinstance(hello, Hello):
                raise Lost("no greeting")
            try:
                self._door.admit(hello, lost_for=self._lost_for())
            except Refusal as refusal:
                await self._refuse(link, refusal)
            else:
                await self._host(link)

    def _lost_for(self) -> float | None:
        """Seconds since a deck was connected; none while one is."""
        return None if self._connected else time.monotonic() - self._lost_at

    async def _refuse(self, link: Link, refusal: Refusal) -> None:
        wrong = isinstance(refusal, WrongToken)
        if not wrong or self._door.wrong <= _TELL_AFTER:  # nobody is to flood the terminal
            self._tell(f"refused a client: {refusal}")
        if wrong:
            if self._door.wrong == _TELL_AFTER:
                self._tell(f"{_TELL_AFTER} wrong tokens were shown: somebody else may be trying to get in")
            await anyio.sleep(WRONG_TOKEN_DELAY)
        await link.send(Refused(str(refusal)))

    async def _host(self, link: Link) -> None:
        """Serve the deck that was let in. When it comes anew, its older connection is a dead one."""
        link.trust()
        while self._connected is not None:
            self._connected.cancel()
            await self._over.wait()
        self._over = anyio.Event()
        self._tell("connected")
        service = Service(link, self._offer, self._tell)
        why = "its owner connected anew"
        try:
            with anyio.CancelScope() as scope:
                self._connected = scope
                try:
                    why = await service.run()
                except anyio.get_cancelled_exc_class():
                    if not scope.cancel_called:
                        await _dismiss(link)
                    raise
        finally:
            self._connected, self._lost_at = None, time.monotonic()
            self._over.set()
        if service.finished and not scope.cancel_called:
            self._door.hand_back()
            self._tell("the deck has ended; waiting for the next")
        else:
            self._tell(f"lost: {why}; waiting for the deck, after the same ssh command")


async def _dismiss(link: Link) -> None:
    """Tell the deck that the relay ends, so that it does not wait for it."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(_GOODBYE_LIMIT), suppress(Lost):
        await link.send(Refused(_ENDED))
