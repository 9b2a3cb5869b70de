"""What Deepgram complains of, in messages and in close reasons."""

import re
from typing import Any

from sessions.events import Problem
from sessions.providers.wire import Message


class Trouble(Message, frozen=True, tag="Error"):
    """An error, as the sockets of v1 send it."""

    variant: str | None = None
    description: str | None = None
    message: str | None = None
    code: Any = None

    def problem(self) -> Problem:
        return Problem(str(self.code or self.variant or "error"), self.description or self.message or "")


class Caution(Message, frozen=True, tag="Warning"):
    """A warning, after which the service goes on."""

    description: str | None = None
    code: Any = None

    def problem(self) -> Problem:
        return Problem(str(self.code or "warning"), self.description or "")


_FAULT = re.compile(r"\b(NET|DATA|MESSAGE|BIG)-?(\d{4})\b", re.IGNORECASE)

_MEANINGS = {
    "NET-0000": "the service produced nothing in its time window; reconnect",
    "NET-0001": "it got no audio for 10 s; reconnect, and send audio or keep-alives",
    "DATA-0000": "it could not read the data: check encoding and sample rate",
    "DATA-0001": "it refused the text",
    "MESSAGE-0000": "it takes text messages only",
    "BIG-0000": "a message was too large",
    "BIG-0001": "a message was too large",
}


def explain_close(reason: str) -> str:
    """Return what a close reason of Deepgram's means, or nothing.

    The number is the cause whatever the close code says, and stands bare or at the end of a link (live
    captures show both).
    """
    found = _FAULT.search(reason)
    return _MEANINGS.get(f"{found[1].upper()}-{found[2]}", "") if found else ""
