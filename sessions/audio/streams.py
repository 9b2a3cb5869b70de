"""Open devices: a microphone that feeds, a speaker that pulls.

Each is opened at its own rate with 100 ms of buffer: with less, a thread that holds the GIL for 60 ms makes
nearly every callback come too late (measured). In blocks of 10 ms what was pulled is audible, or silent,
120 ms later; in blocks of 20 ms it took 160 ms (measured on PulseAudio).
"""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import anyio.to_thread
import numpy as np

from sessions.audio import pulse
from sessions.audio.devices import Device, NoDevice, portaudio, shown
from sessions.audio.pcm import RATE, Resampler, Samples
from sessions.text import one_line

LATENCY = 0.1
BLOCK = 0.01
STALLED_AFTER = 4.0
"""Seconds without a callback after which a device counts as dead. PulseAudio's first take up to 1.7 s."""
_ONE_GO = 0.5
"""Seconds."""
_AHEAD, _FASTEST = 0.2, 1.02
"""Seconds that a device may take ahead of real time, and how much faster than ours its clock may run. One
that recovers from an underrun may take thousands of blocks at once, all of which are lost (measured on a
PulseAudio sink that had slept)."""
_CLOSE_LIMIT = 0.5
_OTHER_RATES = (48_000, 44_100, 96_000, 32_000, 16_000, 8_000)
_INVALID_RATE, _INVALID_CHANNELS, _BUSY, _HOST_ERROR = -9997, -9998, -9985, -9999

Feed = Callable[[Samples, int, float], None]
"""Takes mono samples, their rate, and the monotonic time at which the first was captured; on the loop."""


class Playable(Protocol):
    """What a speaker plays."""

    @property
    def pulled(self) -> int:
        """How many frames were pulled so far."""

    def pull(self, frames: int) -> Samples:
        """Return the next samples at RATE, mono. Called by the device's thread: it must not wait."""

    def anchor(self, frame: int, at: float) -> None:
        """Learn that this frame of all that was pulled reaches the ear at this monotonic time."""


@dataclass
class Stream:
    """An open device."""

    died: anyio.Event = field(default_factory=anyio.Event)
    rate: int = 0
    """Samples a second at which it was opened."""
    latency: float = 0.0
    """Seconds between the program and the air, as the device states it."""
    xruns: int = 0
    """Times that the device lost sound, or got none in time; what comes in one go counts once."""
    called_at: float = field(default_factory=time.monotonic)
    _failed_at: float = -1.0

    def called(self, now: float, *, failed: bool) -> None:
        """The device wants or gives sound. `failed`: it says that some was lost before."""
        self.called_at = now
        if failed:
            self.xruns += now - self._failed_at > _ONE_GO
            self._failed_at = now

    async def until_dead(self) -> None:
        """Wait until the device has ended or stopped to call."""
        while not self.died.is_set() and time.monotonic() - self.called_at < STALLED_AFTER:
            with anyio.move_on_after(0.5):
                await self.died.wait()


@asynccontextmanager
async def microphone(device: Device, feed: Feed) -> AsyncIterator[Stream]:
    """Capture until left. Raises NoDevice."""
    loop = asyncio.get_running_loop()
    stream = Stream()

    def callback(data: Any, frames: int, clock: Any, status: Any) -> None:
        now = time.monotonic()
        stream.called(now, failed=bool(status.input_overflow))
        behind = clock.currentTime - clock.inputBufferAdcTime if clock.inputBufferAdcTime else stream.latency
        # A closed loop means that the deck has gone while the device still hung.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(feed, _mono(data), stream.rate, now - max(0.0, min(1.0, behind)))

    async with _running("InputStream", device, callback, stream):
        yield stream


@asynccontextmanager
async def speaker(device: Device, playable: Playable) -> AsyncIterator[Stream]:
    """Put out what there is to play until left. Raises NoDevice."""
    stream = Stream()
    adapter: list[_Adapter] = []

    def callback(data: Any, frames: int, clock: Any, status: Any) -> None:
        now = time.monotonic()
        stream.called(now, failed=bool(status.output_underflow))
        ahead = clock.outputBufferDacTime - clock.currentTime if clock.outputBufferDacTime else stream.latency
        if not adapter:
            adapter.append(_Adapter(playable, stream.rate))
        data[:] = adapter[0].fill(frames, now, now + max(0.0, min(1.0, ahead)))[:, np.newaxis]

    async with _running("OutputStream", device, callback, stream):
        yield stream


def _mono(data: Any) -> Samples:
    """The mean of the first two channels: more are those of an interface, where most are silent."""
    if data.shape[1] == 1:
        return np.array(data[:, 0])
    return np.asarray(data[:, :2].mean(axis=1, dtype=np.float32).astype(np.int16))


