"""Sound: the CPU of 16 taps and the mixer, what the program adds to latency, and a minute without a fault."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import numpy as np

from sessions.audio import devices, streams
from sessions.audio.mixer import Mixer
from sessions.audio.pcm import RATE, Resampler, from_float
from sessions.audio.taps import Tap, Taps
from sessions.audio.voice import Gate
from tests.audio.conftest import missing, pulseaudio
from tests.audio.test_soak import interpreter_held_up, soak

TAPS = 16
SECONDS = 20.0
ROUNDS = 5
BLOCK = RATE // 100
MIC_RATES = (16_000, 24_000)
_SPEECH = from_float(0.2 * np.sin(np.arange(int(SECONDS * RATE)) * 0.05))


def run() -> None:
    _cpu_of_taps_and_mixer()
    if lacks := missing():
        print(f"  the rest needs {lacks}")
        return
    with TemporaryDirectory() as folder, pulseaudio(Path(folder)) as pulse:
        _latency()
        with interpreter_held_up(), pulse.heard() as heard:
            result = soak(pulse, Path(folder), 60)
        print("A minute of 8 panes and 8 taps, the interpreter held up 50 ms at a time")
        drift = max(result.drifts(heard.samples))
        whole = result.clicks == {61}
        print(f"  xruns {result.xruns}, underruns {result.underruns}, drift at most {drift:.2f} ms, ", end="")
        print(f"all captured: {whole}")


def _cpu_of_taps_and_mixer() -> None:
    """Against bare soxr and numpy doing the same arithmetic, in one thread, without a device."""
    ours = statistics.median(_timed(_ours) for _ in range(ROUNDS))
    bare = statistics.median(_timed(_bare) for _ in range(ROUNDS))
    print(f"CPU of {TAPS} taps and a mixer of 8 panes, against bare soxr and numpy (median of rounds)")
    print(f"  {ours / bare:.2f} times ({ours / SECONDS:.1%} to {bare / SECONDS:.1%} of a core)")


def _timed(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _ours() -> None:
    taps, mixer = Taps(), Mixer()
    mixer.policy = "mix"
    for number in range(TAPS):
        taps.open(str(number), Tap(MIC_RATES[number % 2], 0.1, lambda _: None, Gate("on")))
    pcm = _SPEECH[::2].tobytes()
    for number in range(8):
        mixer.add(f"speech-{number}", str(number), pcm, RATE // 2)
        mixer.end(f"speech-{number}")
    for at in range(0, _SPEECH.size, BLOCK):
        taps.feed(_SPEECH[at : at + BLOCK], RATE, at / RATE)
        mixer.pull(BLOCK)


def _bare() -> None:
    resamplers = [Resampler(RATE, MIC_RATES[number % 2]) for number in range(TAPS)]
    speech = [Resampler(RATE // 2, RATE).push(_SPEECH[::2]) for _ in range(8)]
    for at in range(0, _SPEECH.size, BLOCK):
        for resampler in resamplers:
            resampler.push(_SPEECH[at : at + BLOCK]).tobytes()
        mix = np.zeros(BLOCK, np.float32)
        for samples in speech:
            mix[: samples[at : at + BLOCK].size] += samples[at : at + BLOCK]
        np.clip(mix, -32768, 32767).astype(np.int16)


def _latency() -> None:
    """From the device's callback to the codec, and from audio's arrival to the device's callback."""
    found = devices.look()
    up, down, latency = anyio.run(_measure, found.pick("", "input"), found.pick("", "output"))
    print("Latency that the program adds, with a device of PulseAudio (p50, p99)")
    print(f"  from the callback that completes a block to the codec: {_spread(up)}")
    print(f"  from the arrival of a whole utterance to the callback that takes it: {_spread(down)}")
    own = f"{latency[0] * 1000:.0f} ms in, {latency[1] * 1000:.0f} ms out"
    print(f"  the devices' own share, as they say: {own}")


async def _measure(
    microphone: devices.Device, speaker: devices.Device
) -> tuple[list[float], list[float], tuple[float, float]]:
    up: list[float] = []
    down: list[float] = []
    called: list[float] = [0.0]
    taps, mixer = Taps(), Mixer()
    taps.open("a", Tap(16_000, 0.02, lambda _: up.append(time.monotonic() - called[0]), Gate("on")))

    heard = threading.Event()
    mixer.listen("a", lambda frame, samples: heard.set() if samples.any() else None)
    tone = from_float(0.2 * np.ones(2400)).tobytes()
    async with streams.speaker(speaker, mixer) as out, streams.microphone(microphone, taps.feed) as into:
        with _watch_calls(into, called):
            await anyio.sleep(2.0)
            up.clear()
            for number in range(100):
                heard.clear()
                asked = time.monotonic()
                mixer.add(str(number), "a", tone, 24_000)
                mixer.end(str(number))
                while not heard.is_set():  # noqa: ASYNC110 - the device's thread sets it
                    await anyio.sleep(0.0005)
                down.append(time.monotonic() - asked)
                await anyio.sleep(0.15)
        return up, down, (into.latency, out.latency)


@contextmanager
def _watch_calls(stream: streams.Stream, called: list[float]) -> Iterator[None]:
    """Note when the device called last."""
    original = stream.called

    def noted(now: float, *, failed: bool) -> None:
        called[0] = now
        original(now, failed=failed)

    stream.called = noted  # type: ignore[method-assign]
    yield
    stream.called = original  # type: ignore[method-assign]


def _spread(seconds: list[float]) -> str:
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return f"{p50:.1f} ms, {p99:.1f} ms"
