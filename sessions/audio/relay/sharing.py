"""One connection to a relay, for whoever uses its microphone or its speaker."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import TaskGroup

from sessions.audio.devices import WHAT, Direction, NoDevice
from sessions.audio.relay.client import RelayClient, RelayRefused
from sessions.audio.relay.discovery import RelayAddress
from sessions.audio.streams import Feed, Playable


class SharedRelay:
    """Connected as long as either side is used."""

    def __init__(self, address: RelayAddress, feed: Feed, playable: Playable) -> None:
        self.address = address
        self._client = RelayClient(address, feed, playable, self._tell)
        self._line = ""
        self._refusal = ""
        self._users: set[Direction] = set()
        self._scope = anyio.CancelScope()

    @contextmanager
    def used_for(self, direction: Direction, tasks: TaskGroup) -> Iterator[None]:
        """Use one side; `tasks` runs the connection."""
        if not self._users:
            self._refusal, self._scope = "", anyio.CancelScope()
            tasks.start_soon(self._run)
        self._users.add(direction)
        self._want(direction, on=True)
        try:
            yield
        finally:
            self._want(direction, on=False)
            self._users.discard(direction)
            if not self._users:
                self._scope.cancel()

    def problem(self, direction: Direction) -> str:
        """Return what is wrong now; empty while all is well. Raises NoDevice when the relay refuses."""
        client = self._client
        if self._refusal:
            raise NoDevice(self._refusal)
        if client.state == "connecting":
            return f"connecting to the {self.address.shown}"
        if client.state == "lost":
            return self._line
        if not (client.has_input if direction == "input" else client.has_output):
            raise NoDevice(f"the {self.address.shown} has no {WHAT[direction]}")
        return client.trouble

    async def _run(self) -> None:
        with self._scope:
            try:
                await self._client.run()
            except RelayRefused as error:
                self._refusal = str(error)

    def _want(self, direction: Direction, *, on: bool) -> None:
        if direction == "input":
            self._client.capture(on=on)
        else:
            self._client.play(on=on)

    def _tell(self, line: str) -> None:
        self._line = line
