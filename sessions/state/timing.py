"""How long a provider takes to transcribe and to answer, measured from what is sent and what comes.

- A transcription: from the end of speech to its final. The end of speech is where the final ends in the
  audio's own time (the end of its last word, or the pause that the service heard); when that was said is
  known from when the audio was handed on, whose blocks are taken for real time. So the wait for the pause
  counts, as it does for whoever speaks; an utterance of several finals is measured by its last.
- A conversation: from the end of the user's turn, as it was sent or as the service told it, to the first
  text or audio of the answer. A turn that waits for the connection waits.

Speech and pictures are measured where their wishes are listed.
"""

from collections import deque

from sessions.commands import Command, SendText
from sessions.events import (
    AnswerText,
    Audio,
    Closed,
    Connecting,
    Event,
    Failed,
    Final,
    Ready,
    SpeechStopped,
    ToolCall,
    Utterance,
)

KEPT = 60
"""Latencies."""
_BLOCKS = 6000
"""Of audio, whose times are kept: two minutes of the shortest."""


class _Clock:
    """When each moment of a connection's audio was there to be sent."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[float, float, float]] = deque(maxlen=_BLOCKS)
        """Start and end in seconds of audio, and when it was handed on."""
        self._length = 0.0

    def add(self, seconds: float, t: float) -> None:
        self._blocks.append((self._length, self._length + seconds, t))
        self._length += seconds

    def when(self, at: float) -> float | None:
        """Return when the moment `at` was; nothing if that is too long ago, or no audio was sent."""
        if self._blocks and at >= self._length:
            return self._blocks[-1][2]
        for start, end, t in reversed(self._blocks):
            if start < at <= end:
                return t - (end - at)
        return None


class Timing:
    """Measures one session over all its connections."""

    def __init__(self) -> None:
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._clock = _Clock()
        self._ready = False
        self._turn_ended: float | None = None
        self._finals: dict[int, float] = {}
        """The latency of the open utterance's last final, by channel."""

    @property
    def latencies(self) -> tuple[float, ...]:
        return tuple(self._latencies)

    def heard(self, seconds: float, t: float) -> None:
        """So much audio was handed on at `t`."""
        self._clock.add(seconds, t)

    def asked(self, command: Command, t: float) -> None:
        if isinstance(command, SendText):
            self._turn_ended = t

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Connecting():
                self._clock = _Clock()
                self._finals.clear()
            case Ready():
                self._ready = True
            case Closed() | Failed() if self._ready:
                self._ready, self._turn_ended = False, None
            case Final(channel=channel, end=end) if (said := self._clock.when(end)) is not None:
                self._finals[channel] = t - said
            case Utterance(channel=channel, confirmed=confirmed) if channel in self._finals:
                latency = self._finals.pop(channel)
                if confirmed:
                    self._latencies.append(latency)
            case ToolCall():
                self._turn_ended = None  # from here on it is the tool that takes time
            case SpeechStopped():
                self._turn_ended = t
            case AnswerText() | Audio() if self._turn_ended is not None:
                self._latencies.append(t - self._turn_ended)
                self._turn_ended = None
            case _:
                pass
