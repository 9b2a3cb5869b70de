"""The deck's side of playback: pulls the mixer for just what the relay's speaker has room for."""

from sessions.audio.pcm import RATE
from sessions.audio.relay.buffer import MOST
from sessions.audio.relay.rates import Halver
from sessions.audio.relay.wire import BLOCK, WIRE_RATE, Credit, Play, Silence
from sessions.audio.streams import Playable

_RATIO = RATE // WIRE_RATE
_MOST = round(MOST * WIRE_RATE)


class Supply:
    """What one connection has sent."""

    def __init__(self, playable: Playable) -> None:
        self._playable = playable
        self._halver = Halver()
        self._consumed = 0
        self.sent = 0

    def answer(self, credit: Credit, at: float) -> list[Play | Silence]:
        """Return what the credit asks for. `at`: its time, by the clock of this machine."""
        self._consumed = max(self._consumed, min(credit.consumed, self.sent))
        self._playable.anchor(self._playable.pulled - (self.sent - self._consumed) * _RATIO, at)
        messages: list[Play | Silence] = []
        while self.sent < min(credit.upto, self._consumed + _MOST):
            samples = self._halver.push(self._playable.pull(BLOCK * _RATIO))
            self.sent += BLOCK
            messages.append(Play(samples.tobytes()) if samples.any() else Silence(BLOCK))
        return messages

    @property
    def in_flight(self) -> float:
        """Seconds that the speaker has not taken yet, as far as is known."""
        return (self.sent - self._consumed) / WIRE_RATE
