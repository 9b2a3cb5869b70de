"""A session and its connections, one after the other: what is sent, what comes, and what is measured."""

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import replace

import anyio

from sessions.audio.pcm import BYTES_PER_SAMPLE
from sessions.commands import (
    AnswerToolCall,
    CancelAnswer,
    Clear,
    Command,
    Finalize,
    Forget,
    ImpossibleCommand,
    MakeImage,
    SendAudio,
    SendText,
    Speak,
    Truncate,
)
from sessions.config import SessionTable
from sessions.events import (
    Closed,
    Connecting,
    Event,
    Failed,
    GoingAway,
    Malformed,
    Problem,
    Raw,
    Ready,
    Warned,
)
from sessions.live.retry import Retry
from sessions.openings import Opening
from sessions.providers.catalogue import Offer
from sessions.providers.prices import price_of
from sessions.secrets import redact
from sessions.session import Session
from sessions.state.cost import Meter
from sessions.state.journal import Journal
from sessions.state.log import Entry
from sessions.state.snapshot import Phase
from sessions.state.timing import Timing
from sessions.text import one_line
from sessions.transport import Transport

logger = logging.getLogger(__name__)

READY_TIMEOUT = 15.0
"""Seconds for the provider's first message. The embedded gateway's engines load in the first few."""

_OF_ITS_CONNECTION = (SendAudio, Finalize, Clear, CancelAnswer, Truncate, AnswerToolCall, Forget)
"""What has no meaning on another connection than the one that was there when it was asked for."""
_WISHES = (Speak, SendText, MakeImage)
"""What a user wants whether or not the session is open: a closed one is opened for it."""
_WISHED_FOR = "F5, or what you type or say,"


