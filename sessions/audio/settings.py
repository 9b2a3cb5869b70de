"""What is remembered about sound from one run to the next. The configuration file is the user's alone."""

import logging
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from sessions.audio.modes import Arbitration, EchoMode
from sessions.files import write_whole

logger = logging.getLogger(__name__)


class AudioSettings(msgspec.Struct, frozen=True):
    """Devices by their ids; empty for the default."""

    input: str = ""
    output: str = ""
    echo: EchoMode = "cancel"
    arbitration: Arbitration = "queue"


def default_path() -> Path:
    return user_state_path("voxdeck", appauthor=False) / "audio.json"


def load(path: Path | None = None) -> AudioSettings:
    """Read what is remembered; nothing where that cannot be read."""
    where = path or default_path()
    try:
        return msgspec.json.decode(where.read_bytes(), type=AudioSettings)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError, UnicodeError) as error:
        logger.warning("%s: not used: %s", where, error)
    return AudioSettings()


def save(settings: AudioSettings, path: Path | None = None) -> None:
    """Remember; where that is not possible, the log tells."""
    where = path or default_path()
    try:
        write_whole(where, msgspec.json.encode(settings))
    except OSError as error:
        logger.warning("%s: not written: %s", where, error)
