"""The deck's actions, once: keys, footer, help and command palette all come from this list."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["transcribe", "speak", "converse"]

EVERY: frozenset[Scope] = frozenset({"transcribe", "speak", "converse"})
SPOKEN: frozenset[Scope] = frozenset({"speak", "converse"})


@dataclass(frozen=True)
class DeckAction:
    """An action of the app: `action_<id>` carries it out. `panes`: where it applies; none for anywhere."""

    id: str
    keys: str
    label: str
    """For the footer: a word or two."""
    help: str
    panes: frozenset[Scope] | None = None
    footer: bool = True


ACTIONS = (
    DeckAction("stop", "escape", "Stop", "Stop the speech or the answer", SPOKEN),
    DeckAction("toggle_pause", "ctrl+t", "Pause", "Pause or resume the speech", SPOKEN),
    DeckAction("replay", "ctrl+r", "Replay", "Speak the latest text again", frozenset({"speak"})),
    DeckAction(
        "toggle_listening",
        "ctrl+l",
        "Listen",
        "Give the pane the microphone, or take it away",
        frozenset({"transcribe", "converse"}),
    ),
    DeckAction("save", "ctrl+s", "Save", "Save into the current folder: speech as WAV, else as text", EVERY),
    DeckAction("copy", "ctrl+y", "Copy", "Copy the pane's text", EVERY, footer=False),
    DeckAction("reopen", "f5", "Reconnect", "Connect the pane's session anew", EVERY, footer=False),
    DeckAction(
        "next_pane", "tab", "Next pane", "Go to the next pane (Shift+Tab: the one before)", footer=False
    ),
    DeckAction("focus_pane(0)", "f2", "Transcribe", "Go to the first pane: Transcribe", footer=False),
    DeckAction("focus_pane(1)", "f3", "Speak", "Go to the second pane: Speak", footer=False),
    DeckAction("focus_pane(2)", "f4", "Converse", "Go to the third pane: Converse", footer=False),
    DeckAction("scroll_log(-1)", "pageup", "Scroll up", "Scroll the pane back", EVERY, footer=False),
    DeckAction(
        "scroll_log(1)",
        "pagedown",
        "Scroll down",
        "Scroll the pane on, to its end to follow",
        EVERY,
        footer=False,
    ),
    DeckAction("help", "f1", "Help", "Show the keys and the guide"),
    DeckAction("quit", "ctrl+q", "Quit", "Leave the deck"),
)

KEY_NAMES = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "tab": "Tab"}


def key_name(key: str) -> str:
    """Return a key as it is written on keyboards."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    return "+".join(part.capitalize() for part in key.split("+"))
