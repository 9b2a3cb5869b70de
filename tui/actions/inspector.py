"""Actions on the frames of the wire."""

from tui.actions.registry import EVERY, DeckAction

ACTIONS = (
    DeckAction(
        "inspector",
        "f12",
        "Inspector",
        "Inspect the pane's frames both ways: filter, find, copy and save them",
        EVERY,
    ),
)
