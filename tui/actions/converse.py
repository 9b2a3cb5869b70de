"""Actions of the panes of conversations."""

from tui.actions.registry import CONVERSE, DeckAction

ACTIONS = (
    DeckAction(
        "answer_call",
        "ctrl+w a",
        "Answer call",
        "Answer the function call that waits: go to its field",
        CONVERSE,
    ),
    DeckAction(
        "fail_call",
        "ctrl+w x",
        "Call failed",
        "Answer the function call that waits as failed; what stands in its field is the reason",
        CONVERSE,
    ),
    DeckAction(
        "edit_turn",
        "ctrl+w y",
        "Edit turn",
        "Edit your latest turn, and send it in the place of all that followed",
        CONVERSE,
    ),
    DeckAction(
        "instructions", "ctrl+w i", "Instructions", "Show the system instructions, to be changed", CONVERSE
    ),
    DeckAction(
        "inform",
        "ctrl+w n",
        "Inform",
        "Let the model know what stands in the prompt, in the background: no turn, no answer",
        CONVERSE,
    ),
    DeckAction("tokens", "ctrl+w b", "Tokens", "Show or hide a picture of the tokens used so far", CONVERSE),
)
