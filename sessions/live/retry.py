"""Whether, when and how a session whose connection broke connects anew by itself."""

import random
import time

from sessions.events import Closed, Connecting, Event, Failed, GoingAway, Ready, Resumable

DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before each try, shortened at random so that many do not come at once; after these it is over."""
SHORTENED = 0.25
"""The most by which they are, as a part."""
STEADY = 30.0
"""Seconds of being ready after which the tries before it are forgotten."""
LONGEST_WAIT = 300.0
"""Seconds; where the other side wants more, it is left to the user."""
_AHEAD = 5.0
"""Seconds before its time at which an end still counts as the end of a session's time."""


class Retry:
    """Follows the events of all connections of one session."""

    def __init__(self) -> None:
        self.at: float | None = None
        """When it connects anew, by `time.monotonic`; none where it does not."""
        self.expires_at: float | None = None
        """When the provider ends the connection, where that is known."""
        self.broken_at: float | None = None
        """Since when a session that was ready is not."""
        self.handle = ""
        """With it the next connection goes on where the last one was, where the provider can do that."""
        self._tries = 0
        self._ready_at: float | None = None
        self._going_away = False

    def begin_anew(self) -> None:
        """The user wants another connection, now."""
        self.at, self._tries = None, 0
        if self._ready_at is not None:
            self.handle, self._ready_at = "", None

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Connecting():
                self.at = self.expires_at = self._ready_at = None
                self._going_away = False
            case Ready(expires_at=expires_at):
                self._ready_at = t
                left = 0.0 if expires_at is None else expires_at - time.time()
                # A time that is over already is that of a clock which differs from ours.
                self.expires_at = t + left if left > 0 else None
            case GoingAway(time_left=left):
                self._going_away = True
                if left is not None:
                    self.expires_at = t + left
            case Resumable(handle=handle):
                self.handle = handle
            case Closed() | Failed():
                self._end(event, t)
            case _:
                pass

    def leave_it(self) -> None:
        """There is to be no further try, until the user wants one."""
        self.at = self.broken_at = None
        self._tries = 0

    def _end(self, end: Closed | Failed, t: float) -> None:
        if self._ready_at is not None and t - self._ready_at >= STEADY:
            self._tries = 0
        wait = self._wait(end, t)
        self.at = None if wait is None else t + wait
        if self._ready_at is not None and (isinstance(end, Failed) or wait is not None):
            self.broken_at = t
        if wait is None or (self._ready_at is None and (end.code or 0) >= 1000):
            self.handle = ""  # it may be what was refused
        self.expires_at = self._ready_at = None

    def _wait(self, end: Closed | Failed, t: float) -> float | None:
        """Seconds until the next try; none where there is to be none."""
        if isinstance(end, Failed):
            transient, wanted = end.transient, end.retry_after or 0.0
        else:
            expired = self.expires_at is not None and t >= self.expires_at - _AHEAD
            transient, wanted = self._going_away or expired, 0.0
        if not transient or self._tries >= len(DELAYS) or wanted > LONGEST_WAIT:
            return None
        delay = DELAYS[self._tries] * random.uniform(1.0 - SHORTENED, 1.0)
        self._tries += 1
        return max(delay, wanted)
