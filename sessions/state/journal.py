"""The frames of a session's wire, both ways, for the inspector."""

from collections.abc import Iterator, Sequence
from typing import Literal, overload

import msgspec

from sessions.providers.codec import Frame

Direction = Literal["sent", "received"]

KEPT_BYTES = 8 * 1024 * 1024
"""Of a session's frames; the oldest go first."""
_BESIDE = 200
"""Bytes that a frame takes in memory beside its content: tiny ones come in millions."""


class WireFrame(msgspec.Struct, frozen=True):
    """One WebSocket message. `at` is of `time.monotonic`."""

    number: int
    """Counts from 0 in the session's life, over all its connections."""
    at: float
    direction: Direction
    content: Frame
    """As it was on the wire; it may hold what must not be shown (see `sessions.secrets.redact`)."""

    @property
    def size(self) -> int:
        """Bytes or characters."""
        return len(self.content)


class JournalView(Sequence[WireFrame]):
    """The frames that are kept, as of one moment: a snapshot that copies nothing."""

    __slots__ = ("_first", "_frames", "_length", "began")

    def __init__(
        self, frames: list[WireFrame] | None = None, first: int = 0, began: float | None = None
    ) -> None:
        self._frames = [] if frames is None else frames
        self.began = frames[first].at if began is None and frames else began or 0.0
        """When the session's first frame came, which need not be kept any more; of `time.monotonic`."""
        self._first, self._length = first, len(self._frames)

    def __eq__(self, other: object) -> bool:
        """Whether it is a snapshot of the same frames."""
        if not isinstance(other, JournalView):
            return NotImplemented
        mine, others = (self._first, self._length), (other._first, other._length)
        return self._frames is other._frames and mine == others

    def __hash__(self) -> int:
        return hash((id(self._frames), self._first, self._length))

    def __len__(self) -> int:
        return self._length - self._first

    @overload
    def __getitem__(self, index: int) -> WireFrame: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[WireFrame]: ...
    def __getitem__(self, index: int | slice) -> WireFrame | Sequence[WireFrame]:
        if isinstance(index, slice):
            return [self._frames[self._first + at] for at in range(len(self))[index]]
        return self._frames[self._first + range(len(self))[index]]

    def __iter__(self) -> Iterator[WireFrame]:
        return (self._frames[at] for at in range(self._first, self._length))


class Journal:
    """Keeps the latest frames, by bytes. The views share its list, which only ever grows or is replaced."""

    def __init__(self) -> None:
        self._frames: list[WireFrame] = []
        self._first = 0
        self._bytes = self._dropped = 0
        self._count = 0
        self._began = 0.0

    def add(self, at: float, direction: Direction, content: Frame) -> None:
        if not self._count:
            self._began = at
        self._frames.append(WireFrame(self._count, at, direction, content))
        self._count += 1
        self._bytes += len(content) + _BESIDE
        while self._bytes > KEPT_BYTES and len(self._frames) - self._first > 1:
            dropped = self._frames[self._first].size + _BESIDE
            self._bytes -= dropped
            self._dropped += dropped
            self._first += 1
        # What was dropped stays in memory until then, and as long as a view of the old list is held.
        if self._dropped > KEPT_BYTES // 4:
            self._frames, self._first, self._dropped = self._frames[self._first :], 0, 0

    def view(self) -> JournalView:
        return JournalView(self._frames, self._first, self._began)
