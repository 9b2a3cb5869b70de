"""Actions on what is spoken."""

from tui.actions.registry import SPEAK, SPOKEN, DeckAction

ACTIONS = (
    DeckAction("stop", "escape", "Stop", "Stop the speech or the answer", SPOKEN, footer=4),
    DeckAction(
        "pause", "ctrl+t", "Pause", "Pause or resume the speech", SPOKEN, footer=6, call="toggle_pause"
    ),
    DeckAction(
        "replay", "ctrl+r", "Replay", "Speak the chosen text again, or else the latest", SPEAK, footer=7
    ),
    DeckAction("skip", "ctrl+w k", "Skip", "Skip what is spoken now, and go on with the next", SPOKEN),
    DeckAction(
        "choose_text",
        "ctrl+w l",
        "List",
        "Go to the list of texts, to choose one, or back to the prompt",
        SPEAK,
    ),
    DeckAction(
        "edit_text",
        "ctrl+w y",
        "Edit text",
        "Take the chosen text, or else the latest, into the prompt; out of the queue, if it waits there",
        SPEAK,
    ),
    DeckAction(
        "drop", "ctrl+w x", "Take out", "Take the chosen text, or else the latest, out of the queue", SPEAK
    ),
)
