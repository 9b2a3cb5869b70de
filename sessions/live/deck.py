"""Everything that runs behind the screen, on one event loop: gateway, sound and sessions."""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskGroup

from sessions.audio import settings
from sessions.audio.devices import NoDevice
from sessions.audio.files import AudioFileError
from sessions.audio.manager import MICROPHONE, AudioManager
from sessions.audio.sources import BadSource, MicrophoneSource, parse
from sessions.commands import ImpossibleCommand
from sessions.config import EMBEDDED_NAME, BadConfig, Config, SessionTable
from sessions.gateway import BadAddress, Gateway, is_loopback
from sessions.live.actions import (
    Action,
    Change,
    ChooseInput,
    ChooseOutput,
    Close,
    DeckWide,
    Front,
    LookForDevices,
    Open,
    Restore,
    SetArbitration,
    SetEcho,
)
from sessions.live.base import LiveSession
from sessions.live.converse import ConverseSession
from sessions.live.image import ImageSession
from sessions.live.speak import SpeakSession
from sessions.live.transcribe import TranscribeSession
from sessions.local.process import GatewayNotStarted, embedded_gateway
from sessions.openings import Lacking, Opening, chosen, prepare
from sessions.providers.catalogue import UnknownModel
from sessions.providers.codec import Kind
from sessions.secrets import Secret
from sessions.state.snapshot import DeckView
from sessions.transport import BadAuthority, Transport

logger = logging.getLogger(__name__)

START_TIMEOUT = 15.0
"""Seconds that what is asked for at the very start waits for the deck."""
KEPT_CLOSED = 20
"""Sessions that can be brought back; the oldest is forgotten first."""

_KINDS: dict[Kind, type[LiveSession]] = {
    "transcribe": TranscribeSession,
    "speak": SpeakSession,
    "converse": ConverseSession,
    "image": ImageSession,
}


@dataclass(frozen=True)
class DeckPlan:
    """What to open. With no gateway the embedded one is started."""

    sessions: tuple[Open, ...]
    config: Config
    gateway: Gateway | None = None
    log: Path | None = None
    """Where the embedded gateway's own messages go."""
    input: str = ""
    """Whence sound comes, this time: a microphone's id, number or name, or a source (see `sources.parse`)."""
    output: str = ""
    """Where it goes, this time."""
    input_descriptor: int | None = None
    """The PCM that the source `input` means, with its rate."""
    input_rate: int = 16_000


