"""The one owner of sound: microphone, other sources, mixer, speaker, and what stands between them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup

from sessions.audio import directory, settings, sources, streams
from sessions.audio.devices import DEFAULT, Device, Devices, Direction, NoDevice
from sessions.audio.directory import Directory
from sessions.audio.echo import Echo
from sessions.audio.files import bundled_recording, read
from sessions.audio.mixer import Mixer
from sessions.audio.modes import Arbitration, EchoMode
from sessions.audio.pcm import RATE, Samples
from sessions.audio.ports import Connected, Host, Microphone, Speaker
from sessions.audio.relay.discovery import RelayAddress
from sessions.audio.relay.sharing import SharedRelay
from sessions.audio.settings import AudioSettings
from sessions.audio.sources import FileSource, InputSource, PaneSource, Playback, ToneSource
from sessions.audio.taps import Tap, Taps
from sessions.audio.view import AudioView, InputView, OutputView, Wave
from sessions.text import one_line

MICROPHONE = "microphone"
RECORDING = "bundled recording"
_FRESH = 0.3
"""Seconds for which what was seen of devices holds: several ask at once when one vanishes."""
_GAP = 0.25
"""Seconds without sound from an open microphone that count as missing."""

_Play = Callable[[], Coroutine[Any, Any, None]]

OnGap = Callable[[str, float], None]
"""Takes a session's name and the seconds of the microphone that it has not heard."""


@dataclass
class _Source:
    """A source besides the microphone, with who listens to it."""

    taps: Taps
    play: _Play
    """Feeds the taps until cancelled."""
    playback: Playback | None = None
    ended: Callable[[], bool] = lambda: False
    """Nothing but silence comes any more."""


