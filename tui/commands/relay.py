"""`voxdeck relay`: serve this machine's microphone and speaker to a deck on a remote one."""

import argparse
import os
import platform
import shlex
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessions.audio import devices
from sessions.audio.devices import Device, Direction, NoDevice
from sessions.audio.directory import Directory
from sessions.audio.relay import discovery
from sessions.audio.relay.door import new_token
from sessions.audio.relay.offer import Offer
from sessions.audio.relay.server import Relay
from sessions.text import one_line
from tui.commands import headless

_HOST = "127.0.0.1"


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        headless.keep_libraries_quiet()
        offer = _offer(arguments)
        return lambda: _serve(arguments, offer)

    return headless.run(arguments, prepare)


def _offer(arguments: argparse.Namespace) -> Offer:
    """Look for the devices. Raises CommandFailed or UsageFault."""
    found = Directory(devices.look())
    offer = Offer(
        one_line(platform.node(), 60) or "laptop",
        _device(found, arguments.input, "input"),
        _device(found, arguments.output, "output"),
    )
    if not offer.input and not offer.output:
        why = found.devices.problem or "there is no microphone and no speaker: connect one"
        raise headless.CommandFailed(f"{why}; the relay is for the machine that you sit at")
    return offer


def _device(found: Directory, wanted: str, direction: Direction) -> Device | None:
    """Find what is wanted, or else the default, if there is one. Raises UsageFault."""
    if not wanted:
        return found.devices.default(direction)
    try:
        endpoint = found.resolve(wanted, direction)
    except NoDevice as error:
        raise headless.UsageFault(str(error)) from None
    return endpoint if isinstance(endpoint, Device) else None


async def _serve(arguments: argparse.Namespace, offer: Offer) -> None:
    token = new_token()
    with _listening(arguments.port) as (listening, target):
        forward = shlex.quote(f"{discovery.FOLDER.as_posix()}/{discovery.socket_name(token)}:{target}")
        for line in (
            f"microphone: {offer.input_name or 'none'}",
            f"speaker: {offer.output_name or 'none'}",
            f"ssh -R {forward} HOST",
            "Connect with this command; a deck that is started there finds them. Ctrl+C ends the relay.",
        ):
            _tell(line)
        await Relay(offer, token, _tell).serve(listening)


def _tell(line: str) -> None:
    headless.write(line + "\n")


@contextmanager
def _listening(port: int | None) -> Iterator[tuple[socket.socket, str]]:
    """Bind for this user alone where there are Unix sockets, else or with a port on TCP, on this machine.

    Yields the socket and how ssh names it. Raises CommandFailed.
    """
    if port is None and hasattr(socket, "AF_UNIX"):
        with _private_folder() as folder, socket.socket(socket.AF_UNIX) as listening:
            path = folder / "relay.sock"
            try:
                listening.bind(str(path))
                path.chmod(0o600)
            except OSError as error:
                raise _cannot_listen(f"{path}; --port 0 listens on TCP instead", error) from None
            yield listening, str(path)
        return
    with socket.socket() as listening:
        try:
            listening.bind((_HOST, port or 0))
        except OSError as error:
            raise _cannot_listen(f"port {port or 0}; --port 0 takes a free one", error) from None
        yield listening, f"{_HOST}:{listening.getsockname()[1]}"


def _cannot_listen(where: str, error: OSError) -> headless.CommandFailed:
    return headless.CommandFailed(f"cannot listen on {where}: {(error.strerror or str(error)).lower()}")


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, with a short name: a socket's path has about 100 bytes."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    try:
        folder = tempfile.mkdtemp(
            prefix="voxdeck-relay-", dir=runtime if runtime and Path(runtime).is_dir() else None
        )
    except OSError as error:
        raise _cannot_listen("a socket in the temporary folder", error) from None
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
