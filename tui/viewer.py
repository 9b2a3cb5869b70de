"""Pictures in the system's own viewer."""

import atexit
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from sessions.pictures import ending_of

_numbers = itertools.count(1)


def open_outside(content: bytes) -> str:
    """Write the picture into a file that lasts as long as the deck, and open it where a viewer can be seen.

    Return what to tell the user. Raises OSError.
    """
    path = _folder() / f"picture-{next(_numbers)}.{ending_of(content)}"
    path.write_bytes(content)
    if "SSH_CONNECTION" in os.environ:
        return f"over SSH no viewer can be opened; until you leave, the picture is in {path}"
    if sys.platform == "win32":
        os.startfile(path)
        return f"opened {path}"
    command = _viewer()
    if command is None:
        return f"no viewer was found; until you leave, the picture is in {path}"
    # Some stay until their window is closed, and the deck must be able to leave before.
    threading.Thread(target=_run, args=([command, str(path)],), daemon=True).start()
    return f"opened {path}"


def _viewer() -> str | None:
    if sys.platform == "darwin":
        return shutil.which("open")
    seen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return shutil.which("xdg-open") if seen else None


def _run(command: list[str]) -> None:
    nowhere = subprocess.DEVNULL
    subprocess.run(
        command, check=False, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


@cache
def _folder() -> Path:
    """Only its user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="voxdeck-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
