"""Sources of sound at real pace, and the names that users give them."""

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessions.audio import sources
from sessions.audio.files import Clip, bundled_recording
from sessions.audio.pcm import RATE, Samples, level
from sessions.audio.sources import (
    BLOCK,
    BadSource,
    FileSource,
    InputSource,
    MicrophoneSource,
    NoSource,
    PaneSource,
    PcmInput,
    Playback,
    ToneSource,
    parse,
    play_silence,
    play_tone,
)
from sessions.audio.streams import Feed
from sessions.text import one_line

pytestmark = pytest.mark.anyio


@dataclass
class Heard:
    """What a source fed."""

    blocks: list[Samples] = field(default_factory=list)
    rates: set[int] = field(default_factory=set)
    times: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.int16), *self.blocks])

    def feed(self, samples: Samples, rate: int, at: float) -> None:
        self.blocks.append(samples)
        self.rates.add(rate)
        self.times.append(at)


Run = Callable[[Feed], Awaitable[None]]


async def hear(run: Run, size: int, meanwhile: Callable[[int], None] = lambda _: None) -> Heard:
    """Let a source run until it has fed so many samples; `meanwhile` is told how many after each block."""
    heard = Heard()
    begun = time.monotonic()
    with anyio.CancelScope() as scope:

        def feed(samples: Samples, rate: int, at: float) -> None:
            heard.feed(samples, rate, at)
            fed = heard.samples.size
            if fed >= size:
                scope.cancel()
            meanwhile(fed)

        await run(feed)
    heard.took = time.monotonic() - begun
    return heard


