"""What a session has said and heard, as entries that a pane can draw while the session goes on."""

from collections.abc import Iterator, Sequence
from typing import Literal, overload

import msgspec

from sessions.events import Word

Role = Literal["speech", "user", "answer", "note", "fault"]


class Entry(msgspec.Struct, frozen=True):
    role: Role
    text: str
    tail: str = ""
    """What may still be revised (an interim), after `text`."""
    start: float | None = None
    """Seconds of the session's audio."""
    end: float | None = None
    words: tuple[Word, ...] = ()
    """The words of `text`, where the provider tells their times and how sure it is of them."""
    speaker: int | None = None
    remark: str = ""
    mark: tuple[int, int] | None = None
    """The part of `text` that stands out, as what is being spoken."""


class LogView(Sequence[Entry]):
    """The first `length` entries of a list that only ever grows: a snapshot that copies nothing."""

    __slots__ = ("_entries", "_length")

    def __init__(self, entries: list[Entry], length: int | None = None) -> None:
        self._entries = entries
        self._length = len(entries) if length is None else length

    def __eq__(self, other: object) -> bool:
        """Whether it is a snapshot of the same list at the same length."""
        if not isinstance(other, LogView):
            return NotImplemented
        return self._entries is other._entries and self._length == other._length

    def __hash__(self) -> int:
        return hash((id(self._entries), self._length))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return self._entries[: self._length][index]
        return self._entries[range(self._length)[index]]

    def __iter__(self) -> Iterator[Entry]:
        return (self._entries[at] for at in range(self._length))
