"""What the deck remembers from one run to the next, beside its workspaces and its sound."""

import logging
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from sessions.files import write_whole

logger = logging.getLogger(__name__)


class Memory(msgspec.Struct, frozen=True):
    toured: bool = False
    """The tour was seen."""
    theme: str = ""
    """The one chosen in the palette."""


def default_path() -> Path:
    return user_state_path("voxdeck", appauthor=False) / "deck.json"


def load(path: Path | None = None) -> Memory:
    """Read what is remembered; nothing where that cannot be read."""
    where = path or default_path()
    try:
        return msgspec.json.decode(where.read_bytes(), type=Memory)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        logger.warning("%s: not used: %s", where, error)
    return Memory()


def remember(path: Path | None = None, **fields: str | bool) -> None:
    """Change what is remembered; where that is not possible, the log tells."""
    where = path or default_path()
    try:
        write_whole(where, msgspec.json.encode(msgspec.structs.replace(load(where), **fields)))
    except OSError as error:
        logger.warning("%s: not written: %s", where, error)