class Deck:
    """Runs the plan until cancelled. `view` may be called at any time."""

    def __init__(self, plan: DeckPlan) -> None:
        self._plan = plan
        self._gateway: Gateway | None = plan.gateway
        self._source = _source(plan.input)
        self._audio = AudioManager(
            settings.load(),
            input=plan.input if self._source == MICROPHONE else "",
            output=plan.output,
            on_gap=self._missed,
            descriptor=plan.input_descriptor,
            rate=plan.input_rate,
        )
        self._sessions: dict[str, LiveSession] = {}
        self._closed: dict[str, LiveSession] = {}
        self._running: dict[str, anyio.CancelScope] = {}
        self._tasks: TaskGroup | None = None
        self._transport: Transport | None = None
        self._unusable = ""
        """Why no session can be opened at all."""
        self._known = anyio.Event()
        """The sessions of the plan are there, connected or not."""

    async def run(self) -> None:
        async with anyio.create_task_group() as self._tasks, AsyncExitStack() as stack:
            self._tasks.start_soon(self._audio.run)
            problem = await self._prepare_source()
            for plan in self._plan.sessions:
                session = self._make(plan)
                if problem and plan.table.kind in ("transcribe", "converse"):
                    session.note_fault(problem)
            self._known.set()
            await self._reach_gateway(stack)
            for session in list(self._sessions.values()):
                self._connect(session)
            await anyio.sleep_forever()

    async def do(self, name: str, action: Action) -> str:
        """Carry out an action on a session, or on the deck as a whole; then the name does not count.

        Raises ImpossibleCommand.
        """
        with anyio.move_on_after(START_TIMEOUT):
            await self._known.wait()
        match action:
            case DeckWide():
                return await self._do_for_all(action)
            case Change(table=table):
                self._change(self._session(name), table)
                return ""
            case _:
                return await self._session(name).do(action)

    async def _do_for_all(self, action: DeckWide) -> str:
        try:
            match action:
                case Open():
                    self._connect(self._make(action))
                case Close(name=name):
                    self._close(name)
                case Restore(name=name):
                    self._restore(name)
                case ChooseInput(device=device):
                    return f"microphone: {await self._audio.choose('input', device)}"
                case ChooseOutput(device=device):
                    return f"speaker: {await self._audio.choose('output', device)}"
                case LookForDevices():
                    await self._audio.look()
                case SetEcho(mode=mode):
                    self._audio.set_echo(mode)
                case SetArbitration(policy=policy):
                    self._audio.set_arbitration(policy)
                case Front(session=name) if name in self._sessions and self._sessions[name].speaks:
                    self._audio.mixer.front = name
        except NoDevice as error:
            raise ImpossibleCommand(str(error)) from None
        return ""

    def view(self) -> DeckView:
        return DeckView(
            gateway=self._gateway.shown if self._gateway else EMBEDDED_NAME,
            starting=self._gateway is None,
            audio=self._audio.view(),
            sessions=tuple(session.view() for session in self._sessions.values()),
        )

    def _session(self, name: str) -> LiveSession:
        if name not in self._sessions:
            raise ImpossibleCommand(
                "the session is closed"
                if self._known.is_set()
                else "the deck could not start; see its log file"
            )
        return self._sessions[name]

    def _make(self, plan: Open) -> LiveSession:
        """Raises ImpossibleCommand."""
        if plan.name in self._sessions or plan.name in self._closed:
            raise ImpossibleCommand(f"there is a session {plan.name!r} already")
        try:
            offer, options = chosen(plan.table)
        except (UnknownModel, BadConfig) as error:
            raise ImpossibleCommand(str(error)) from None
        session = _KINDS[plan.table.kind](plan.name, plan.table, offer, options.model, self._audio)
        session.title = plan.title
        session.ear.wanted, session.ear.source = plan.listens, self._source
        self._sessions[plan.name] = session
        return session

    def _connect(self, session: LiveSession) -> None:
        """Begin to keep the session; one that cannot be tried says why."""
        if self._tasks is None or (self._transport is None and not self._unusable):
            return  # the gateway is still being started, and all are connected then
        if self._transport is None:
            session.fail(self._unusable)
            return
        try:
            opening = self._opening(session)
        except (Lacking, UnknownModel, BadConfig, BadAddress) as error:
            session.fail(str(error))
            return
        session.charged = not is_loopback(urlsplit(opening.address.url).hostname or "")
        scope = self._running[session.name] = anyio.CancelScope()
        self._tasks.start_soon(self._keep, session, self._transport, opening, scope)

    def _opening(self, session: LiveSession) -> Opening:
        assert self._gateway is not None
        offer, options = chosen(session.table)
        session.offer, session.model = offer, options.model
        if options.block:
            session.ear.block = options.block
        return prepare(
            self._plan.config,
            self._gateway,
            offer,
            options,
            embedded=self._gateway is not self._plan.gateway,
        )

    async def _keep(
        self, session: LiveSession, transport: Transport, opening: Opening, scope: anyio.CancelScope
    ) -> None:
        with scope:
            await session.run(transport, opening)

    def _disconnect(self, session: LiveSession) -> None:
        session.leave()
        if scope := self._running.pop(session.name, None):
            scope.cancel()

    def _close(self, name: str) -> None:
        session = self._session(name)
        self._disconnect(session)
        self._closed[name] = self._sessions.pop(name)
        for old in list(self._closed)[:-KEPT_CLOSED]:
            del self._closed[old]

    def _restore(self, name: str) -> None:
        if name not in self._closed:
            raise ImpossibleCommand("it cannot be brought back any more")
        session = self._sessions[name] = self._closed.pop(name)
        session.phase, session.notice = "connecting", ""
        self._connect(session)

    def _change(self, session: LiveSession, table: SessionTable) -> None:
        if table.kind != session.offer.kind:
            raise ImpossibleCommand(f"a session that is there to {session.offer.kind} cannot {table.kind}")
        try:
            chosen(table)
        except (UnknownModel, BadConfig) as error:
            raise ImpossibleCommand(str(error)) from None
        self._disconnect(session)
        session.table = table
        session.phase, session.notice = "connecting", ""
        self._connect(session)

    async def _prepare_source(self) -> str:
        """Return why what was to be heard cannot be, in one line; the microphone is heard then."""
        try:
            await self._audio.prepare(self._source)
        except (BadSource, AudioFileError) as error:
            self._source = MICROPHONE
            return str(error)
        return ""

    def _missed(self, name: str, seconds: float) -> None:
        if session := self._sessions.get(name):
            session.missed(seconds)

    async def _reach_gateway(self, stack: AsyncExitStack) -> None:
        if self._gateway is None:
            try:
                running = await stack.enter_async_context(embedded_gateway(self._plan.log))
            except GatewayNotStarted as error:
                self._unusable = str(error)
                return
            self._gateway = Gateway(running.url, Secret(running.token), name=EMBEDDED_NAME)
        try:
            self._transport = Transport(self._plan.config.network.ca)
        except BadAuthority as error:
            self._unusable = str(error)
            return
        stack.push_async_callback(self._transport.aclose)


def _source(text: str) -> str:
    """Whether what is to be heard is a source by itself; else it names a microphone."""
    try:
        return MICROPHONE if isinstance(parse(text), MicrophoneSource) else text
    except BadSource:
        return MICROPHONE


def plans(kinds: Sequence[Kind]) -> tuple[Open, ...]:
    """One session of each kind; a transcription listens from the start."""
    return tuple(Open(kind, SessionTable(kind), listens=kind == "transcribe") for kind in kinds)
