"""The items of an OpenAI Realtime conversation, in their order, as far as they are to be taken back."""

from collections.abc import Iterable


class Items:
    """What the service holds. An answer that is forgotten while it runs may still add items."""

    def __init__(self) -> None:
        self._held: dict[str, None] = {}
        self._deleted: set[str] = set()
        self._unwanted: set[str] = set()
        """Responses whose items are not wanted."""

    def add(self, item: str) -> None:
        """The item is sent, or the service has put it at the end, which counts: it may differ."""
        if item and item not in self._deleted:
            self._held.pop(item, None)
            self._held[item] = None

    def forget(self, item: str) -> list[str]:
        """Return `item` and all after it, to be deleted, the last first. Raises KeyError if it is unknown."""
        if item not in self._held:
            raise KeyError(item)
        held = list(self._held)
        return self._delete(held[held.index(item) :][::-1])

    def forget_response(self, response: str) -> None:
        """Nothing that this response adds is wanted."""
        self._unwanted.add(response)

    def done(self, response: str, items: Iterable[str]) -> list[str]:
        """A response is over; return which of its items are to be deleted."""
        if response not in self._unwanted:
            return []
        self._unwanted.discard(response)
        return self._delete([item for item in items if item and item not in self._deleted])

    def _delete(self, items: list[str]) -> list[str]:
        for item in items:
            self._held.pop(item, None)
        self._deleted.update(items)
        return items
