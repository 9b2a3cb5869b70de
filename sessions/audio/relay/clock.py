"""The relay's clock, as seen from the deck."""

from collections import deque

_REMEMBERED = 16


class PeerClock:
    """Compares two monotonic clocks by questions and answers; of the last few, the quickest is the truest.

    Seconds. Half of the way there and back is taken for the way back.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)

    def answered(self, sent: float, theirs: float, arrived: float) -> None:
        """A question of `sent` was answered at their time, and the answer has arrived."""
        if arrived >= sent:
            self._seen.append((arrived - sent, (sent + arrived) / 2 - theirs))

    @property
    def round_trip(self) -> float:
        return min(self._seen, default=(0.0, 0.0))[0]

    def local(self, theirs: float) -> float:
        """Return by our clock what is their time."""
        return theirs + min(self._seen, default=(0.0, 0.0))[1]
