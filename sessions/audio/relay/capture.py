"""What the laptop's microphone hears, cut for the wire, each block with the time of its first sample."""

import numpy as np

from sessions.audio.pcm import RATE, Resampler, Samples
from sessions.audio.relay.rates import Halver
from sessions.audio.relay.wire import BLOCK, WIRE_RATE, Captured, micros


class Capture:
    """Numbers the frames of one connection, over every opening of the microphone."""

    def __init__(self) -> None:
        self._frame = 0
        self.restart()

    def restart(self) -> None:
        """The microphone is opened anew: nothing of before belongs to what comes."""
        self._halver = Halver()
        self._resampler: Resampler | None = None
        self._rate = 0
        self._even: Samples = np.zeros(0, np.int16)
        self._waiting: Samples = np.zeros(0, np.int16)
        self._taken = self._given = 0

    def push(self, samples: Samples, rate: int, at: float) -> list[Captured]:
        """Take samples, the first of which was captured at `at`; return the blocks that are complete."""
        if self._resampler is None or rate != self._rate:
            self.restart()
            self._resampler, self._rate = Resampler(rate, RATE), rate
        begun = at - self._taken / rate
        """When the first sample of all would have been captured, had the device lost none."""
        self._taken += samples.size
        even = np.concatenate((self._even, self._resampler.push(samples)))
        whole = even.size // 2 * 2
        self._even = even[whole:]
        self._waiting = np.concatenate((self._waiting, self._halver.push(even[:whole])))
        blocks = []
        while self._waiting.size >= BLOCK:
            block, self._waiting = self._waiting[:BLOCK], self._waiting[BLOCK:]
            blocks.append(Captured(block.tobytes(), self._frame, micros(begun + self._given / WIRE_RATE)))
            self._frame += BLOCK
            self._given += BLOCK
        return blocks
