"""Microphone and speaker as sessions see them: always there, whatever becomes of the device behind.

Each keeps open what was chosen. What vanishes is said, another takes its place where there is one, and what
was chosen is used again as soon as it is back.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import anyio
import anyio.to_thread

from sessions.audio import streams
from sessions.audio.devices import DEFAULT, Device, Direction, NoDevice
from sessions.audio.directory import Directory, Endpoint, name_of, route
from sessions.audio.mixer import Mixer
from sessions.audio.modes import Route
from sessions.audio.pcm import RATE
from sessions.audio.relay.discovery import RelayAddress
from sessions.audio.streams import Feed, Stream

RETRY_EVERY = 1.0
"""Seconds between looks for a device that is gone. Each costs 0.2 s of a processor."""
_HUSH = 0.02
"""Seconds in which what sounds fades."""
_WATCH_EVERY = 0.1
_IDLE = 0.2
"""Seconds from pull to pull where there is no speaker and nothing to say: each wakes the machine."""

Connected = Callable[[], str]
"""Returns what is wrong now with a relay's connection; empty while it is connected."""


class Host(ABC):
    """What the ports need of the manager that they belong to."""

    @abstractmethod
    async def directory(self) -> Directory:
        """Look what there is now."""

    @abstractmethod
    async def make_known(self, device: Device) -> None:
        """See to it that this process' PortAudio knows the device."""

    @abstractmethod
    def relay(self, address: RelayAddress, direction: Direction) -> AbstractAsyncContextManager[Connected]:
        """Use one side of a relay. Raises NoDevice when refused, from the function yielded as well."""


class Port(ABC):
    """Keeps one direction open. Lives on one event loop."""

    direction: Direction
    WAITS: str
    """What is said of one that is gone, behind what is wrong."""
    WITHOUT: str
    """And where there is none."""

    def __init__(self, host: Host, chosen: str) -> None:
        self.chosen = chosen
        self.name = ""
        self.route: Route = "none"
        self.notice = ""
        self.live = False
        """A device or a relay is open."""
        self.lost = False
        """There was one, and sound waits for it."""
        self._host = host
        self._stream: Stream | None = None
        self._xruns = 0
        self._had_device = False
        self._changed = anyio.Event()

    @property
    def xruns(self) -> int:
        """Times that a device lost sound or got none in time."""
        return self._xruns + (self._stream.xruns if self._stream else 0)

    def choose(self, wanted: str) -> None:
        self.chosen, self._had_device = wanted, False
        self.reopen()

    def reopen(self) -> None:
        """Begin anew with what there is now."""
        self._changed.set()

    async def run(self) -> None:
        """Keep it open until cancelled."""
        while True:
            self._changed = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep)
                await self._changed.wait()
                tasks.cancel_scope.cancel()

    @abstractmethod
    def open_device(self, device: Device) -> AbstractAsyncContextManager[Stream]:
        """Open a device of this machine. Raises NoDevice."""

    @abstractmethod
    async def stand_in(self) -> None:
        """Do until cancelled what is done where there never was a device."""

    @abstractmethod
    async def rest(self) -> None:
        """Do until cancelled what is done where none is wanted."""

    def opened(self) -> None:  # noqa: B027 - a microphone has nothing to do then
        """A device or a relay is open."""

    async def before_close(self) -> None:  # noqa: B027 - as above
        """It is about to be closed."""

    async def _keep(self) -> None:
        while True:
            directory = await self._host.directory()
            notices: list[str] = []
            for wanted in dict.fromkeys((self.chosen, DEFAULT)):
                try:
                    endpoint = await anyio.to_thread.run_sync(directory.resolve, wanted, self.direction)
                    await self._use(endpoint, wanted, notices)
                except NoDevice as error:
                    notices.append(str(error))
                else:
                    break  # it was open, and has ended
            else:
                await self._do_without(notices)

    async def _use(self, endpoint: Endpoint, wanted: str, notices: list[str]) -> None:
        """Use an endpoint until it ends, or what was chosen is back. Raises NoDevice."""
        if endpoint is None:
            self._tell(endpoint, "")
            await self.rest()
        elif isinstance(endpoint, RelayAddress):
            await self._use_relay(endpoint)
        else:
            await self._use_device(endpoint, wanted, notices)

    async def _use_device(self, device: Device, wanted: str, notices: list[str]) -> None:
        await self._host.make_known(device)
        async with self.open_device(device) as stream:
            self._stream, self._had_device = stream, True
            self.live, self.lost = True, False
            self.opened()
            why = f"{notices[0]}: {name_of(device)} is used meanwhile" if notices else ""
            self._tell(device, why)
            try:
                async with anyio.create_task_group() as tasks:
                    if wanted != self.chosen:
                        tasks.start_soon(partial(self._until_back, tasks.cancel_scope, absent=False))
                    await stream.until_dead()
                    tasks.cancel_scope.cancel()
            finally:
                with anyio.CancelScope(shield=True):
                    await self.before_close()
                self._xruns, self._stream, self.live = self.xruns, None, False
        self.lost, self.notice = True, f"{name_of(device)} is gone"

    async def _until_back(self, scope: anyio.CancelScope, *, absent: bool) -> None:
        """Cancel when what is chosen can be found again. `absent`: it is known that it cannot be now."""
        while True:
            await anyio.sleep(RETRY_EVERY)
            directory = await self._host.directory()
            try:
                await anyio.to_thread.run_sync(directory.resolve, self.chosen, self.direction)
            except NoDevice:
                absent = True
            else:
                if absent:
                    scope.cancel()

    async def _use_relay(self, address: RelayAddress) -> None:
        async with self._host.relay(address, self.direction) as problem:
            self.opened()
            try:
                while True:
                    trouble = problem()
                    self._had_device = self._had_device or not trouble
                    self.live, self.lost = not trouble, bool(trouble)
                    self._tell(address, trouble)
                    await anyio.sleep(_WATCH_EVERY)
            finally:
                with anyio.CancelScope(shield=True):
                    await self.before_close()
                self.live = False

    async def _do_without(self, notices: list[str]) -> None:
        """Wait for a device that was there or was chosen; else stand in for it."""
        self.lost = self._had_device
        self.name, self.route = ("" if self.lost else "none"), "none"
        self.notice = notices[0] + (self.WAITS if self.lost else self.WITHOUT)
        async with anyio.create_task_group() as tasks:
            if self.lost or self.chosen != DEFAULT:
                tasks.start_soon(partial(self._until_back, tasks.cancel_scope, absent=self.lost))
            await (anyio.sleep_forever() if self.lost else self.stand_in())

    def _tell(self, endpoint: Endpoint, notice: str) -> None:
        self.name, self.route, self.notice = name_of(endpoint), route(endpoint), notice


