"""Actions on the panes and their places, and those that every pane has."""

from tui.actions.registry import EVERY, DeckAction, by_name

ACTIONS = (
    DeckAction("new", "ctrl+n", "New", "Open a session in a new pane", footer=3),
    DeckAction(
        "save",
        "ctrl+s",
        "Save",
        "Save into the current folder: speech as WAV, pictures as they came, else as text",
        EVERY,
        footer=9,
    ),
    DeckAction("copy", "ctrl+y", "Copy", "Copy the pane's text", EVERY),
    DeckAction("reopen", "f5", "Reconnect", "Connect the pane's session anew", EVERY),
    DeckAction("next_pane", "tab", "Next pane", "Go to the next pane (Shift+Tab: the one before)"),
    DeckAction("inside", "ctrl+w tab", "Inside", "Go to the pane's next part that takes keys", EVERY),
    by_name("to_prompt", "Go back to where one types in the pane", EVERY),
    DeckAction("find", "ctrl+f", "Find", "Find text in the pane", EVERY),
    DeckAction("pane_1", "f2", "First pane", "Go to the first pane", call="focus_pane(0)"),
    DeckAction("pane_2", "f3", "Second pane", "Go to the second pane", call="focus_pane(1)"),
    DeckAction("pane_3", "f4", "Third pane", "Go to the third pane", call="focus_pane(2)"),
    *(
        DeckAction(
            f"pane_{number}",
            f"ctrl+w {number}",
            f"Pane {number}",
            f"Go to pane {number}",
            call=f"focus_pane({number - 1})",
        )
        for number in range(4, 10)
    ),
    DeckAction("close", "ctrl+w c", "Close", "Close the pane; it can be brought back", EVERY),
    DeckAction(
        "undo_close", "ctrl+w u", "Bring back", "Bring back the pane that was closed last, with all it held"
    ),
    DeckAction("zoom", "ctrl+w z", "Zoom", "Give the pane the whole screen, or its place again", EVERY),
    DeckAction(
        "move_back", "ctrl+w comma", "Move back", "Move the pane one place back", EVERY, call="move(-1)"
    ),
    DeckAction("move_on", "ctrl+w full_stop", "Move on", "Move the pane one place on", EVERY, call="move(1)"),
    DeckAction("rename", "ctrl+w r", "Rename", "Give the pane another title", EVERY),
    DeckAction(
        "duplicate", "ctrl+w d", "Duplicate", "Open the pane's session a second time, beside it", EVERY
    ),
    DeckAction("change", "ctrl+w e", "Settings", "Change the session's settings, and connect it anew", EVERY),
    DeckAction(
        "compare",
        "ctrl+w g",
        "Compare",
        "Take the pane into the group that one input drives, or out of it",
        EVERY,
    ),
    DeckAction(
        "workspaces", "ctrl+w w", "Workspaces", "Open another workspace, or save this one under a name"
    ),
    by_name("close_others", "Close all panes but this one", EVERY),
    DeckAction("scroll_up", "pageup", "Scroll up", "Scroll the pane back", EVERY, call="scroll_log(-1)"),
    DeckAction(
        "scroll_down",
        "pagedown",
        "Scroll down",
        "Scroll the pane on, to its end to follow",
        EVERY,
        call="scroll_log(1)",
    ),
)
