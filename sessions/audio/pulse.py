"""PulseAudio servers that were brought here through SSH.

A sound server's own socket is found by its library; one that `ssh -R` forwards is not. PipeWire speaks the
same protocol on its `pulse/native` socket, and only that can be forwarded: its own passes descriptors.
"""

import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

VARIABLE = "PULSE_SERVER"
TCP_PORT = 4713
"""Where PulseAudio's module-native-protocol-tcp listens unless told otherwise."""
_FOLDER = Path("/tmp")
_TCP_LIMIT = 0.05


def over_ssh(environment: Mapping[str, str] = os.environ) -> bool:
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def servers(environment: Mapping[str, str] = os.environ, folder: Path = _FOLDER) -> tuple[str, ...]:
    """Return the forwarded servers, in the form of PULSE_SERVER; none where that is set, or not over SSH."""
    if environment.get(VARIABLE) or not over_ssh(environment):
        return ()
    found = []
    with suppress(OSError):
        for path in sorted((*folder.glob("*pulse*"), *folder.glob("*pulse*/native"))):
            with suppress(OSError):
                about = path.lstat()
                if stat.S_ISSOCK(about.st_mode) and about.st_uid == os.getuid():
                    found.append(f"unix:{path}")
    with suppress(OSError), socket.create_connection(("127.0.0.1", TCP_PORT), _TCP_LIMIT):
        found.append(f"tcp:127.0.0.1:{TCP_PORT}")
    return tuple(found)