class Speaker(Port):
    direction: Direction = "output"
    WAITS = "; speech waits for it"
    WITHOUT = ": speech goes nowhere, F6 chooses one"

    def __init__(self, host: Host, chosen: str, mixer: Mixer) -> None:
        super().__init__(host, chosen)
        self._mixer = mixer

    def open_device(self, device: Device) -> AbstractAsyncContextManager[Stream]:
        return streams.speaker(device, self._mixer)

    def opened(self) -> None:
        self._mixer.held = False

    async def before_close(self) -> None:
        """Speech stops where it can go on, softly, and what the device still has is heard."""
        self._mixer.held = True
        if self._changed.is_set():
            await anyio.sleep(streams.LATENCY + _HUSH)

    async def stand_in(self) -> None:
        await self.rest()

    async def rest(self) -> None:
        """Put out nowhere, at real pace, so that progress and account are those of a real device."""
        self._mixer.held = False
        start, done = time.monotonic(), 0
        try:
            while True:
                due = int((time.monotonic() - start) * RATE)
                # After a stall of the machine the missed time is made up for, as with a device's buffer.
                self._mixer.anchor(self._mixer.pulled, start + done / RATE)
                self._mixer.pull(due - done)
                done = due
                idle = _IDLE - time.monotonic() % _IDLE  # with the engine's views
                await anyio.sleep(idle if self._mixer.idle else streams.BLOCK * 2)
        finally:
            self._mixer.held = True


class Microphone(Port):
    """`play_instead` runs where there is no device and never was one: a recording, say."""

    direction: Direction = "input"
    WAITS = "; nothing is heard until it is back"
    WITHOUT = ": F6 chooses one"

    def __init__(
        self, host: Host, chosen: str, feed: Feed, play_instead: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(host, chosen)
        self._feed = feed
        self._play_instead = play_instead

    def open_device(self, device: Device) -> AbstractAsyncContextManager[Stream]:
        return streams.microphone(device, self._feed)

    async def stand_in(self) -> None:
        await self._play_instead()

    async def rest(self) -> None:
        await anyio.sleep_forever()
