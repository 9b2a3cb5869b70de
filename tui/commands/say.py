"""`voxdeck say`: text to speech, into a file or to the speaker."""

import argparse
import time

import anyio
import anyio.to_thread

from sessions.audio import devices
from sessions.audio.player import Player
from sessions.commands import Speak
from sessions.text import one_line
from tui.commands import headless
from tui.commands.speech import Speech

_NAME = "say"


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        text = headless.text_argument(arguments.text)
        return lambda: _say(arguments, text)

    return headless.run(arguments, prepare, "speak")


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
