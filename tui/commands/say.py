"""`voxdeck say`: text to speech, into a file or to the speaker."""

import argparse
import time

import anyio
import anyio.to_thread

from sessions.audio import directory, settings
from sessions.audio.devices import NoDevice
from sessions.audio.manager import AudioManager
from sessions.audio.ports import Speaker
from sessions.commands import Speak
from sessions.text import one_line
from tui.commands import headless
from tui.commands.speech import SPOKEN, Speech

_NAME = "say"
DEVICE_LIMIT = 5.0
"""Seconds that a speaker may take to open, a relay's included."""


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        text = headless.text_argument(arguments.text)
        if not arguments.out:
            headless.keep_libraries_quiet()
        return lambda: _say(arguments, text)

    return headless.run(arguments, prepare, "speak")


async def _say(arguments: argparse.Namespace, text: str) -> None:
    if not arguments.out:
        await _find_speaker(arguments.output)
    report = headless.Report(as_json=arguments.json)
    async with headless.open_session(arguments, "speak", report) as running:
        speech = Speech()
        running.on_event(speech.hear)
        speech.asked = time.monotonic()
        running.session.send(Speak(_NAME, text))
        if arguments.out:
            await running.until(lambda: speech.complete, "the speech")
            speech.write(arguments.out)
            report.say(
                f"saved {speech.seconds:.1f} s of speech to {one_line(str(arguments.out))} "
                f"({speech.first_byte_text})"
            )
        else:
            await _play(arguments.output, speech, running)
            report.say(f"played {speech.seconds:.1f} s of speech ({speech.first_byte_text})")


async def _find_speaker(wanted: str) -> None:
    """Fail before anything is asked of a provider."""
    try:
        found = await anyio.to_thread.run_sync(directory.look)
        await anyio.to_thread.run_sync(found.resolve, wanted or settings.load().output, "output")
    except NoDevice as error:
        raise headless.CommandFailed(
            f"cannot play: {error}; --out FILE.wav writes the speech instead"
        ) from None


async def _play(wanted: str, speech: Speech, running: headless.Running) -> None:
    audio = AudioManager(settings.load(), output=wanted)
    speech.play_with(audio.mixer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(audio.run)
        await running.until(lambda: speech.complete, "the speech")
        begun = anyio.current_time()
        while audio.mixer.sounding(SPOKEN):
            speaker = audio.view().output
            why = speaker.notice.removesuffix(Speaker.WITHOUT).removesuffix(Speaker.WAITS)
            if wanted and speaker.live and why:  # it is not for a script to take another
                raise headless.CommandFailed(f"cannot play: {why.rpartition(': ')[0]}")
            if speaker.route == "none" and wanted != directory.NONE and why:
                raise headless.CommandFailed(f"cannot play: {why}")
            if not speaker.live and anyio.current_time() - begun > DEVICE_LIMIT + speech.seconds:
                raise headless.CommandFailed(f"cannot play: {why or 'the speaker does not open'}")
            await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