class ConnectedSession(ABC):
    """Connects, and connects anew when the connection breaks or its user asks for it."""

    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str) -> None:
        self.name, self.table, self.offer, self.model = name, table, offer, model
        self.charged = True
        """Whether anything has to be paid for."""
        self.log: list[Entry] = []
        self.phase: Phase = "connecting"
        self.notice = ""
        self.ready_after: float | None = None
        self.retry = Retry()
        self.journal = Journal()
        self.timing = Timing()
        self.meter = Meter()
        self._session: Session | None = None
        self._used = False
        """Something was asked of the present connection."""
        self._waiting: list[Command] = []
        self._connecting_since = 0.0
        self._reopen = anyio.Event()

    async def run(self, transport: Transport, opening: Opening) -> None:
        """Keep the session until cancelled."""
        while True:
            self._reopen = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._live, transport, opening)
                await self._reopen.wait()
                tasks.cancel_scope.cancel()

    def send(self, command: Command) -> None:
        """Send now, or when the session is open. Raises ImpossibleCommand when it has ended."""
        now = time.monotonic()
        if self._session is not None and self._session.ready:
            self._used = True
            self._session.send(command)
            self.meter.sent(command)
        elif self.phase == "closed" and isinstance(command, _WISHES):
            self.start_over()  # many providers close what is idle
            self._waiting.append(command)
        elif self.phase not in ("connecting", "retrying"):
            raise ImpossibleCommand("the session is closed: F5 reconnects")
        elif isinstance(command, _OF_ITS_CONNECTION):
            raise ImpossibleCommand("the session is not open yet")
        else:
            self._waiting.append(command)
        self.timing.asked(command, now)

    def send_audio(self, pcm: bytes) -> None:
        """Send audio at the codec's rate; without a connection it is dropped. Raises ImpossibleCommand."""
        if self._session is None or not self._session.ready:
            return
        self._used = True
        self._session.send(SendAudio(pcm))
        seconds = len(pcm) / BYTES_PER_SAMPLE / (self._session.codec.input_rate or 1)
        self.meter.heard(seconds)
        self.timing.heard(seconds, time.monotonic())

    def fail(self, message: str) -> None:
        """The session cannot even be tried."""
        self._on_event(time.monotonic(), Failed(message))

    @property
    def cost(self) -> float | None:
        """US dollars so far; none where a price is not known."""
        return self.meter.cost if self.charged else 0.0

    @abstractmethod
    def apply(self, event: Event, t: float) -> None:
        """Fold an event into the state of this kind."""

    @abstractmethod
    def opened(self) -> None:
        """The session is ready, and what waited has been sent."""

    @abstractmethod
    def ended(self) -> None:
        """There is no connection any more."""

    def let_go(self, why: str) -> None:
        """From here on the connection is nobody's."""
        if self.phase == "ready":
            closed, now = Closed(1000, why), time.monotonic()
            self.timing.apply(closed, now)
            self.apply(closed, now)
        self._session = None
        self.retry.begin_anew()
        self.ended()

    def start_over(self) -> None:
        """Connect now. What is asked for from here on waits for the new connection."""
        self.let_go("to reconnect")
        self.phase, self.notice = "connecting", ""
        self._reopen.set()

    async def _live(self, transport: Transport, opening: Opening) -> None:
        while True:
            await self._live_once(transport, opening)
            if self.retry.at is None:
                return
            await anyio.sleep(self.retry.at - time.monotonic())

    async def _live_once(self, transport: Transport, opening: Opening) -> None:
        def on_event(t: float, event: Event) -> None:
            if session is self._session:
                self._on_event(t, event)

        codec = opening.offer.codec(replace(opening.options, handle=self.retry.handle))
        session = self._session = Session(codec, on_event, READY_TIMEOUT, self.journal.add)
        self.meter.price = price_of(self.offer.provider, self.model, self.table.language)
        try:
            await session.run(transport, opening.address)
        except Exception:
            logger.exception("session %s", self.name)
            self.fail("an internal fault ended the session; the log file has the details. F5 reconnects")

    def _on_event(self, t: float, event: Event) -> None:
        self.retry.apply(event, t)
        self.timing.apply(event, t)
        self.meter.apply(event)
        was_ready = self.phase == "ready"
        # Where the session was not ready, nothing was under way, and what waits goes on waiting.
        if was_ready or not isinstance(event, (Closed, Failed)):
            self.apply(event, t)
        match event:
            case Connecting():
                self.phase, self.notice, self._connecting_since = "connecting", "", t
            case Ready():
                self._ready(t)
            case Closed(code=code, reason=reason):
                said = f"closed ({code}{': ' + reason if reason else ''})"
                self._ended("closed", said, broke=was_ready)
            case Failed(message=message):
                logger.info("%s: %s", self.name, redact(message))
                self._ended("failed", message, broke=was_ready)
            case Problem(code=code, message=message) | Warned(code=code, message=message):
                self.log.append(Entry("fault", one_line(redact(f"{message} ({code})" if message else code))))
            case GoingAway(time_left=left):
                when = "soon" if left is None else f"in {left:.0f} s"
                self.log.append(
                    Entry("note", f"the provider ends this connection {when}; it is made anew then")
                )
            case Malformed(why=why, size=size):
                logger.warning("%s: unreadable frame of %d bytes: %s", self.name, size, redact(why))
            case Raw(kind=kind):
                logger.info("%s: unknown message %r", self.name, redact(kind)[:80])
            case _:
                pass

    def _ready(self, t: float) -> None:
        self.phase, self.ready_after = "ready", t - self._connecting_since
        if (broken_at := self.retry.broken_at) is not None:
            self.retry.broken_at = None
            anew = "; the provider begins a new conversation" if self.offer.kind == "converse" else ""
            how = ", where it was" if self.retry.handle else anew
            self.log.append(Entry("note", f"connected again after {t - broken_at:.0f} s{how}"))
        self._used = False
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            try:
                self.send(command)
            except ImpossibleCommand as error:
                self.log.append(Entry("fault", f"what waited was not sent: {error}"))
        self.opened()

    def _ended(self, phase: Phase, why: str, *, broke: bool) -> None:
        if broke and not self._used and not self.retry.handle and self.retry.at is not None:
            # Many providers end what is idle: to connect again each time would go on for ever.
            self.retry.leave_it()
            phase, why = "closed", f"idle; {why}"
        if self.retry.at is None:
            advice = f"{_WISHED_FOR} opens it again" if phase == "closed" else "F5 reconnects"
            self.phase, self.notice = phase, why if "F5" in why else f"{why}; {advice}"
        else:
            self.phase, self.notice = "retrying", f"{why}; F5 reconnects at once"
            if broke:
                self.log.append(Entry("note", f"the connection broke: {why}"))
        self.ended()
