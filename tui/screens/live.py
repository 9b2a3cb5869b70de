"""A screen that goes on showing the deck's views while it is in front."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.screen import ModalScreen

if TYPE_CHECKING:
    from sessions.state.snapshot import DeckView


class LiveScreen(ModalScreen[None]):
    @abstractmethod
    def show(self, view: "DeckView") -> None:
        """Draw the deck as it is now."""
