"""Which sockets count as relays."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sessions.audio.relay.discovery import VARIABLE, BadRelay, find, set_aside, socket_name, sockets_of
from sessions.secrets import Secret

TOKEN = "0123456789abcdefghij_-"
TCP = "expected a socket voxdeck-relay-….sock, or HOST:PORT#TOKEN"


class Sockets:
    """Makes listening sockets in a folder with a short name."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack

    def make(self, name: str, *, mode: int = 0o600, stale: bool = False) -> Path:
        path = self.folder / name
        listening = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(path))
        listening.listen()
        path.chmod(mode)
        if stale:
            listening.close()
        return path


@pytest.fixture
def sockets(folder: Path) -> Iterator[Sockets]:
    with ExitStack() as stack:
        yield Sockets(folder, stack)


def test_a_forwarded_socket_is_found_with_its_token(sockets: Sockets) -> None:
    path = sockets.make(socket_name(Secret(TOKEN)))
    (found,) = find({}, sockets.folder)
    assert (found.id, found.path, found.token) == ("relay", path, Secret(TOKEN))
    assert TOKEN not in repr(found)
    assert TOKEN not in found.id + found.shown


def test_several_are_told_apart_and_the_newest_is_the_first(sockets: Sockets) -> None:
    older = sockets.make("voxdeck-relay-aaaaaaaaaaaaaaaaaaaaaa.sock")
    newer = sockets.make("voxdeck-relay-bbbbbbbbbbbbbbbbbbbbbb.sock")
    os.utime(older, (1000, 1000))
    found = find({}, sockets.folder)
    assert [each.path for each in found] == [newer, older]
    assert [each.id for each in found] == ["relay", "relay-2"]


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o601, 0o644])
def test_a_socket_that_others_can_reach_does_not_count(sockets: Sockets, mode: int) -> None:
    path = sockets.make(socket_name(Secret(TOKEN)), mode=mode)
    assert find({}, sockets.folder) == []
    assert path.exists()
    with pytest.raises(BadRelay, match="belongs to you alone"):
        find({VARIABLE: str(path)})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a socket away")
def test_a_socket_of_another_user_does_not_count(sockets: Sockets) -> None:
    path = sockets.make(socket_name(Secret(TOKEN)))
    os.chown(path, 12345, -1)
    assert find({}, sockets.folder) == []
    assert path.exists()


def test_what_is_no_socket_does_not_count(sockets: Sockets) -> None:
    file = sockets.folder / "voxdeck-relay-ffffffffffffffffffffff.sock"
    file.touch(0o600)
    real = sockets.make("real")
    link = sockets.folder / "voxdeck-relay-llllllllllllllllllllll.sock"
    link.symlink_to(real)
    sockets.make("voxdeck-relay-short.sock")
    sockets.make("voxdeck-relay-\x1b[2Jaaaaaaaaaaaaaaaaaa.sock")
    assert find({}, sockets.folder) == []
    assert file.exists() and link.is_symlink()


def test_a_socket_without_a_tunnel_is_removed(sockets: Sockets) -> None:
    stale = sockets.make(socket_name(Secret(TOKEN)), stale=True)
    with pytest.raises(BadRelay, match="log out, and run its ssh command again"):
        find({}, sockets.folder)
    assert not stale.exists()
    assert find({}, sockets.folder) == []


def test_a_socket_that_is_set_aside_makes_room_and_is_still_found(sockets: Sockets) -> None:
    path = sockets.make(socket_name(Secret(TOKEN)))
    set_aside(path)
    assert not path.exists()
    (found,) = find({}, sockets.folder)
    assert (found.path, found.token) == (path, Secret(TOKEN))
    (aside,) = sockets_of(path)
    set_aside(aside)
    assert sockets_of(path) == [aside], "it is there already"
    again = sockets.make(path.name)
    assert sockets_of(path) == [again, aside], "what ssh has made last is tried first"
    assert len(find({}, sockets.folder)) == 1


def test_a_folder_that_is_not_there_holds_none(folder: Path) -> None:
    assert find({}, folder / "nowhere") == []


def test_a_relay_can_be_named_by_its_socket(sockets: Sockets) -> None:
    path = sockets.make(socket_name(Secret(TOKEN)))
    sockets.make("voxdeck-relay-bbbbbbbbbbbbbbbbbbbbbb.sock")
    (found,) = find({VARIABLE: str(path)}, sockets.folder)
    assert found.path == path


@pytest.mark.parametrize(
    ("host", "bare"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("[::1]", "::1")]
)
def test_a_relay_can_be_named_by_its_port(host: str, bare: str) -> None:
    (found,) = find({VARIABLE: f"{host}:4711#{TOKEN}"})
    assert (found.host, found.port, found.path, found.token) == (bare, 4711, None, Secret(TOKEN))
    assert TOKEN not in found.id + found.shown + repr(found)


@pytest.mark.parametrize(
    "named",
    [
        f"192.168.1.2:4711#{TOKEN}",
        f"example.org:4711#{TOKEN}",
        f"127.0.0.1:0#{TOKEN}",
        f"127.0.0.1:99999#{TOKEN}",
        "127.0.0.1:4711",
        "127.0.0.1:4711#short",
        f":4711#{TOKEN}",
        "/tmp/something.sock",
        "x",
        "\x1b[2J",
        "/tmp/voxdeck-relay-\n.sock",
    ],
)
def test_a_wrong_name_is_one_line_that_tells_no_token(named: str) -> None:
    with pytest.raises(BadRelay) as fault:
        find({VARIABLE: named})
    message = str(fault.value)
    assert message.startswith(VARIABLE) and message.isprintable()
    assert TCP in message
    assert TOKEN not in message


def test_an_empty_name_is_none(folder: Path) -> None:
    assert find({VARIABLE: " "}, folder) == []
