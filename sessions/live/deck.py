"""Everything that runs behind the screen, on one event loop: gateway, sound and sessions."""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from sessions.audio import settings
from sessions.audio.devices import NoDevice
from sessions.audio.files import AudioFileError
from sessions.audio.manager import MICROPHONE, AudioManager
from sessions.audio.sources import BadSource, MicrophoneSource, parse
from sessions.commands import ImpossibleCommand
from sessions.config import EMBEDDED_NAME, BadConfig, Config
from sessions.gateway import BadAddress, Gateway
from sessions.live.actions import (
    AudioAction,
    ChooseInput,
    ChooseOutput,
    Front,
    LookForDevices,
    SetArbitration,
    SetEcho,
)
from sessions.live.base import LiveSession
from sessions.live.converse import ConverseSession
from sessions.live.speak import SpeakSession
from sessions.live.transcribe import TranscribeSession
from sessions.local.process import GatewayNotStarted, embedded_gateway
from sessions.openings import Lacking, prepare
from sessions.providers.catalogue import find
from sessions.providers.codec import Kind
from sessions.providers.routes import Options
from sessions.secrets import Secret
from sessions.state.snapshot import DeckView
from sessions.transport import BadAuthority, Transport

logger = logging.getLogger(__name__)

_KINDS: dict[Kind, type[LiveSession]] = {
    "transcribe": TranscribeSession,
    "speak": SpeakSession,
    "converse": ConverseSession,
}


@dataclass(frozen=True)
class SessionPlan:
    """A session to open. `listens`: it has the microphone from the start."""

    name: str
    kind: Kind
    listens: bool = False


@dataclass(frozen=True)
class DeckPlan:
    """What to open. With no gateway the embedded one is started."""

    sessions: tuple[SessionPlan, ...]
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

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks, AsyncExitStack() as stack:
            tasks.start_soon(self._audio.run)
            problem = await self._prepare_source()
            for plan in self._plan.sessions:
                offer, model = find(plan.kind, None, None)
                session = _KINDS[plan.kind](plan.name, offer, model, self._audio)
                session.ear.wanted, session.ear.source = plan.listens, self._source
                if problem and plan.kind != "speak":
                    session.note_fault(problem)
                self._sessions[plan.name] = session
            await self._open(tasks, stack)
            await anyio.sleep_forever()

    def session(self, name: str) -> LiveSession | None:
        return self._sessions.get(name)

    async def do(self, action: AudioAction) -> str:
        """Carry out what concerns the sound of all. Raises ImpossibleCommand."""
        try:
            match action:
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

    async def _open(self, tasks: TaskGroup, stack: AsyncExitStack) -> None:
        if self._gateway is None:
            try:
                running = await stack.enter_async_context(embedded_gateway(self._plan.log))
            except GatewayNotStarted as error:
                self._fail_all(str(error))
                return
            self._gateway = Gateway(running.url, Secret(running.token), name=EMBEDDED_NAME)
        try:
            transport = Transport(self._plan.config.network.ca)
        except BadAuthority as error:
            self._fail_all(str(error))
            return
        stack.push_async_callback(transport.aclose)
        for session in self._sessions.values():
            options = Options(session.model)
            try:
                opening = prepare(
                    self._plan.config,
                    self._gateway,
                    session.offer,
                    options,
                    embedded=self._gateway is not self._plan.gateway,
                )
            except (Lacking, BadConfig, BadAddress) as error:
                session.fail(str(error))
                continue
            tasks.start_soon(session.run, transport, opening)

    def _fail_all(self, message: str) -> None:
        for session in self._sessions.values():
            session.fail(message)


def _source(text: str) -> str:
    """Whether what is to be heard is a source by itself; else it names a microphone."""
    try:
        return MICROPHONE if isinstance(parse(text), MicrophoneSource) else text
    except BadSource:
        return MICROPHONE


def plans(kinds: Sequence[Kind]) -> tuple[SessionPlan, ...]:
    """One session of each kind; a transcription listens from the start."""
    return tuple(SessionPlan(kind, kind, listens=kind == "transcribe") for kind in kinds)
