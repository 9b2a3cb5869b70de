"""Recordings: both sides on one timeline, and a file that can be read whatever happens."""

import os
import subprocess
import sys
import tracemalloc
import wave
from pathlib import Path

import anyio
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio import recorder as module
from sessions.audio.files import AudioFileError, read
from sessions.audio.modes import Sides
from sessions.audio.pcm import RATE, Samples, from_float
from sessions.audio.recorder import Recorder

NOISE = np.random.default_rng(1).integers(-20000, 20000, 20 * RATE).astype(np.int16)
BLOCK = 960
FORMATS = pytest.mark.parametrize("suffix", [".wav", ".flac"])


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def channels(path: Path) -> Samples:
    """The file's samples, a column a channel."""
    data, rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert rate == RATE and soundfile.info(path).subtype == "PCM_16"
    return np.asarray(data, dtype=np.int16)


def click(size: int = BLOCK) -> Samples:
    samples = np.zeros(size, np.int16)
    samples[size // 2] = 20000
    return samples


async def written(recorder: Recorder, seconds: float) -> None:
    with anyio.fail_after(30):
        while recorder.seconds < seconds:  # noqa: ASYNC110 - a disk has no event
            await anyio.sleep(0.05)


@FORMATS
@pytest.mark.parametrize(("sides", "count"), [("input", 1), ("output", 1), ("both", 2)])
def test_each_side_lies_where_it_belongs(
    tmp_path: Path, clock: Clock, suffix: str, sides: Sides, count: int
) -> None:
    recorder = Recorder(tmp_path / f"talk{suffix}", sides, clock)
    for at in range(0, RATE, BLOCK):
        recorder.hear(NOISE[at : at + BLOCK], RATE, 1000 + at / RATE)
        recorder.say(NOISE[RATE + at : RATE + at + BLOCK], 1000.5 + at / RATE)
    recorder.close()
    data = channels(recorder.path)
    assert data.shape == (RATE if sides == "input" else RATE + RATE // 2, count)
    if sides != "output":
        assert np.array_equal(data[:RATE, 0], NOISE[:RATE]) and not data[RATE:, 0].any()
    if sides != "input":
        assert np.array_equal(data[RATE // 2 :, -1], NOISE[RATE : 2 * RATE])
        assert not data[: RATE // 2, -1].any()
    assert recorder.seconds == len(data) / RATE


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_click_on_both_sides_is_heard_at_once(tmp_path: Path, clock: Clock, rate: int) -> None:
    recorder = Recorder(tmp_path / "click.wav", "both", clock)
    block = rate // 50
    for number in range(150):
        at = 1000.1 + number * 0.02
        recorder.hear(click(block) if number % 50 == 10 else np.zeros(block, np.int16), rate, at)
        recorder.say(click() if number % 50 == 10 else np.zeros(BLOCK, np.int16), at)
    recorder.close()
    data = channels(recorder.path).astype(int)
    for second in range(3):
        part = data[second * RATE : (second + 1) * RATE]
        heard, said = np.abs(part).argmax(axis=0)
        assert abs(heard - said) <= RATE // 1000
        assert said == round((0.1 + 0.2) * RATE) + BLOCK // 2


@given(st.lists(st.floats(-0.015, 0.015), min_size=1, max_size=100))
def test_jitter_neither_inserts_nor_drops(
    tmp_path_factory: pytest.TempPathFactory, jitter: list[float]
) -> None:
    recorder = Recorder(tmp_path_factory.mktemp("jitter") / "a.wav", "output", Clock())
    for number, off in enumerate(jitter):
        first = number * BLOCK
        recorder.say(NOISE[first : first + BLOCK], 1000.02 + number * 0.02 + off)
    recorder.close()
    start = round((0.02 + jitter[0]) * RATE)
    assert np.array_equal(channels(recorder.path)[start:, 0], NOISE[: len(jitter) * BLOCK])


@given(
    st.sampled_from(["input", "output"]),
    st.lists(st.tuples(st.integers(1, 5000), st.integers(2000, 70_000)), min_size=1, max_size=8),
)
def test_gaps_become_silence(
    tmp_path_factory: pytest.TempPathFactory, side: Sides, parts: list[tuple[int, int]]
) -> None:
    recorder = Recorder(tmp_path_factory.mktemp("gaps") / "a.wav", side, Clock())
    expected = np.zeros(0, np.int16)
    for size, gap in parts:
        at = 1000 + (expected.size + gap) / RATE
        expected = np.concatenate([expected, np.zeros(gap, np.int16), NOISE[:size]])
        recorder.hear(NOISE[:size], RATE, at)
        recorder.say(NOISE[:size], at)
    recorder.close()
    assert np.array_equal(channels(recorder.path)[:, 0], expected)


def test_what_was_before_the_start_is_left_out(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "input", clock)
    recorder.hear(NOISE[:RATE], RATE, 999.75)
    recorder.close()
    assert np.array_equal(channels(recorder.path)[:, 0], NOISE[RATE // 4 : RATE])


def test_time_that_goes_back_is_obeyed(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "input", clock)
    recorder.hear(np.full(RATE, 1, np.int16), RATE, 1000.0)
    recorder.hear(np.full(RATE, 2, np.int16), RATE, 1000.5)
    recorder.close()
    data = channels(recorder.path)[:, 0]
    assert list(np.flatnonzero(np.diff(data))) == [RATE // 2 - 1] and data.size == RATE + RATE // 2


def test_change_of_rate_loses_nothing(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "input", clock)
    at = 1000.0
    for rate in (16000, 48000, 44100, 8000):
        tone = from_float(0.5 * np.sin(2 * np.pi * 440 * ((at - 1000) + np.arange(rate) / rate)))
        for first in range(0, rate, rate // 50):
            recorder.hear(tone[first : first + rate // 50], rate, at + first / rate)
        at += 1.0
    recorder.close()
    data = channels(recorder.path)[:, 0].astype(float)
    assert data.size == pytest.approx(4 * RATE, abs=4)
    for place in range(0, 4 * RATE - 4800, 4800):
        assert np.abs(data[place : place + 4800]).max() == pytest.approx(16384, rel=0.02)


@pytest.mark.anyio
async def test_last_syllable_before_a_gap_is_kept_at_any_rate(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "input", clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        recorder.hear(np.full(16000, 1000, np.int16), 16000, 1000.0)
        clock.now += 10
        await written(recorder, 9)
        recorder.close()
    data = channels(recorder.path)[:, 0]
    assert data.size == 10 * RATE and not data[RATE:].any()
    assert np.abs(data[RATE - 480 : RATE - 48] - 1000.0).max() < 150, "not kept back by the resampler"


@FORMATS
@pytest.mark.anyio
async def test_silent_side_is_filled_while_the_other_goes_on(
    tmp_path: Path, clock: Clock, suffix: str
) -> None:
    recorder = Recorder(tmp_path / f"a{suffix}", "both", clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        for number in range(250):
            recorder.hear(NOISE[number * BLOCK : (number + 1) * BLOCK], RATE, 1000 + number * 0.02)
        recorder.say(click(), 1000.5)
        clock.now += 5
        await written(recorder, 4)
        assert recorder.seconds == 4, "what may still come is waited for"
        assert read(recorder.path).seconds == pytest.approx(4, abs=0.1), "in the middle of it"
        recorder.say(click(), 1001.0)
        recorder.close()
    data = channels(recorder.path)
    assert np.array_equal(data[:, 0], NOISE[: 5 * RATE])
    assert list(np.flatnonzero(data[:, 1])) == [RATE // 2 + BLOCK // 2], "too late is left out"


@FORMATS
@pytest.mark.anyio
async def test_cancelled_recording_is_whole(tmp_path: Path, clock: Clock, suffix: str) -> None:
    recorder = Recorder(tmp_path / f"a{suffix}", "output", clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        recorder.say(NOISE[:RATE], 1000.0)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert np.array_equal(channels(recorder.path)[:, 0], NOISE[:RATE])
    recorder.say(NOISE[:RATE], 1001.0)
    recorder.close()
    await recorder.run()
    assert len(channels(recorder.path)) == RATE, "nothing is taken after the end"


@pytest.mark.anyio
async def test_output_may_come_from_another_thread(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "both", clock)

    def play() -> None:
        for number in range(1000):
            recorder.say(NOISE[number * 96 : (number + 1) * 96], 1000 + number * 0.002)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        await anyio.to_thread.run_sync(play)
        recorder.close()
    assert np.array_equal(channels(recorder.path)[: 2 * RATE, 1], NOISE[: 2 * RATE])


def test_blocks_that_nobody_writes_are_not_kept_for_ever(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path / "a.wav", "output", clock)
    for number in range(20_000):
        recorder.say(NOISE[:48], 1000 + number / 1000)
    recorder.close()
    data = channels(recorder.path)[:, 0]
    assert data.size == 20 * RATE
    assert np.count_nonzero(data) <= 6000 * 48 and np.array_equal(data[-48:], NOISE[:48])


@FORMATS
def test_silence_is_written_without_holding_it(tmp_path: Path, clock: Clock, suffix: str) -> None:
    recorder = Recorder(tmp_path / f"a{suffix}", "both", clock)
    clock.now += 120
    tracemalloc.start()
    recorder.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    recorder.close()
    assert peak < 5_000_000, "of 23 MB"
    assert channels(recorder.path).shape == (120 * RATE, 2) and recorder.seconds == 120


def fault(path: Path) -> str:
    with pytest.raises(AudioFileError) as caught:
        Recorder(path, "both")
    assert str(caught.value).isprintable()
    return str(caught.value)


@FORMATS
def test_existing_file_is_never_touched(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(b"precious")
    assert fault(path) == f"{path}: exists and is not overwritten; take another name"
    assert path.read_bytes() == b"precious"


@FORMATS
def test_places_that_cannot_be_written_to(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").touch()
    missing, inside = tmp_path / f"missing/a{suffix}", tmp_path / f"file/a{suffix}"
    assert fault(missing) == f"{missing}: cannot be written: no such file or directory"
    assert fault(inside) == f"{inside}: cannot be written: not a directory"
    assert fault(tmp_path / f"a\n\x1b[2J/\0{suffix}").endswith(": cannot be written: embedded null byte")
    tmp_path.chmod(0o500)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may write everywhere
    try:
        assert fault(tmp_path / f"a{suffix}").endswith(f"a{suffix}: cannot be written: permission denied")
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("name", ["a.mp3", "a", "wav", "a.wav.gz"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert fault(path) == f"{path}: a recording is a .wav or a .flac file; name it so"
    assert not path.exists()


def test_wav_that_is_full_ends(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAV_LIMIT", 1_000_000)
    recorder = Recorder(tmp_path / "a.wav", "both", clock)
    recorder.say(NOISE, 1000.0)
    with pytest.raises(AudioFileError, match=r"a\.wav: is full, a WAV file ends at 4 GB; record"):
        recorder.close()
    assert np.array_equal(channels(recorder.path)[:, 1], NOISE[: 5 * RATE])


def child(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[3]
    )


FULL_DISK = """
import itertools, resource, sys
from pathlib import Path
import anyio
from sessions.audio.files import AudioFileError
from sessions.audio.recorder import Recorder
from tests.sessions.audio.test_recorder import NOISE, RATE, Clock

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
clock = Clock()

async def speak(recorder):
    for second in itertools.count():
        first = second % 20 * RATE
        recorder.say(NOISE[first : first + RATE], 1000 + second)
        clock.now += 1
        await anyio.sleep(0.1)

async def main():
    recorder = Recorder(Path(sys.argv[1]), "output", clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak, recorder)
        try:
            await recorder.run()
        except AudioFileError as error:
            print(error)
            tasks.cancel_scope.cancel()

try:
    anyio.run(main)
except AudioFileError as error:
    print(error)
"""


@FORMATS
def test_full_disk_ends_the_recording_and_keeps_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with child(FULL_DISK, path, "500000") as process:
        assert process.stdout
        (line,) = process.stdout.read().splitlines()
        assert process.wait() == 0
    assert line.startswith(f"{path}: cannot be written: file too large; it ends after ")
    for data in (channels(path)[:, 0], read(path).samples):
        assert 3 * RATE < data.size < 6 * RATE
        assert np.array_equal(data, NOISE[: data.size])


@FORMATS
def test_disk_that_is_full_from_the_beginning(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with child(FULL_DISK, path, "10") as process:
        assert process.stdout
        assert process.stdout.read() == f"{path}: cannot be written: file too large\n"
        assert process.wait() == 0
    assert not path.exists()


KILLED = """
import sys, time
from pathlib import Path
import anyio
from sessions.audio.recorder import Recorder
from tests.sessions.audio.test_recorder import BLOCK, NOISE

async def main():
    recorder = Recorder(Path(sys.argv[1]), "both")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        start = time.monotonic()
        for number in range(900):
            block = NOISE[number * BLOCK : (number + 1) * BLOCK]
            recorder.hear(block, 48000, start + number * 0.02)
            recorder.say(block, start + number * 0.02)
            await anyio.sleep(max(0, start + number * 0.02 - time.monotonic()))
            if recorder.seconds > 1:
                print("recording", flush=True)

anyio.run(main)
"""


@FORMATS
def test_killed_recording_can_be_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with child(KILLED, path) as process:
        assert process.stdout and process.stdout.readline() == "recording\n"
        process.kill()
    data = channels(path)
    assert len(data) > 0.9 * RATE
    assert np.array_equal(data[:, 0], data[:, 1])
    sound = data[np.flatnonzero(data[:, 0])[0] :, 0]
    assert np.array_equal(sound, NOISE[: sound.size])
    assert read(path).samples.size == len(data)
    if suffix == ".wav":
        with wave.open(str(path)) as opened:
            assert opened.getnframes() == len(data), "the header is right, too"
