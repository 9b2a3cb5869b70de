"""Who may use the relay: whoever first shows the one-time token, and from then on nobody else."""

import hmac
import secrets

from sessions.audio.relay.wire import VERSION, Hello
from sessions.secrets import Secret

WRONG_TOKEN_DELAY = 1.0
"""Seconds that a wrong token costs."""
FREED_AFTER = 2.0
"""Seconds after which the token of a deck that was lost is good for another: one that ended with its SSH
session cannot hand it back, and whoever logs in again starts a new one."""
_SHORTEST_KEY = 16
_WRONG_TOKEN = "wrong token: start voxdeck relay anew, and connect with the ssh command that it prints"
_TOKEN_USED = f"another deck was connected to this relay until just now: try again in {FREED_AFTER:.0f} s"
_CONNECTED = "another deck is connected to this relay"


class Refusal(Exception):
    """The client must not come in; the message is one line for its user."""


class WrongToken(Refusal):
    """It may be somebody who tries."""


def new_token() -> Secret:
    """Make a token or key of 128 bits that can stand anywhere in a command or a file's name."""
    while (text := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return Secret(text)


class Door:
    """Lets one deck in. A deck that lost its connection comes back with the key it came with."""

    def __init__(self, token: Secret) -> None:
        self._token = token
        self._key: Secret | None = None
        self.wrong = 0
        """How many wrong tokens were shown."""

    def admit(self, hello: Hello, *, lost_for: float | None) -> None:
        """Let the client in, who becomes the one. Raises Refusal.

        `lost_for`: seconds since the last one was lost; none while it is connected.
        """
        if hello.version != VERSION:
            raise Refusal(
                f"the relay speaks version {VERSION} of its protocol, the deck version {hello.version}: "
                "install the same voxdeck on both machines"
            )
        if not _same(hello.token, self._token):
            self.wrong += 1
            raise WrongToken(_WRONG_TOKEN)
        if len(hello.key) < _SHORTEST_KEY:
            raise Refusal("the deck came without a key of its own")
        if self._key is None or (lost_for is not None and lost_for >= FREED_AFTER):
            self._key = Secret(hello.key)
        elif not _same(hello.key, self._key):
            raise Refusal(_CONNECTED if lost_for is None else _TOKEN_USED)

    def hand_back(self) -> None:
        """The deck has ended and will not come back: the token is good for the next."""
        self._key = None


def _same(shown: str, secret: Secret) -> bool:
    return hmac.compare_digest(shown.encode(errors="replace"), secret.reveal().encode())
