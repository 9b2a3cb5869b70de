"""Actions on pictures."""

from tui.actions.registry import IMAGE, DeckAction

ACTIONS = (
    DeckAction("gallery", "ctrl+w p", "Pictures", "Show all pictures of the pane", IMAGE),
    DeckAction(
        "previous_picture",
        "ctrl+w b",
        "Picture back",
        "Show the picture before (PgUp)",
        IMAGE,
        call="step_picture(-1)",
    ),
    DeckAction(
        "next_picture",
        "ctrl+w n",
        "Next picture",
        "Show the next picture (PgDn)",
        IMAGE,
        call="step_picture(1)",
    ),
    DeckAction("open_picture", "ctrl+w o", "Open", "Open the picture with the system's own viewer", IMAGE),
    DeckAction(
        "edit_prompt", "ctrl+w y", "Edit prompt", "Take the picture's description into the prompt", IMAGE
    ),
)
