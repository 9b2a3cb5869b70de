"""The deck's actions, once: keys, footer, help and command palette all come from this list."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["transcribe", "speak", "converse"]

EVERY: frozenset[Scope] = frozenset({"transcribe", "speak", "converse"})
SPOKEN: frozenset[Scope] = frozenset({"speak", "converse"})
HEARING: frozenset[Scope] = frozenset({"transcribe", "converse"})
TRANSCRIBE: frozenset[Scope] = frozenset({"transcribe"})
SPEAK: frozenset[Scope] = frozenset({"speak"})


@dataclass(frozen=True)
class DeckAction:
    """An action of the app: `action_<id>` carries it out. `panes`: where it applies; none for anywhere."""

    id: str
    keys: str
    """Empty for one that is in the palette alone."""
    label: str
    """For the footer: a word or two."""
    help: str
    panes: frozenset[Scope] | None = None
    footer: bool = True


def _palette(action: str, what: str, panes: frozenset[Scope] | None = None) -> DeckAction:
    return DeckAction(action, "", "", what, panes, footer=False)


ACTIONS = (
    DeckAction("stop", "escape", "Stop", "Stop the speech or the answer", SPOKEN),
    DeckAction("toggle_pause", "ctrl+t", "Pause", "Pause or resume the speech", SPOKEN),
    DeckAction("replay", "ctrl+r", "Replay", "Speak the latest text again", SPEAK),
    DeckAction(
        "skip", "ctrl+n", "Skip", "Skip what is spoken now, and go on with the next", SPOKEN, footer=False
    ),
    DeckAction(
        "toggle_listening",
        "ctrl+l",
        "Listen",
        "Give the pane the microphone, or take it away; in push-to-talk, begin or end to talk",
        HEARING,
    ),
    DeckAction("audio", "f6", "Audio", "Audio: choose devices, and set how the pane sounds"),
    DeckAction(
        "next_microphone",
        "f7",
        "Microphone",
        "Next microphone mode: on, push-to-talk, voice",
        HEARING,
        footer=False,
    ),
    DeckAction(
        "toggle_microphone", "f8", "Mute", "Mute the pane's microphone, or unmute it", HEARING, footer=False
    ),
    DeckAction(
        "toggle_recording",
        "f9",
        "Record",
        "Record what the pane hears and says as WAV, or end that",
        EVERY,
        footer=False,
    ),
    # Not Ctrl+Up, which macOS keeps for itself, nor Alt+Up, which some terminals send as Esc and Up.
    DeckAction("volume(0.1)", "shift+up", "Louder", "Volume up, by 10 %", SPOKEN, footer=False),
    DeckAction(
        "volume(-0.1)",
        "shift+down",
        "Quieter",
        "Volume down, by 10 %",
        SPOKEN,
        footer=False,
    ),
    DeckAction("speed(0.1)", "ctrl+f", "Faster", "Speed up, at the same pitch", SPOKEN, footer=False),
    DeckAction("speed(-0.1)", "ctrl+g", "Slower", "Speed down, at the same pitch", SPOKEN, footer=False),
    DeckAction(
        "toggle_silence",
        "ctrl+o",
        "Silence",
        "Silence the pane: let it speak unheard, or be heard again",
        SPOKEN,
        footer=False,
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
    _palette("echo('cancel')", "Echo: cancel what the speaker plays from the microphone"),
    _palette("echo('half-duplex')", "Echo: half-duplex, the microphone is silent while something sounds"),
    _palette("echo('off')", "Echo: off, as with headphones"),
    _palette("arbitration('queue')", "Several panes speak: one after another (queue)"),
    _palette("arbitration('mix')", "Several panes speak: all at once (mix)"),
    _palette("arbitration('solo')", "Several panes speak: only the one in front is heard (solo)"),
    _palette("arbitration('duck')", "Several panes speak: the others are lowered (duck)"),
    _palette("source('microphone')", "Hear the microphone", HEARING),
    _palette("source_field", "Hear a file, or another source", HEARING),
    _palette("source('tone:440')", "Hear a test tone of 440 Hz", HEARING),
    _palette("source('pane:speak')", "Hear what the Speak pane says", HEARING),
    _palette("source('pane:converse')", "Hear what the Converse pane says", TRANSCRIBE),
    _palette("seek(10)", "Go 10 s on in the file that the pane hears", HEARING),
    _palette("seek(-10)", "Go 10 s back in the file that the pane hears", HEARING),
    _palette("block(100)", "Send the microphone 100 ms at a time: lighter", HEARING),
    _palette("block(20)", "Send the microphone 20 ms at a time: sooner", HEARING),
    _palette("record('input', 'wav')", "Record only what the pane hears, as WAV", HEARING),
    _palette("record('output', 'wav')", "Record only what the pane says, as WAV", SPOKEN),
    _palette("record('both', 'flac')", "Record what the pane hears and says as FLAC", EVERY),
    DeckAction("help", "f1", "Help", "Show the keys and the guide"),
    DeckAction("quit", "ctrl+q", "Quit", "Leave the deck"),
)

KEY_NAMES = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "tab": "Tab"}


def key_name(key: str) -> str:
    """Return a key as it is written on keyboards."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    return "+".join(part.capitalize() for part in key.split("+"))
