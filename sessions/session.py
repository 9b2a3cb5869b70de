"""One session's life: connect, ready, exchange, end.

One task owns the connection: it enters it, reads it and leaves it. Commands and events pass through the
codec; nothing here knows a provider.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import anyio

from sessions import failures
from sessions.commands import Command, Finish, ImpossibleCommand
from sessions.events import Closed, Connecting, Event, Failed, Opened, Problem, Ready
from sessions.gateway import Address
from sessions.providers.codec import Codec, Frame
from sessions.secrets import redact
from sessions.text import one_line
from sessions.transport import Connection, NotReached, Refused, Transport, TransportError

POLL_EVERY = 0.2
"""Seconds between looks for keep-alives and frames held back."""
MAX_WAITING = 8 * 1024 * 1024
"""Bytes of commands not yet on the wire, over which more are refused (about 4 minutes of microphone)."""
_ENOUGH_WAITING = 256 * 1024

OnEvent = Callable[[float, Event], None]
"""Takes the time (`time.monotonic`) and the event. It runs on the session's loop and must not block."""
OnFrame = Callable[[float, Literal["sent", "received"], Frame], None]
"""Takes each message as it is received, or when the network has taken it. It must not block either."""


class Session:
    """A session over one codec. Its end is told by a `Closed` or `Failed` event, the last of all."""

    def __init__(
        self, codec: Codec, on_event: OnEvent, ready_timeout: float, on_frame: OnFrame | None = None
    ) -> None:
        self.codec = codec
        self.ready = False
        self._on_event = on_event
        self._on_frame = on_frame
        self._ready_timeout = ready_timeout
        self._outbox: deque[Frame] = deque()
        self._waiting = 0
        self._outbox_filled = anyio.Event()
        self._outbox_drained = anyio.Event()
        self._finishing = False
        self._last_problem = ""

    async def run(self, transport: Transport, address: Address) -> None:
        """Live the whole life. Returns at its end; faults are events, not exceptions."""
        self._emit(Connecting(address.shown))
        try:
            async with transport.connect(address) as connection:
                end = await self._exchange(connection)
        except Refused as refused:
            self._emit(failures.of_refusal(refused))
            return
        except NotReached as error:
            self._emit(Failed(str(error), transient=error.transient))
            return
        ended = failures.of_end(
            end,
            ready=self.ready,
            # Where the provider says goodbye, a drop instead of it may have taken the rest of its work along.
            asked=self._finishing and not self.codec.finishes,
            meaning=self.codec.explain_close(getattr(end, "code", 0), getattr(end, "reason", "")),
            last_problem=self._last_problem,
        )
        for event in self.codec.closed(clean=not isinstance(ended, Failed)):
            self._emit(event)
        self._emit(ended)

    def send(self, command: Command) -> None:
        """Carry out a command, or raise ImpossibleCommand. What cannot leave at once waits its turn."""
        if not self.ready:
            raise ImpossibleCommand("the session is not open")
        if self._waiting > MAX_WAITING:
            raise ImpossibleCommand("the connection is too slow: too much is waiting to be sent")
        now = time.monotonic()
        self._put(self.codec.send(command, now))
        self._tell(self.codec.elapse(now))

    def finish(self) -> None:
        """End in good order, where the provider knows how; else as soon as all is sent."""
        if self._finishing or not self.ready:
            return
        if self.codec.finishes:
            self.send(Finish())
        self._finishing = True
        self._outbox_filled.set()

    async def drained(self) -> None:
        """Wait until little is waiting to be sent, for those who can send faster than the line."""
        while self._waiting > _ENOUGH_WAITING:
            self._outbox_drained = anyio.Event()
            await self._outbox_drained.wait()

    async def _exchange(self, connection: Connection) -> TransportError:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, connection)
            tasks.start_soon(self._poll)
            end = await self._read(connection)
            tasks.cancel_scope.cancel()
        return end

    async def _read(self, connection: Connection) -> TransportError:
        self._emit(Opened())
        if self.codec.ready_on_open:
            self._emit(Ready())
        self._put(self.codec.poll(time.monotonic()))  # some want a message before they greet
        try:
            with anyio.move_on_after(self._ready_timeout):
                while not self.ready:
                    self._receive(await connection.next_message())
            if not self.ready:
                return TransportError(f"connected, but nothing was heard for {self._ready_timeout:g} s")
            while True:
                self._receive(await connection.next_message())
        except TransportError as end:
            return end

    def _receive(self, frame: Frame) -> None:
        now = time.monotonic()
        if self._on_frame:
            self._on_frame(now, "received", frame)
        self._tell(self.codec.receive(frame, now))
        self._put(self.codec.poll(now))

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Problem):
                self._last_problem = one_line(redact(event.message or event.code))
            self._emit(event)

    def _emit(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready = True
        elif isinstance(event, (Closed, Failed)):
            self._release()
        self._on_event(time.monotonic(), event)

    def _release(self) -> None:
        """Nothing more can be sent: whoever waits for room must not wait for ever."""
        self.ready = False
        self._outbox.clear()
        self._waiting = 0
        self._outbox_drained.set()

    def _put(self, frames: list[Frame]) -> None:
        if frames:
            self._outbox.extend(frames)
            self._waiting += sum(len(frame) for frame in frames)
            self._outbox_filled.set()

    async def _write(self, connection: Connection) -> None:
        while True:
            while self._outbox:
                frame = self._outbox.popleft()
                try:
                    await connection.send_message(frame)
                except TransportError:
                    return  # the reader is told the same
                if self._on_frame:
                    self._on_frame(time.monotonic(), "sent", frame)
                self._waiting -= len(frame)
                self._outbox_drained.set()
            if self._finishing and (self.codec.finished or not self.codec.finishes):
                await connection.close()
                return
            self._outbox_filled = anyio.Event()
            await self._outbox_filled.wait()

    async def _poll(self) -> None:
        while True:
            await anyio.sleep(POLL_EVERY - time.monotonic() % POLL_EVERY)  # all sessions at once
            now = time.monotonic()
            self._tell(self.codec.elapse(now))
            self._put(self.codec.poll(now))
            if self.codec.finished:
                self._outbox_filled.set()
