"""`voxdeck transcribe`: a recording to text."""

import argparse
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio

from sessions.audio import files
from sessions.audio.pcm import Blocks, Resampler, samples_of
from sessions.commands import SendAudio
from sessions.events import Event, Utterance
from sessions.secrets import redact
from sessions.text import one_line
from tui.commands import headless

RAW_ENDINGS = (".raw", ".pcm")
_READ = 8192


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        chunks, rate = _source(arguments)
        return lambda: _transcribe(arguments, chunks, rate)

    return headless.run(arguments, prepare, "transcribe")


async def _transcribe(arguments: argparse.Namespace, chunks: AsyncIterator[bytes], rate: int) -> None:
    report = headless.Report(as_json=arguments.json)
    async with headless.open_session(arguments, "transcribe", report) as running:

        def show(t: float, event: Event) -> None:
            if isinstance(event, Utterance):
                report.say(one_line(redact(event.text), 10_000))

        running.on_event(show)
        session = running.session
        target = session.codec.input_rate or rate
        resampler, blocks = Resampler(rate, target), Blocks(int(target * running.block) * 2)
        begun, sent = anyio.current_time(), 0.0
        end = "the recording's end"
        while (chunk := await running.meanwhile(lambda: anext(chunks, None), end)) is not None:
            for block in blocks.push(resampler.push(samples_of(chunk)).tobytes()):
                await running.until(lambda: session.ready, end)
                session.send(SendAudio(block))
                sent += running.block
                await session.drained()
                if arguments.pace == "real":
                    await anyio.sleep_until(begun + sent)
        for block in (*blocks.push(resampler.flush().tobytes()), blocks.flush()):
            if block:
                await running.until(lambda: session.ready, end)
                session.send(SendAudio(block))
        session.finish()
        unheard = max(0.0, begun + sent - anyio.current_time())  # where it hears no faster than in real time
        await running.until(
            lambda: running.ended and running.failed is None, "the end of the transcript", lambda: unheard
        )


def _source(arguments: argparse.Namespace) -> tuple[AsyncIterator[bytes], int]:
    """Return the audio as 16-bit mono, in pieces, and its rate. Raises CommandFailed."""
    if arguments.file == "-":
        if headless.standard_input().isatty():
            raise headless.UsageFault("- reads PCM from standard input, which is a terminal here")
        return _standard_input(), arguments.rate
    path = Path(arguments.file)
    try:
        if path.suffix.lower() in RAW_ENDINGS:
            clip = files.raw(_bytes_of(path), arguments.rate, str(path))
        else:
            clip = files.read(path)
    except files.AudioFileError as error:
        raise headless.CommandFailed(str(error)) from None
    return _pieces(clip.samples.tobytes()), clip.rate


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise files.AudioFileError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


async def _pieces(pcm: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(pcm), _READ):
        yield pcm[at : at + _READ]


async def _read_input(descriptor: int) -> bytes:
    # Not in a thread: one that waits for input that never comes would hold up the command's end.
    with suppress(PermissionError):  # a file, which keeps nobody waiting
        await anyio.wait_readable(descriptor)
    return os.read(descriptor, _READ)


async def _standard_input() -> AsyncIterator[bytes]:
    """Whatever has come, as soon as it has come: it may be a live microphone."""
    odd = b""
    heard = False
    while chunk := await _read_input(sys.stdin.fileno()):
        data = odd + chunk
        odd = data[len(data) // 2 * 2 :]
        heard = heard or len(data) > 1
        yield data[: len(data) // 2 * 2]
    if not heard:
        raise headless.CommandFailed("standard input: it holds no sound (length 0)")
