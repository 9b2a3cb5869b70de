"""The interface of a codec: one wire protocol, without input or output.

A codec turns whole WebSocket messages into events and commands into messages. It owns no socket and no
clock: time is passed in, in seconds of one monotonic clock. A message it cannot read becomes a `Malformed`
event, one of an unknown kind a `Raw` event; no exception leaves `receive`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from sessions.commands import Command
from sessions.events import Event

Frame = str | bytes
"""One WebSocket message: text or binary."""

Kind = Literal["transcribe", "speak", "converse", "image"]


class Codec(ABC):
    kind: ClassVar[Kind]
    ready_on_open: ClassVar[bool]
    """True where the provider sends no greeting: the open socket is all there is to go by."""
    finishes: ClassVar[bool]
    """True where `Finish` is to be sent: the provider then closes, or `finished` says when to close."""
    input_rate: int | None = None
    """Samples a second of the audio that the provider takes; none where it takes no audio."""
    input_block: float = 0.1
    """Seconds of audio a frame. Coalescing is the largest saving of CPU on the way up (measured)."""

    @abstractmethod
    def receive(self, frame: Frame, now: float) -> list[Event]:
        """Read one message."""

    @abstractmethod
    def send(self, command: Command, now: float) -> list[Frame]:
        """Return the messages that carry out `command`, which may be none yet (see `poll`).

        Raises ImpossibleCommand.
        """

    @abstractmethod
    def poll(self, now: float) -> list[Frame]:
        """Return messages that have become due: keep-alives, and what was held back."""

    def elapse(self, now: float) -> list[Event]:
        """Return events that time alone brings. To be called between messages, a few times a second."""
        return []

    @property
    def finished(self) -> bool:
        """Whether all that `Finish` asked for has come, where the provider would not close by itself."""
        return False

    @abstractmethod
    def explain_close(self, code: int, reason: str) -> str:
        """Return what this provider means by a close, and what to do; nothing where that is not known."""

    def closed(self, *, clean: bool) -> list[Event]:
        """The connection is gone: return events for what was still open. `clean` after a normal close."""
        return []
