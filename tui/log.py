"""The log file: where tracebacks and everything else that must not reach the screen go, redacted."""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path

from sessions.secrets import redact


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def open_log() -> Path | None:
    """Log to the user's log folder; return the file, or none where it cannot be written."""
    path = user_log_path("voxdeck", appauthor=False) / "voxdeck.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=2, encoding="utf-8"
        )
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return None
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs
    return path


def keep_off_the_screen(path: Path | None) -> None:
    """Send what libraries print to descriptor 2 (ALSA's complaints) to the log; Textual keeps the terminal.

    To be called before textual is imported, which takes hold of `sys.__stderr__`.
    """
    screen = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    target = os.open(path or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(target, 2)
    os.close(target)
    sys.__stderr__ = screen  # type: ignore[misc]