class _Adapter:
    """Gives a device at its own rate what is pulled at RATE."""

    def __init__(self, playable: Playable, rate: int) -> None:
        self._playable, self._rate = playable, rate
        self._resampler = Resampler(RATE, rate)
        self._ready: Samples = np.zeros(0, np.int16)
        self._allowance, self._asked_at = _AHEAD, time.monotonic()
        self._first = playable.pulled
        """The frame with which this device begins."""
        self._given = 0

    def fill(self, frames: int, now: float, at: float) -> Samples:
        """Return `frames` samples, the first of which is heard at `at`."""
        self._allowance = min(_AHEAD, self._allowance + (now - self._asked_at) * _FASTEST)
        self._asked_at = now
        if self._allowance < frames / self._rate:
            return np.zeros(frames, np.int16)
        self._allowance -= frames / self._rate
        while self._ready.size < frames:
            missing = frames - self._ready.size
            pulled = self._playable.pull(-(-missing * RATE // self._rate))
            self._ready = np.concatenate((self._ready, self._resampler.push(pulled)))
        out, self._ready = self._ready[:frames], self._ready[frames:]
        self._playable.anchor(self._first + self._given * RATE // self._rate, at)
        self._given += frames
        return out


_lock = threading.Lock()
_open_streams = 0


def refresh() -> bool:
    """Have this process' PortAudio look for devices again; return whether it did.

    It does not while anything is open, which it would kill.
    """
    with _lock:
        if _open_streams:
            return False
        sounddevice = portaudio()
        sounddevice._terminate()
        sounddevice._initialize()
        return True


def known(device: Device) -> bool:
    """Whether this process' PortAudio has seen the device: it looks once only, see `refresh`."""
    return _index(device) is not None


def _index(device: Device) -> int | None:
    sounddevice = portaudio()
    hosts = [host["name"] for host in sounddevice.query_hostapis()]
    for index, each in enumerate(sounddevice.query_devices()):
        if (
            one_line(each["name"], 80) == device.name
            and hosts[each["hostapi"]] == device.host
            and each[f"max_{device.direction}_channels"]
        ):
            return index
    return None


@asynccontextmanager
async def _running(
    kind: str, device: Device, callback: Callable[..., None], stream: Stream
) -> AsyncIterator[None]:
    """Open, start and close in worker threads: PortAudio blocks for up to a second."""
    loop = asyncio.get_running_loop()
    opened: list[Any] = []

    def finished() -> None:
        # Where the device hangs, it may come when the loop has long gone.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(stream.died.set)

    def start() -> None:
        global _open_streams  # noqa: PLW0603 - PortAudio's state is the process', too
        sounddevice = portaudio()
        with _lock, _reaching(device.server):
            index = _index(device)
            if index is None:
                raise NoDevice(f"{shown(device)} is not there")
            make = getattr(sounddevice, kind)
            arguments = {"callback": callback, "finished_callback": finished, "latency": LATENCY}
            opened.append(_first_that_opens(make, index, device, arguments))
            _open_streams += 1
            stream.rate, stream.latency = int(opened[0].samplerate), float(opened[0].latency)
            stream.called_at = time.monotonic()
            opened[0].start()

    def close() -> None:
        global _open_streams  # noqa: PLW0603
        if opened:
            opened[0].abort()
            opened[0].close()
            with _lock:
                _open_streams -= 1

    try:
        await anyio.to_thread.run_sync(start)
        yield
    except portaudio().PortAudioError as error:
        raise NoDevice(_why(device, error)) from None
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_LIMIT):
            await anyio.to_thread.run_sync(close, abandon_on_cancel=True)


def _first_that_opens(make: Callable[..., Any], index: int, device: Device, arguments: dict[str, Any]) -> Any:
    """Open at the device's own rate and one or two channels; where that is refused, with what it takes."""
    error_type = portaudio().PortAudioError
    refusal: Exception | None = None
    for rate in dict.fromkeys((device.rate, *_OTHER_RATES)):
        for channels in dict.fromkeys((min(2, device.channels), device.channels, 1)):
            try:
                return make(
                    device=index,
                    samplerate=rate,
                    channels=channels,
                    dtype="int16",
                    blocksize=int(rate * BLOCK),
                    **arguments,
                )
            except error_type as error:
                refusal = refusal or error
                if _code(error) not in (_INVALID_RATE, _INVALID_CHANNELS, _HOST_ERROR):
                    raise
    assert refusal is not None
    raise refusal


@contextmanager
def _reaching(server: str) -> Iterator[None]:
    """Name a PulseAudio server while a device is opened: the library reads it then."""
    changed = pulse.settings(server)
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _code(error: Exception) -> int:
    return int(error.args[1]) if len(error.args) > 1 else 0


def _why(device: Device, error: Exception) -> str:
    name = shown(device)
    match _code(error):
        case code if code == _BUSY:
            return f"{name} is in use by another program: close that, or choose another device"
        case code if code == _INVALID_RATE:
            return f"{name} refuses every usual sample rate: choose another device"
        case _:
            why = one_line(str(error.args[0] if error.args else error), 120)
            return f"{name} cannot be opened: {why}"
