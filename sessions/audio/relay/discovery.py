"""Where a forwarded relay is: the sockets that `ssh -R` has made here, or the one that is named.

sshd makes them for this user alone, and only such are taken. One whose tunnel has gone is removed, for sshd
does not, and the next `ssh -R` could not make it again.
"""

import os
import re
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sessions.secrets import Secret

VARIABLE = "VOXDECK_RELAY"
FOLDER = Path("/tmp")  # where `voxdeck relay` has sshd put them, whatever TMPDIR says here
_NAME = re.compile(r"voxdeck-relay-([A-Za-z0-9_-]{16,64})\.sock")
_TCP = re.compile(r"(localhost|127\.0\.0\.1|\[?::1\]?):(\d{1,5})#([A-Za-z0-9_-]{16,64})")
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
    """Find the relays, the newest first. Raises BadRelay when one is named wrongly."""
    if named := environment.get(VARIABLE, "").strip():
        return [_named(named)]
    if not hasattr(socket, "AF_UNIX"):
        return []
    found = [
        path for path in folder.glob("voxdeck-relay-*.sock") if _NAME.fullmatch(path.name) and ours(path)
    ]
    there = sorted((path for path in found if is_served(path)), key=_made_at, reverse=True)
    return [_unix(path, number) for number, path in enumerate(there, 1)]


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
