"""What the deck remembers from one run to the next, beside its workspaces and its sound."""

import logging
from pathlib import Path

import msgspec
from platformdirs import user_state_path

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
        where.parent.mkdir(parents=True, exist_ok=True)
        new = where.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(msgspec.structs.replace(load(where), **fields)))
        new.replace(where)
    except OSError as error:
        logger.warning("%s: not written: %s", where, error)
