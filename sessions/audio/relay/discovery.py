"""Where a forwarded relay is: the sockets that `ssh -R` has made here, or the one that is named.

sshd makes them for this user alone, and only such are taken. It never removes them, and the next `ssh -R` of
the same relay could not make its own again: so a socket that is used is set aside under another name, by
which it works as well, and one whose tunnel has gone is removed.
"""

import os
import re
import socket
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sessions.secrets import Secret

VARIABLE = "VOXDECK_RELAY"
FOLDER = Path("/tmp")  # where `voxdeck relay` has sshd put them, whatever TMPDIR says here
_NAME = re.compile(r"voxdeck-relay-([A-Za-z0-9_-]{16,64})\.sock")
_TCP = re.compile(r"(localhost|127\.0\.0\.1|\[?::1\]?):(\d{1,5})#([A-Za-z0-9_-]{16,64})")
_TUNNEL_GONE = "the relay's tunnel is gone: log out, and run its ssh command again"
_EXPECTED = "expected a socket voxdeck-relay-….sock, or HOST:PORT#TOKEN with a HOST of this machine"


class BadRelay(Exception):
    """VOXDECK_RELAY names no relay; the message is one line."""


@dataclass(frozen=True)
class RelayAddress:
    """`id` is what is remembered; neither it nor `shown` tells the token."""

    id: str
    shown: str
    token: Secret
    path: Path | None = field(default=None, repr=False)
    """The socket, whose name holds the token; else it is TCP."""
    host: str = ""
    port: int = 0


def socket_name(token: Secret) -> str:
    """Name the forwarded socket of a relay with this token."""
    return f"voxdeck-relay-{token.reveal()}.sock"


def find(environment: Mapping[str, str] = os.environ, folder: Path = FOLDER) -> list[RelayAddress]:
    """Find the relays, the newest first.

    Raises BadRelay when one is named wrongly, or there is nothing but what a tunnel has left behind.
    """
    if named := environment.get(VARIABLE, "").strip():
        return [_named(named)]
    if not hasattr(socket, "AF_UNIX"):
        return []
    left_over = False
    served: dict[Path, float] = {}
    for path in {
        folder / f"{each.name.partition('.')[0]}.sock" for each in folder.glob("voxdeck-relay-*.sock*")
    }:
        if _NAME.fullmatch(path.name):
            sockets = sockets_of(path)
            times = [_made_at(each) for each in sockets if is_served(each)]
            left_over = left_over or bool(sockets)
            if times:
                served[path] = max(times)
    if left_over and not served:
        raise BadRelay(_TUNNEL_GONE)
    newest_first = sorted(served, key=lambda path: served[path], reverse=True)
    return [_unix(path, number) for number, path in enumerate(newest_first, 1)]


def sockets_of(path: Path) -> list[Path]:
    """Return the sockets of a relay: the one that ssh makes, then those that were set aside, newest first."""
    aside = sorted(path.parent.glob(f"{path.name}.*"), key=_made_at, reverse=True)
    return [each for each in (path, *aside) if ours(each)]


def set_aside(path: Path) -> None:
    """Make room for the socket of the next tunnel; this one goes on to work."""
    if path.suffix == ".sock":
        with suppress(OSError):
            path.rename(path.with_name(f"{path.name}.{time.time_ns()}"))


def _named(text: str) -> RelayAddress:
    if match := _TCP.fullmatch(text):
        host, port = match[1].strip("[]"), int(match[2])
        if not 0 < port < 65536:
            raise BadRelay(f"{VARIABLE}: {port} is not a port; {_EXPECTED}")
        return RelayAddress("relay", f"SSH relay at port {port}", Secret(match[3]), host=host, port=port)
    path = Path(text)
    if not _NAME.fullmatch(path.name):
        raise BadRelay(f"{VARIABLE} names no relay; {_EXPECTED}")
    if os.path.lexists(path) and not ours(path):
        raise BadRelay(f"{VARIABLE}: that is not a socket which belongs to you alone; {_EXPECTED}")
    return _unix(path, 1)


def _unix(path: Path, number: int) -> RelayAddress:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    which = "" if number == 1 else f" {number}"
    return RelayAddress("relay" + which.replace(" ", "-"), "SSH relay" + which, Secret(match[1]), path)


def _made_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def ours(path: Path) -> bool:
    """Whether it is a socket that belongs to this user and that nobody else can reach."""
    try:
        status = path.lstat()
    except OSError:
        return False
    private = not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.getuid() and private


def is_served(path: Path) -> bool:
    """Whether there is a tunnel behind a socket of ours; it is removed when there is none."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True
        except ConnectionRefusedError:
            discard(path)
            return False
        except OSError:
            return False
    return True


def discard(path: Path) -> None:
    """Remove a socket without a tunnel."""
    if ours(path):
        with suppress(OSError):
            path.unlink()
