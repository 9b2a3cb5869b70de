"""Many panes for some time, on real PortAudio devices, while the interpreter is held up.

It keeps time with the devices, so no other test may run beside it.
"""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np

from sessions.audio import devices, streams
from sessions.audio.mixer import Mixer
from sessions.audio.pcm import RATE, Samples, samples_of
from sessions.audio.taps import Tap, Taps
from sessions.audio.voice import Gate
from tests.audio.conftest import Pulse
from tests.audio.test_streams import tone, write

PANES = 8
SECONDS = 15
"""`make bench` takes a minute."""
CLICK = 0.9


@dataclass
class Soak:
    """What came of some time with many panes."""

    seconds: int
    xruns: dict[str, int]
    underruns: int
    """Of the panes' speech."""
    captured: list[tuple[int, Samples]]
    """What each tap has heard, with its rate."""

    def drifts(self, heard: Samples) -> list[float]:
        """Milliseconds by which the time from the first to the last click is off: played, then captured."""
        streams = [(RATE, heard), *self.captured]
        between = [(ends(samples)[1] - ends(samples)[0]) / rate for rate, samples in streams]
        return [abs(seconds - self.seconds) * 1000 for seconds in between]

    @property
    def clicks(self) -> set[int]:
        """How many clicks each tap has heard."""
        return {len(peaks(samples)) for _, samples in self.captured}


def soak(pulse: Pulse, folder: Path, seconds: int) -> Soak:
    """Eight panes speak and eight taps hear: clicks tell whether anything was lost, doubled or late."""
    found = devices.look()
    recording = folder / "clicks.wav"
    clicks = np.zeros((seconds + 1) * RATE, np.int16)
    clicks[RATE // 2 :: RATE] = int(CLICK * 32767)
    write(recording, clicks)
    captured: list[tuple[int, list[bytes]]] = []
    mixer, taps = Mixer(), Taps()
    mixer.policy = "mix"

    async def main() -> dict[str, int]:
        for number in range(PANES):
            captured.append(((16000, 24000)[number % 2], []))
            rate, blocks = captured[-1]
            taps.open(str(number), Tap(rate, (0.02, 0.1)[number // 4], blocks.append, Gate("on")))
        async with (
            streams.speaker(found.pick("", "output"), mixer) as out,
            streams.microphone(found.pick("", "input"), taps.feed) as into,
        ):
            await anyio.sleep(2.0)
            with pulse.play_into_microphone(recording):
                await speak(mixer, seconds)
                await anyio.sleep(1.5)
            return {"output": out.xruns, "input": into.xruns}

    xruns = anyio.run(main)
    for number in range(PANES):
        taps.close(str(number))
    underruns = sum(mixer.channel(str(number)).underruns for number in range(PANES))
    heard = [(rate, samples_of(b"".join(blocks))) for rate, blocks in captured]
    return Soak(seconds, xruns, underruns, heard)


def test_eight_panes_speak_and_eight_hear_while_the_interpreter_is_held_up(
    pulse: Pulse, tmp_path: Path
) -> None:
    with pulse.heard() as heard, interpreter_held_up():
        result = soak(pulse, tmp_path, SECONDS)
    assert result.xruns == {"output": 0, "input": 0} and result.underruns == 0
    assert max(result.drifts(heard.samples)) < 1
    assert result.clicks == {SECONDS + 1}


async def speak(mixer: Mixer, seconds: int) -> None:
    """Every pane says as it comes from a provider: a tenth of a second at a time, somewhat ahead."""
    whole = [tone(seconds + 0.5, 24000, 200 + 37 * number, 0.02) for number in range(PANES)]
    for at in (0, seconds * 24000):
        whole[0][at : at + 5] = int(CLICK * 32767)
    start = time.monotonic()
    for at in range(0, whole[0].size, 2400):
        for number, samples in enumerate(whole):
            mixer.add(f"speech-{number}", str(number), samples[at : at + 2400].tobytes(), 24000)
        await anyio.sleep(max(0.0, start + at / 24000 - 0.5 - time.monotonic()))
    for number in range(PANES):
        mixer.end(f"speech-{number}")
    while any(mixer.sounding(str(number)) for number in range(PANES)):  # noqa: ASYNC110 - as above
        await anyio.sleep(0.05)


@contextmanager
def interpreter_held_up() -> Iterator[None]:
    """A thread that holds the interpreter's lock for 50 ms at a time, as a badly written library does."""
    library = ctypes.PyDLL(None)
    ended = threading.Event()

    def hold() -> None:
        while not ended.wait(0.05):
            library.usleep(50_000)

    thread = threading.Thread(target=hold)
    thread.start()
    yield
    ended.set()
    thread.join()


def ends(samples: Samples) -> tuple[int, int]:
    """Where the first and the last click are."""
    found = peaks(samples)
    return found[0], found[-1]


def peaks(samples: Samples) -> list[int]:
    """Where the clicks are, each at its loudest sample."""
    magnitude = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(magnitude > 0.5 * magnitude.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 100) + 1)
    return [int(group[np.argmax(magnitude[group])]) for group in groups]