def clip(size: int, rate: int = 8000) -> Clip:
    """Samples 1, 2, 3, …, so that each can be told from the others."""
    return Clip(np.arange(1, size + 1, dtype=np.int16), rate)


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """The reading end and the writing end; the test may close the latter itself."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        with suppress(OSError):
            os.close(writing)


# Recordings


async def test_a_recording_is_fed_at_real_pace_and_silence_goes_on() -> None:
    source = Playback(clip(1000))
    assert (source.position, source.length, source.ended) == (0.0, 0.125, False)
    heard = await hear(source.run, 2400)
    assert heard.rates == {8000}
    assert np.array_equal(heard.samples[:1000], clip(1000).samples)
    assert not heard.samples[1000:].any()
    assert source.ended and source.position == source.length
    assert 0.3 <= heard.took < 3
    assert [block.size for block in heard.blocks] == [160] * 15


@pytest.mark.parametrize("rate", [4000, 11025, 44100])
async def test_times_are_those_of_capture(rate: int) -> None:
    begun = time.monotonic()
    heard = await hear(Playback(clip(30_000, rate)).run, rate // 5)
    assert heard.times[0] == pytest.approx(begun, abs=0.5)
    places = np.cumsum([0, *(block.size for block in heard.blocks)])[:-1]
    assert heard.times == pytest.approx(heard.times[0] + places / rate)


async def test_what_was_missed_while_the_machine_stalled_is_made_up_for() -> None:
    stalls = iter([0.4])

    def stall(_: int) -> None:
        time.sleep(next(stalls, 0.0))

    heard = await hear(Playback(clip(8000)).run, 4000, stall)
    assert np.array_equal(heard.samples[:4000], clip(4000).samples)
    assert heard.took < 0.4 + 0.4, "the stall's 0.4 s were not waited for again"


async def test_it_goes_on_where_it_was_stopped() -> None:
    source = Playback(clip(1000))
    first = await hear(source.run, 320)
    assert source.position == first.samples.size / 8000
    second = await hear(source.run, 320)
    assert second.samples[0] == first.samples[-1] + 1


async def test_seeking_is_relative_and_stays_within_the_recording() -> None:
    source = Playback(clip(8000))
    for step, position in ((0.25, 0.25), (-0.125, 0.125), (-5, 0.0), (0.5, 0.5), (60, 1.0), (-0.5, 0.5)):
        source.seek(step)
        assert source.position == position
        assert source.ended is (position == 1.0)
    assert (await hear(source.run, 160)).samples[0] == 4001


async def test_seeking_back_from_the_end_plays_it_again() -> None:
    source = Playback(clip(320))

    def back_once(fed: int) -> None:
        if fed == 640:
            assert source.ended
            source.seek(-source.length)

    heard = await hear(source.run, 960, back_once)
    assert np.array_equal(heard.samples[640:960], clip(320).samples)


@pytest.mark.parametrize("length", [1, 250])
async def test_a_loop_has_no_gap(length: int) -> None:
    source = Playback(clip(length), loop=True)
    heard = await hear(source.run, 800)
    assert np.array_equal(heard.samples[:800], np.resize(clip(length).samples, 800))
    source.loop = False
    rest = await hear(source.run, 480)
    assert source.ended
    assert not rest.samples[-160:].any()


async def test_the_bundled_recording_plays_as_any_other() -> None:
    source = Playback(bundled_recording())
    source.seek(1.0)
    assert level((await hear(source.run, 1600)).samples) > 0.01


# Raw samples from a descriptor


def ramp(size: int) -> bytes:
    return np.arange(1, size + 1, dtype="<i2").tobytes()


async def test_a_stream_comes_as_soon_as_it_is_there_and_silence_goes_on() -> None:
    with pipe() as (reading, writing):
        source = PcmInput(reading, 8000)
        os.write(writing, ramp(8000))
        begun = time.monotonic()
        heard = await hear(source.run, 8000)
        assert heard.samples.tobytes() == ramp(8000)
        assert heard.took < 0.8, "a whole second that had piled up"
        assert heard.times[0] == pytest.approx(begun - 1.0, abs=0.5), "it was captured before"
        assert np.diff(heard.times) == pytest.approx(BLOCK)
        os.write(writing, ramp(100))
        os.close(writing)
        heard = await hear(source.run, 1000)
        assert heard.samples[:100].tobytes() == ramp(100) and not heard.samples[100:].any()
        assert source.ended


async def test_waiting_for_what_never_comes_can_be_ended_at_once() -> None:
    with pipe() as (reading, _):
        begun = time.monotonic()
        with anyio.move_on_after(0.1):
            await PcmInput(reading, 8000).run(Heard().feed)
        assert time.monotonic() - begun < 3


async def test_times_of_a_stream_never_go_back_and_are_never_ahead() -> None:
    heard = Heard()

    def feed(samples: Samples, rate: int, at: float) -> None:
        heard.feed(samples, rate, at - time.monotonic())

    with pipe() as (reading, writing):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(PcmInput(reading, 48000).run, feed)
            for _ in range(20):
                os.write(writing, bytes(48 * 2 * 5))
                await anyio.sleep(0.005)
            tasks.cancel_scope.cancel()
    assert heard.samples.size
    assert max(heard.times) <= 0.0


async def test_a_file_that_is_piped_is_not_let_in_all_at_once() -> None:
    endless = os.open("/dev/zero", os.O_RDONLY)
    heard = Heard()
    begun = time.monotonic()
    with anyio.move_on_after(0.3):
        await PcmInput(endless, 16000).run(heard.feed)
    os.close(endless)
    read_at_once = sources._PIPE / 2 / 16000
    elapsed = time.monotonic() - begun
    assert 0 < heard.samples.size / 16000 < sources._LEAD + read_at_once + 1.1 * elapsed


async def test_a_file_is_read_at_real_pace(tmp_path: Path) -> None:
    path = tmp_path / "sound.raw"
    path.write_bytes(ramp(2000) + b"\x07")
    with path.open("rb") as file:
        source = PcmInput(file.fileno(), 8000)
        heard = await hear(source.run, 3200)
    assert heard.samples[:2000].tobytes() == ramp(2000)
    assert not heard.samples[2000:].any()
    assert source.ended
    assert heard.took >= 0.4


@pytest.mark.parametrize("where", [os.devnull, "a writer that has gone"])
async def test_a_descriptor_without_sound_is_silence(where: str) -> None:
    with pipe() as (reading, writing):
        os.close(writing)
        descriptor = os.open(where, os.O_RDONLY) if where == os.devnull else reading
        source = PcmInput(descriptor, 8000)
        heard = await hear(source.run, 480)
        assert source.ended and not heard.samples.any()
        if where == os.devnull:
            os.close(descriptor)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=9), max_size=8))
def test_samples_may_be_torn_anywhere(pieces: list[bytes]) -> None:
    async def main() -> Samples:
        with pipe() as (reading, writing):
            heard = Heard()
            source = PcmInput(reading, 8000)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(source.run, heard.feed)
                for piece in pieces:
                    os.write(writing, piece)
                    await anyio.sleep(0.001)
                os.close(writing)
                while not source.ended:  # noqa: ASYNC110 - it has no event
                    await anyio.sleep(0.001)
                tasks.cancel_scope.cancel()
            return heard.samples

    data = b"".join(pieces)
    assert anyio.run(main).tobytes() == data[: len(data) // 2 * 2]


# What is made here


async def test_a_tone_has_its_pitch_its_level_and_no_seams() -> None:
    heard = await hear(lambda feed: play_tone(1234.5, feed), RATE // 4)
    assert heard.rates == {RATE}
    wave = heard.samples / 32768
    expected = 0.25 * np.sin(2 * np.pi * 1234.5 * np.arange(wave.size) / RATE)
    assert np.abs(wave - expected).max() < 1e-4


async def test_silence() -> None:
    heard = await hear(play_silence, RATE // 10)
    assert heard.rates == {RATE} and not heard.samples.any()


# Names


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("microphone", MicrophoneSource()),
        (" input ", InputSource()),
        ("-", InputSource()),
        ("none", NoSource()),
        ("tone:440", ToneSource(440.0)),
        ("tone:40", ToneSource(40.0)),
        ("tone: 20000 ", ToneSource(20_000.0)),
        ("pane:agent: two", PaneSource("agent: two")),
        ("file:/a/notes", FileSource(Path("/a/notes"))),
        ("file:~/a.wav", FileSource(Path.home() / "a.wav")),
        ("file:~nobody-is-called-so/a.wav", FileSource(Path("~nobody-is-called-so/a.wav"))),
        ("loop:/a/b.wav", FileSource(Path("/a/b.wav"), loop=True)),
        ("talk.WAV", FileSource(Path("talk.WAV"))),
        ("a/b:c.flac", FileSource(Path("a/b:c.flac"))),
    ],
)
def test_what_users_type(text: str, source: sources.Source) -> None:
    assert parse(text) == source


@pytest.mark.parametrize(
    "text",
    ["", "speaker", "microphone:usb", "pane:", "pane: ", "file:", "loop:", "file:\0", "\0.wav", "notes.txt"],
)
def test_what_is_none_says_what_is_expected(text: str) -> None:
    with pytest.raises(BadSource, match="expected file:PATH, loop:PATH, input"):
        parse(text)


@pytest.mark.parametrize("frequency", ["", "39.9", "20001", "nan", "inf", "-440", "high", "4\n40"])
def test_tone_that_cannot_be_made(frequency: str) -> None:
    with pytest.raises(BadSource, match=r"^tone:.*: expected a frequency from 40 to 20000 Hz$"):
        parse(f"tone:{frequency}")


@given(st.text() | st.sampled_from(["file:", "tone:", "pane:"]).flatmap(lambda k: st.text().map(k.__add__)))
@example("tone:1e999")
@example("file:~\udcff/x")
def test_no_text_breaks_it(text: str) -> None:
    with suppress(BadSource):
        parse(text)
        return
    with pytest.raises(BadSource) as caught:
        parse(text)
    assert str(caught.value) == one_line(str(caught.value))
