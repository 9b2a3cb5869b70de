"""`voxdeck image`: a prompt to a picture."""

import argparse
from pathlib import Path

import anyio

from sessions.commands import MakeImage
from sessions.events import Event, Image, ImagesDone, ImagesFailed
from sessions.pictures import NotFetched, ending_of, fetch
from sessions.secrets import redact
from sessions.text import one_line
from tui.commands import headless

_JOB = "image"


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        prompt = headless.text_argument(arguments.text)
        return lambda: _image(arguments, prompt)

    return headless.run(arguments, prepare, "image")


async def _image(arguments: argparse.Namespace, prompt: str) -> None:
    report = headless.Report(as_json=arguments.json)
    pictures: list[Image] = []
    over: list[ImagesDone | ImagesFailed] = []

    def hear(t: float, event: Event) -> None:
        match event:
            case Image():
                pictures.append(event)
            case ImagesDone() | ImagesFailed():
                over.append(event)
            case _:
                pass

    async with headless.open_session(arguments, "image", report) as running:
        running.on_event(hear)
        running.session.send(MakeImage(_JOB, prompt))
        await running.until(lambda: bool(over), "the picture")
    match over[0]:
        case ImagesFailed(message=message):
            raise headless.CommandFailed(f"no picture: {one_line(redact(message))}")
        case _:
            pass
    if not pictures:
        raise headless.CommandFailed("the provider says it is done, and sent no picture")
    for number, picture in enumerate(pictures):
        try:
            content = picture.content or await fetch(picture.url)
        except NotFetched as error:
            raise headless.CommandFailed(str(error)) from None
        path = _path(arguments.out, content, number)
        try:
            await anyio.Path(path).write_bytes(content)
        except OSError as error:
            raise headless.CommandFailed(
                f"{path}: {(error.strerror or 'cannot be written').lower()}"
            ) from None
        size = f"{picture.width}x{picture.height} " if picture.width and picture.height else ""
        report.say(f"saved a {size}picture of {len(content) / 1000:.0f} kB to {one_line(str(path))}")


def _path(out: Path | None, content: bytes, number: int) -> Path:
    """Where the picture goes; several get a number each, and one without a name the ending of its format."""
    path = out or Path(f"voxdeck-image.{ending_of(content)}")
    return path if number == 0 else path.with_stem(f"{path.stem}-{number + 1}")
