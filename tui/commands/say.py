"""`voxdeck say`: text to speech, into a file or to the speaker."""

import argparse
import time

import anyio
import anyio.to_thread

from sessions.audio import devices, files
from sessions.audio.player import Player
from sessions.commands import Speak
from sessions.events import Audio, AudioEnd, Event
from sessions.text import one_line
from tui.commands import headless

_NAME = "say"


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        text = headless.text_argument(arguments.text)
        return lambda: _say(arguments, text)

    return headless.run("say", prepare)


async def _say(arguments: argparse.Namespace, text: str) -> None:
    device = None if arguments.out else await _speaker()
    report = headless.Report(as_json=arguments.json)
    async with headless.open_session(arguments, "speak", report) as running:
        speech = Speech()
        running.on_event(speech.hear)
        speech.asked = time.monotonic()
        running.session.send(Speak(_NAME, text))
        if device is None:
            await running.until(lambda: speech.complete, "the speech")
            speech.write(arguments.out)
            report.say(
                f"saved {speech.seconds:.1f} s of speech to {one_line(str(arguments.out))} "
                f"({speech.first_byte_text})"
            )
        else:
            await _play(device, speech, running)
            report.say(f"played {speech.seconds:.1f} s of speech ({speech.first_byte_text})")


class Speech:
    """Collects an utterance's audio, and plays it where a player is given."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.rate = 0
        self.asked = 0.0
        self.first_byte: float | None = None
        self.complete = False
        self.player: Player | None = None

    def hear(self, t: float, event: Event) -> None:
        match event:
            case Audio(utterance=name, pcm=pcm, rate=rate):
                self.pcm += pcm
                self.rate = rate
                if self.first_byte is None:
                    self.first_byte = t - self.asked
                if self.player:
                    self.player.add(name, _NAME, pcm, rate)
            case AudioEnd(utterance=name):
                self.complete = True
                if self.player:
                    self.player.end(name)
            case _:
                pass

    @property
    def seconds(self) -> float:
        return len(self.pcm) / (2 * self.rate) if self.rate else 0.0

    @property
    def first_byte_text(self) -> str:
        return (
            "no audio came"
            if self.first_byte is None
            else f"first byte after {self.first_byte * 1000:.0f} ms"
        )

    def write(self, path: object) -> None:
        if not self.pcm:
            raise headless.CommandFailed("the provider sent no audio for this text")
        try:
            files.write_wav(path, bytes(self.pcm), self.rate)  # type: ignore[arg-type]
        except files.AudioFileError as error:
            raise headless.CommandFailed(str(error)) from None


async def _speaker() -> devices.Device:
    try:
        return await anyio.to_thread.run_sync(devices.default_output)
    except devices.NoDevice as error:
        raise headless.CommandFailed(
            f"cannot play: {error}; --out FILE.wav writes the speech instead"
        ) from None


async def _play(device: devices.Device, speech: Speech, running: headless.Running) -> None:
    player = Player(device.rate)
    speech.player = player
    try:
        async with devices.speaker(device, player):
            await running.until(lambda: speech.complete, "the speech")
            while player.sounding(_NAME):  # noqa: ASYNC110 - the account changes in the device's thread
                await anyio.sleep(0.02)
    except devices.NoDevice as error:
        raise headless.CommandFailed(f"cannot play: {error}") from None
