"""Actions on what is shown, and the deck's own."""

from tui.actions.registry import LEADER, DeckAction

ACTIONS = (
    DeckAction("menu", LEADER, "Menu", "Show the deck's menu, in which one more key chooses", footer=2),
    DeckAction("help", "f1", "Help", "Show the keys and the guide", footer=1),
    DeckAction("quit", "ctrl+q", "Quit", "Leave the deck", footer=10),
)
