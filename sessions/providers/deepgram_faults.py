"""What Deepgram means by its close reasons, for all of its sockets."""

import re

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
