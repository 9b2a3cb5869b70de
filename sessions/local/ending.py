"""Ends of a session that the protocol's rules bring about."""

LONGEST_REASON = 123
"""Bytes that fit into a close frame beside the code (RFC 6455, 5.5)."""


class SessionEnded(Exception):
    """The socket is to be closed with `code` and `reason`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode(errors="replace")[:LONGEST_REASON].decode(errors="ignore")
