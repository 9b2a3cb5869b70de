"""The microphone and the speaker of this machine, through PortAudio, and what stands in for them.

Each device is opened once, at its own rate, with 100 ms of buffer: with less, a thread that holds the GIL
for 60 ms makes nearly every callback come too late (measured). The full audio manager's place is here.
"""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
import numpy as np

from sessions.audio.files import Clip
from sessions.audio.pcm import Samples
from sessions.audio.player import Player
from sessions.text import one_line

LATENCY = 0.1
BLOCK = 0.02
NULL_RATE = 24000

Feed = Callable[[Samples, int], None]
"""Takes mono 16-bit samples and their rate, on the event loop."""


class NoDevice(Exception):
    """There is no such device or it cannot be opened; the message is one line with the way out."""


@dataclass(frozen=True)
class Device:
    index: int
    name: str
    rate: int
    channels: int


def default_input() -> Device:
    """Find the default microphone. Raises NoDevice. Blocks: PortAudio looks at all devices."""
    return _default(0, "max_input_channels", "microphone")


def default_output() -> Device:
    """Find the default speaker. Raises NoDevice. Blocks."""
    return _default(1, "max_output_channels", "sound card")


def _default(position: int, channels: str, what: str) -> Device:
    sounddevice = _portaudio()
    try:
        index = int(sounddevice.default.device[position])
        info = sounddevice.query_devices(index) if index >= 0 else None
    except (sounddevice.PortAudioError, ValueError):
        info = None
    if info is None or not info[channels]:
        raise NoDevice(f"no {what}")
    return Device(
        index, one_line(info["name"], 60), int(info["default_samplerate"]), min(2, int(info[channels]))
    )


def _portaudio() -> Any:
    try:
        import sounddevice  # noqa: PLC0415 - it looks for the library when imported, which may be missing
    except (OSError, ImportError):
        raise NoDevice("PortAudio is not installed (Debian, Ubuntu: apt install libportaudio2)") from None
    return sounddevice


@asynccontextmanager
async def microphone(device: Device, feed: Feed) -> AsyncIterator[anyio.Event]:
    """Capture until left. Yields an event that is set when the device dies. Raises NoDevice."""
    loop = asyncio.get_running_loop()

    def callback(data: Any, frames: int, time: Any, status: Any) -> None:
        mono = data[:, 0].copy() if device.channels == 1 else data.mean(axis=1).astype(np.int16)
        loop.call_soon_threadsafe(feed, mono, device.rate)

    async with _running(_portaudio().InputStream, device, callback) as (_, died):
        yield died


@asynccontextmanager
async def speaker(device: Device, player: Player) -> AsyncIterator[anyio.Event]:
    """Put out what the player has until left. Yields an event that is set when the device dies.

    Raises NoDevice.
    """

    def callback(data: Any, frames: int, time: Any, status: Any) -> None:
        data[:] = player.pull(frames)[:, np.newaxis]

    async with _running(_portaudio().OutputStream, device, callback) as (stream, died):
        player.latency = float(stream.latency)
        yield died


@asynccontextmanager
async def _running(
    make: Callable[..., Any], device: Device, callback: Callable[..., None]
) -> AsyncIterator[tuple[Any, anyio.Event]]:
    """Open, start and close a stream in worker threads: PortAudio blocks for up to a second."""
    loop = asyncio.get_running_loop()
    died = anyio.Event()

    def finished() -> None:
        # Where the device hangs, it may come when the loop has long gone.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(died.set)

    def open_and_start() -> Any:
        opened = make(
            samplerate=device.rate,
            device=device.index,
            channels=device.channels,
            dtype="int16",
            blocksize=int(device.rate * BLOCK),
            latency=LATENCY,
            callback=callback,
            finished_callback=finished,
        )
        opened.start()
        return opened

    try:
        stream = await anyio.to_thread.run_sync(open_and_start)
    except _portaudio().PortAudioError as error:
        why = one_line(str(error.args[0] if error.args else error), 120)
        raise NoDevice(f"{device.name}: cannot be opened: {why}; close what else uses it") from None
    try:
        yield stream, died
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(0.5):
            await anyio.to_thread.run_sync(stream.abort, abandon_on_cancel=True)
            await anyio.to_thread.run_sync(stream.close, abandon_on_cancel=True)


async def play_as_microphone(clip: Clip, feed: Feed) -> None:
    """Feed a recording at real pace, then silence: a microphone does not end either."""
    block = int(clip.rate * BLOCK)
    silence = np.zeros(block, np.int16)
    start = anyio.current_time()
    for number in itertools.count():
        samples = clip.samples[number * block : (number + 1) * block]
        feed(samples if samples.size else silence, clip.rate)
        await anyio.sleep_until(start + (number + 1) * BLOCK)


async def null_speaker(player: Player) -> None:
    """Put out nowhere, at real pace, so that progress and account are those of a real device."""
    start, done = anyio.current_time(), 0
    while True:
        due = math.floor((anyio.current_time() - start) * player.rate)
        # After a stall of the whole machine the missed time is made up for, as with a device's buffer.
        player.pull(due - done)
        done = due
        await anyio.sleep(BLOCK)
