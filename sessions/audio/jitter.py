"""How much of an utterance must be there before it sounds, learnt from how late audio came before."""

from collections import deque

LEAST, MOST = 0.06, 1.0
"""Seconds of audio."""
_REMEMBERED = 8
"""Utterances. A bad line is remembered for as many good ones."""
_MARGIN = 1.25
_PAUSE = 3.0
"""Seconds; what comes later than this was a pause of the provider's, against which no buffer helps."""


class Jitter:
    """Watches the arrival of one pane's audio. Times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0], maxlen=_REMEMBERED)
        self._since: float | None = None
        self._got = 0.0

    def begin(self) -> None:
        """A new utterance: what comes next is its first audio."""
        if self._since is not None:
            self._late.append(0.0)
        self._since = None

    def arrived(self, now: float, seconds: float) -> None:
        """So much audio has come."""
        if self._since is None:
            self._since, self._got = now, 0.0
        late = now - self._since - self._got
        if late >= _PAUSE:
            self._since, self._got = now, 0.0
        else:
            self._late[-1] = max(self._late[-1], late)
        self._got += seconds

    @property
    def depth(self) -> float:
        """Seconds of audio to have before it sounds."""
        return min(MOST, max(LEAST, max(self._late) * _MARGIN))
