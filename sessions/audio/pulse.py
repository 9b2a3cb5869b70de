"""PulseAudio servers that were brought here through SSH.

A sound server's own socket is found by its library; one that `ssh -R` forwards is not. PipeWire speaks the
same protocol on its `pulse/native` socket, and only that can be forwarded: its own passes descriptors. The
library tries to pass one here, too, over any Unix socket, and fails, unless it is told not to (measured).
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
FOLDER = Path("/tmp")
_TCP_LIMIT = 0.05


CLIENT_VARIABLE = "PULSE_CLIENTCONFIG"
_NO_SHARED_MEMORY = Path(__file__).with_name("pulse_client.conf")


def over_ssh(environment: Mapping[str, str] = os.environ) -> bool:
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def settings(server: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what has to be in the environment to reach a server; of no name: the present one."""
    named = {VARIABLE: server} if server else {}
    forwarded = server or (environment.get(VARIABLE, "") if over_ssh(environment) else "")
    if forwarded.startswith(("unix:", "/")) and CLIENT_VARIABLE not in environment:
        named[CLIENT_VARIABLE] = str(_NO_SHARED_MEMORY)
    return named


def servers(environment: Mapping[str, str] = os.environ, folder: Path = FOLDER) -> tuple[str, ...]:
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
