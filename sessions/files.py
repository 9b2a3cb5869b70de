"""Files of the user's that are written whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file, readable by its user alone, in the place of the one that was there; raises OSError.

    Folders that lack are made. Several processes may write at once: the last one's file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.touch(mode=0o600)
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
