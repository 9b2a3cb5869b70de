"""`voxdeck devices`: microphones and speakers, by the numbers and names that --input and --output take."""

import argparse

import msgspec

from sessions.audio import settings
from sessions.audio.devices import WHAT, Device, Direction, NoDevice
from sessions.audio.directory import Directory, look
from sessions.audio.modes import Route
from sessions.audio.view import Choice
from sessions.text import escape_json, one_line
from tui.commands import headless

_INSTEAD: dict[Direction, str] = {
    "input": "connect one, run voxdeck relay where you sit, or take --input file:PATH",
    "output": "connect one, run voxdeck relay where you sit, or take voxdeck say --out FILE.wav",
}


class Row(msgspec.Struct, frozen=True):
    direction: Direction
    number: int
    id: str
    name: str
    route: Route
    rate: int | None
    """None, as of the channels: it is no device of this machine."""
    channels: int | None
    default: bool
    chosen: bool
    """By the user, in the deck, which remembers it."""


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        directory, remembered = look(), settings.load()

        async def main() -> None:
            _list(directory, "input", remembered.input, as_json=arguments.json)
            _list(directory, "output", remembered.output, as_json=arguments.json)
            if directory.relay_problem:
                headless.note(one_line(directory.relay_problem))
            if directory.devices.problem:
                raise headless.CommandFailed(directory.devices.problem)

        return main

    return headless.run(arguments, prepare)


def _list(directory: Directory, direction: Direction, remembered: str, *, as_json: bool) -> None:
    tell = headless.note if as_json else (lambda line: headless.write(line + "\n"))
    choices = directory.choices(direction)
    devices = {device.id: device for device in directory.devices.of(direction)}
    if not as_json:
        tell(f"{WHAT[direction].capitalize()}s (--{direction}):")
    for number, choice in enumerate(choices, 1):
        row = _row(direction, number, choice, devices.get(choice.id), chosen=choice.id == remembered)
        if as_json:
            headless.write(escape_json(msgspec.json.encode(row).decode()) + "\n")
        else:
            marks = [word for word, is_so in (("default", row.default), ("chosen", row.chosen)) if is_so]
            about = ", ".join((*filter(None, [one_line(choice.detail)]), *marks))
            tell(f"{number:>3}  {one_line(choice.name)}{f' ({about})' if about else ''}")
    if remembered and remembered not in {choice.id for choice in choices}:
        tell(f"The {WHAT[direction]} that you chose is not here: {one_line(remembered)}")
    if (why := _lacking(directory, direction)) and not directory.devices.problem:
        tell(why)


def _row(direction: Direction, number: int, choice: Choice, device: Device | None, *, chosen: bool) -> Row:
    rate, channels = (device.rate, device.channels) if device else (None, None)
    return Row(
        direction, number, choice.id, choice.name, choice.route, rate, channels, choice.default, chosen
    )


def _lacking(directory: Directory, direction: Direction) -> str:
    """Return why there is no default and what to do, or nothing where there is one."""
    try:
        directory.resolve("", direction)
    except NoDevice as error:
        if directory.devices.of(direction):
            return one_line(str(error), 600)
        return f"There is no {WHAT[direction]}: {_INSTEAD[direction]}"
    return ""
