"""Actions on how the deck is driven."""

from tui.actions.registry import DeckAction, by_name

ACTIONS = (
    DeckAction("jump", "ctrl+g", "Jump", "Put a letter on every place, and go to the one that is typed"),
    DeckAction(
        "line_rate",
        "ctrl+w m",
        "Line",
        "Show in the title how many bytes a second go to the terminal, or not",
    ),
    by_name("tour", "Show the tour"),
)
