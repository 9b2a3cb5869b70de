"""Everything that runs behind the screen, on one event loop: gateway, sound and sessions."""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from sessions.audio import devices
from sessions.audio.files import bundled_recording
from sessions.audio.player import Player
from sessions.audio.taps import Taps
from sessions.config import EMBEDDED_NAME, BadConfig, Config
from sessions.gateway import BadAddress, Gateway
from sessions.live.base import LiveSession, Sound
from sessions.live.converse import ConverseSession
from sessions.live.speak import SpeakSession
from sessions.live.transcribe import TranscribeSession
from sessions.local.process import GatewayNotStarted, embedded_gateway
from sessions.openings import Lacking, prepare
from sessions.providers.catalogue import find
from sessions.providers.codec import Kind
from sessions.providers.routes import Options
from sessions.secrets import Secret
from sessions.state.snapshot import DeckView, MicrophoneView
from sessions.transport import BadAuthority, Transport

logger = logging.getLogger(__name__)

RECORDING = "bundled recording"

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


class Deck:
    """Runs the plan until cancelled. `view` may be called at any time."""

    def __init__(self, plan: DeckPlan) -> None:
        self._plan = plan
        self._gateway: Gateway | None = plan.gateway
        self._taps = Taps()
        self._sessions: dict[str, LiveSession] = {}
        self._speaker = ""
        self._null_output = True
        self._microphone = MicrophoneView("", live=False)

    async def run(self) -> None:
        async with anyio.create_task_group() as tasks, AsyncExitStack() as stack:
            output = await self._find_output()
            player = Player(output.rate if output else devices.NULL_RATE)
            tasks.start_soon(self._play, player, output)
            tasks.start_soon(self._capture)
            sound = Sound(player, self._taps)
            for plan in self._plan.sessions:
                offer, model = find(plan.kind, None, None)
                session = _KINDS[plan.kind](plan.name, offer, model, sound)
                session.wants_microphone = plan.listens
                self._sessions[plan.name] = session
            await self._open(tasks, stack)
            await anyio.sleep_forever()

    def session(self, name: str) -> LiveSession | None:
        return self._sessions.get(name)

    def view(self) -> DeckView:
        source = self._microphone
        return DeckView(
            gateway=self._gateway.shown if self._gateway else EMBEDDED_NAME,
            starting=self._gateway is None,
            microphone=MicrophoneView(
                source.source, source.live, self._taps.level if len(self._taps) else 0.0
            ),
            speaker=self._speaker,
            null_output=self._null_output,
            sessions=tuple(session.view() for session in self._sessions.values()),
        )

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

    async def _find_output(self) -> devices.Device | None:
        try:
            return await anyio.to_thread.run_sync(devices.default_output)
        except devices.NoDevice as error:
            self._speaker = str(error)
            return None

    async def _play(self, player: Player, device: devices.Device | None) -> None:
        if device is not None:
            try:
                async with devices.speaker(device, player) as died:
                    self._speaker, self._null_output = device.name, False
                    await died.wait()
                    self._speaker = f"{device.name} is gone"
            except devices.NoDevice as error:
                self._speaker = str(error)
        self._null_output = True
        player.latency = 0.0
        await devices.null_speaker(player)

    async def _capture(self) -> None:
        """Hold the microphone open only while somebody listens."""
        while True:
            await self._taps.until(listening=True)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._source)
                await self._taps.until(listening=False)
                tasks.cancel_scope.cancel()

    async def _source(self) -> None:
        why = ""
        try:
            device = await anyio.to_thread.run_sync(devices.default_input)
            async with devices.microphone(device, self._taps.feed) as died:
                self._microphone = MicrophoneView(device.name, live=True)
                await died.wait()
                why = f"{device.name} is gone"
        except devices.NoDevice as error:
            why = str(error)
        self._microphone = MicrophoneView(f"{RECORDING} ({why})", live=False)
        clip = bundled_recording()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(devices.play_as_microphone, clip, self._taps.feed)
            await anyio.sleep(clip.seconds)
            ended = f"{RECORDING}, at its end: Ctrl+L twice plays it again"
            self._microphone = MicrophoneView(ended, live=False)


def plans(kinds: Sequence[Kind]) -> tuple[SessionPlan, ...]:
    """One session of each kind; a transcription listens from the start."""
    return tuple(SessionPlan(kind, kind, listens=kind == "transcribe") for kind in kinds)