class AudioManager(Host):
    """Lives on one event loop; `run` keeps it going.

    `input` and `output` name devices that are used this time instead of those remembered; `descriptor` and
    `rate` tell the PCM that is heard from the source `input`.
    """

    def __init__(
        self,
        remembered: AudioSettings,
        *,
        input: str = "",  # noqa: A002 - it is what the command line calls it, too
        output: str = "",
        on_gap: OnGap = lambda name, seconds: None,
        descriptor: int | None = None,
        rate: int = 16_000,
    ) -> None:
        self.mixer = Mixer()
        self.mixer.policy = remembered.arbitration
        self.mixer.held = True
        self.echo = Echo()
        self.echo.mode = remembered.echo
        self._settings = remembered
        self._on_gap = on_gap
        self._input = (descriptor, rate)
        self._taps = Taps()
        self._microphone = Microphone(self, input or remembered.input, self._capture, self._play_recording)
        self._speaker = Speaker(self, output or remembered.output, self.mixer)
        self._sources: dict[str, _Source] = {}
        self._directory = Directory(Devices())
        self._looked_at = -math.inf
        self._looking = anyio.Lock()
        self._heard_until: float | None = None
        self._recording: Playback | None = None
        self._again = anyio.Event()
        self._relay: SharedRelay | None = None
        self._refreshing: anyio.Event | None = None
        self._tasks: TaskGroup | None = None

    async def run(self) -> None:
        """Keep microphone and speaker until cancelled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for source in self._sources.values():
                tasks.start_soon(_while_heard, source)
            tasks.start_soon(self._speaker.run)
            tasks.start_soon(self._listen)

    # What sessions ask for

    async def prepare(self, name: str) -> None:
        """Make a source ready to be listened to. Raises BadSource or AudioFileError."""
        source = sources.parse(name)
        if name == MICROPHONE or name in self._sources:
            return
        taps = Taps()
        playback, ended = None, _Source.ended
        match source:
            case FileSource(path=path, loop=loop):
                playback = Playback(await anyio.to_thread.run_sync(read, path), loop=loop)
                play: _Play = partial(playback.run, taps.feed)
                ended = partial(getattr, playback, "ended")
            case ToneSource(frequency=frequency):
                play = partial(sources.play_tone, frequency, taps.feed)
            case PaneSource(name=pane):
                if pane not in self.mixer.groups:
                    known = ", ".join(self.mixer.groups)
                    raise sources.BadSource(f"no pane is called {one_line(pane, 40)!r}; there are: {known}")
                play = partial(self._pass_on, pane, taps)
            case InputSource():
                descriptor, rate = self._input
                if descriptor is None:
                    raise sources.BadSource("there is no standard input to hear: start with --input -")
                pcm = sources.PcmInput(descriptor, rate)
                play = partial(pcm.run, taps.feed)
                ended = partial(getattr, pcm, "ended")
            case _:
                play = partial(sources.play_silence, taps.feed)
        self._sources[name] = _Source(taps, play, playback, ended)
        if self._tasks:
            self._tasks.start_soon(_while_heard, self._sources[name])

    def listen(self, session: str, source: str, tap: Tap) -> None:
        """Open a session's tap on a source that is ready."""
        self.taps_of(source).open(session, tap)
        if source == MICROPHONE and self._recording and self._recording.ended:
            self._recording.seek(-self._recording.length)
            self._again.set()

    def leave(self, session: str) -> None:
        """Close a session's tap, wherever it is."""
        for taps in self._all_taps():
            taps.close(session)

    def listens(self, session: str) -> bool:
        return any(session in taps for taps in self._all_taps())

    def wave(self, session: str) -> Wave:
        """The sound that a session listens to; empty while it does not."""
        return next((taps.meter.wave for taps in self._all_taps() if session in taps), Wave())

    def taps_of(self, source: str) -> Taps:
        return self._taps if source == MICROPHONE else self._sources[source].taps

    def playback(self, source: str) -> Playback | None:
        """The file that a source plays, if it is one."""
        known = self._sources.get(source)
        return known.playback if known else None

    def beside(self, run: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run something for as long as there is sound."""
        assert self._tasks is not None
        self._tasks.start_soon(run, *arguments)

    # What the user chooses

    async def choose(self, direction: Direction, wanted: str) -> str:
        """Use another device from now on, and remember it; return its name. Raises NoDevice."""
        found = await self.directory()
        name, chosen = "the system's default", DEFAULT
        if wanted != DEFAULT:
            endpoint = await anyio.to_thread.run_sync(found.resolve, wanted, direction)
            name, chosen = directory.name_of(endpoint), directory.NONE if endpoint is None else endpoint.id
        self.echo.reset()
        if direction == "input":
            self._microphone.choose(chosen)
            self._remember(input=chosen)
        else:
            self._speaker.choose(chosen)
            self._remember(output=chosen)
        return name

    async def look(self) -> None:
        """Look for devices anew; those that are wanted and not open are tried again."""
        await self.directory()
        for port in (self._microphone, self._speaker):
            if not port.live:
                port.reopen()

    def set_echo(self, mode: EchoMode) -> None:
        self.echo.mode = mode
        self._remember(echo=mode)

    def set_arbitration(self, policy: Arbitration) -> None:
        self.mixer.policy = policy
        self._remember(arbitration=policy)

    def view(self) -> AudioView:
        now = time.monotonic()
        speaker = self._speaker
        latency = self.mixer.time_of(self.mixer.pulled) - now if speaker.live else 0.0
        return AudioView(
            self._view_of_source() or self._view_of_microphone(now),
            OutputView(
                name=speaker.name,
                route=speaker.route,
                chosen=speaker.chosen,
                live=speaker.live,
                latency=max(0.0, latency),
                level=self.mixer.level,
                wave=self.mixer.meter.wave,
                waiting=speaker.lost,
                underruns=speaker.xruns,
                notice=speaker.notice,
            ),
            inputs=self._directory.choices("input"),
            outputs=self._directory.choices("output"),
            echo=self.echo.mode,
            arbitration=self.mixer.policy,
        )

    def _view_of_microphone(self, now: float) -> InputView:
        microphone, meter = self._microphone, self._taps.meter
        is_open = len(self._taps) > 0
        return InputView(
            name=microphone.name,
            route=microphone.route,
            chosen=microphone.chosen,
            live=microphone.live,
            open=is_open,
            level=meter.level if is_open else 0.0,
            wave=meter.wave if is_open else Wave(),
            clipping=is_open and meter.clipping(now),
            silent_for=meter.silent_for(now) if is_open and microphone.live else 0.0,
            lost=microphone.xruns,
            notice=microphone.notice or self._taps.problem,
        )

    def _view_of_source(self) -> InputView | None:
        """What is heard instead of the microphone, where nobody hears that."""
        if len(self._taps):
            return None
        heard = ((name, source) for name, source in self._sources.items() if len(source.taps))
        for name, source in heard:
            end = ", at its end" if source.ended() else ""
            chosen, meter = self._microphone.chosen, source.taps.meter
            return InputView(
                one_line(name, 80) + end, "file", chosen, open=True, level=meter.level, wave=meter.wave
            )
        return None

    # What the ports ask for

    async def directory(self) -> Directory:
        if self._refreshing:
            await self._refreshing.wait()
        async with self._looking:
            if time.monotonic() - self._looked_at > _FRESH:
                self._directory = await anyio.to_thread.run_sync(directory.look)
                self._looked_at = time.monotonic()
        return self._directory

    async def make_known(self, device: Device) -> None:
        """PortAudio looks for devices only when nothing is open: what is open is closed for a moment."""
        while not await anyio.to_thread.run_sync(streams.known, device):
            if self._refreshing:
                await self._refreshing.wait()
                continue
            self._refreshing = anyio.Event()
            try:
                for port in (self._microphone, self._speaker):
                    if port.live:
                        port.reopen()
                while not await anyio.to_thread.run_sync(streams.refresh):  # noqa: ASYNC110 - others close
                    await anyio.sleep(0.02)
                if not await anyio.to_thread.run_sync(streams.known, device):
                    raise NoDevice(f"{device.name} is not there any more")
            finally:
                self._refreshing.set()
                self._refreshing = None

    @asynccontextmanager
    async def relay(self, address: RelayAddress, direction: Direction) -> AsyncIterator[Connected]:
        if self._relay is None or self._relay.address != address:
            self._relay = SharedRelay(address, self._capture, self.mixer)
        relay = self._relay
        assert self._tasks is not None
        with relay.used_for(direction, self._tasks):
            yield lambda: relay.problem(direction)

    # Within

    def _all_taps(self) -> tuple[Taps, ...]:
        return (self._taps, *(source.taps for source in self._sources.values()))

    async def _listen(self) -> None:
        """Hold the microphone open only while somebody listens."""
        while True:
            await self._taps.until(listening=True)
            self._heard_until = None
            self.mixer.listen(None, self._overhear)
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._microphone.run)
                    await self._taps.until(listening=False)
                    tasks.cancel_scope.cancel()
            finally:
                self.mixer.unlisten(self._overhear)

    def _overhear(self, frame: int, samples: Samples) -> None:
        """What the speaker puts out, for the echo; in the device's thread."""
        self.echo.heard(samples, self.mixer.time_of(frame))

    def _capture(self, samples: Samples, rate: int, at: float) -> None:
        """What a device or a relay has heard."""
        missing = 0.0 if self._heard_until is None else at - self._heard_until
        self._heard_until = at + samples.size / rate
        if missing > _GAP:
            for session in self._taps:
                self._on_gap(session, missing)
        clean, rate = self.echo.process(samples, rate, at)
        self._taps.feed(clean, rate, at)

    async def _play_recording(self) -> None:
        """Let a recording stand in for the microphone of a machine that has none."""
        if self._recording is None or self._recording.ended:
            self._recording = Playback(bundled_recording())
        self._microphone.name, self._microphone.route = RECORDING, "file"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._recording.run, self._taps.feed)
            while True:
                self._microphone.name = RECORDING
                await anyio.sleep(self._recording.length - self._recording.position)
                self._microphone.name = f"{RECORDING}, at its end"
                self._again = anyio.Event()
                await self._again.wait()  # until somebody else begins to listen

    async def _pass_on(self, pane: str, taps: Taps) -> None:
        """Feed what a pane says to those who listen to it."""
        loop = asyncio.get_running_loop()

        def listener(frame: int, samples: Samples) -> None:
            loop.call_soon_threadsafe(taps.feed, samples, RATE, self.mixer.time_of(frame))

        self.mixer.listen(pane, listener)
        try:
            await anyio.sleep_forever()
        finally:
            self.mixer.unlisten(listener)

    def _remember(self, **changed: str) -> None:
        self._settings = msgspec.structs.replace(self._settings, **changed)
        settings.save(self._settings)


async def _while_heard(source: _Source) -> None:
    """Play a source only while somebody listens."""
    while True:
        await source.taps.until(listening=True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(source.play)
            await source.taps.until(listening=False)
            tasks.cancel_scope.cancel()
