"""What a session hears: from which source, in which microphone mode, and when."""

from collections.abc import Callable

from sessions.audio.manager import MICROPHONE, AudioManager
from sessions.audio.modes import MicrophoneMode
from sessions.audio.pcm import Samples
from sessions.audio.taps import Tap
from sessions.audio.voice import Gate

Deliver = Callable[[bytes], None]


class Ear:
    """A session's tap, which outlives the session's connections. Lives on the engine's loop."""

    def __init__(self, name: str, audio: AudioManager, source: str = MICROPHONE) -> None:
        self.source = source
        self.wanted = False
        """The session is to listen whenever it is connected."""
        self.block: float | None = None
        """Seconds of audio a message; none for the codec's own."""
        self.overhear: Callable[[Samples, int, float], None] | None = None
        """Takes what is heard, for a recording."""
        self.talk_ended: Callable[[], None] = lambda: None
        self._name, self._audio = name, audio
        self._gate = Gate("on")

    @property
    def is_open(self) -> bool:
        return self._audio.listens(self._name)

    @property
    def hearing(self) -> bool:
        """Whether what the source gives is being sent."""
        return self.is_open and self._gate.open

    @property
    def mode(self) -> MicrophoneMode:
        return self._gate.mode

    @mode.setter
    def mode(self, mode: MicrophoneMode) -> None:
        self._gate.mode = mode

    def toggle_talk(self) -> None:
        self._gate.talking = not self._gate.talking

    def open(self, rate: int, block: float, deliver: Deliver) -> None:
        """Hear from now on: blocks of `block` seconds at `rate`, unless another size is set."""
        tap = Tap(rate, self.block or block, deliver, self._gate, self._talk_ended, self._overheard)
        self._audio.listen(self._name, self.source, tap)

    def close(self) -> None:
        self._gate.talking = False
        self._audio.leave(self._name)

    def _talk_ended(self) -> None:
        self.talk_ended()

    def _overheard(self, samples: Samples, rate: int, at: float) -> None:
        if self.overhear:
            self.overhear(samples, rate, at)
