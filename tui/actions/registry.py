"""What an action of the deck is; keys, footer, help, palette and menus all come from these."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["transcribe", "speak", "converse", "image"]

EVERY: frozenset[Scope] = frozenset({"transcribe", "speak", "converse", "image"})
SPOKEN: frozenset[Scope] = frozenset({"speak", "converse"})
HEARING: frozenset[Scope] = frozenset({"transcribe", "converse"})
TRANSCRIBE: frozenset[Scope] = frozenset({"transcribe"})
SPEAK: frozenset[Scope] = frozenset({"speak"})
CONVERSE: frozenset[Scope] = frozenset({"converse"})
IMAGE: frozenset[Scope] = frozenset({"image"})

LEADER = "ctrl+w"
"""Opens the deck's menu, in which a second key chooses: `ctrl+w z`."""


@dataclass(frozen=True)
class DeckAction:
    """An action, under an id by which the configuration may give it another key.

    It is carried out by the method `action_<name>` of the focused pane, or else of the app, where `call` is
    `<name>` or `<name>(<arguments>)`.
    """

    id: str
    keys: str
    """One key, or two after each other with a space between (`ctrl+w z`); empty for none."""
    label: str
    """For the footer and the menu: a word or two."""
    help: str
    panes: frozenset[Scope] | None = None
    """The kinds of session to which it applies; none for anywhere."""
    footer: int = 0
    """Its place in the footer; 0 for none."""
    call: str = ""
    """What carries it out; empty for the id."""

    @property
    def method(self) -> str:
        return self.call or self.id


def by_name(action: str, what: str, panes: frozenset[Scope] | None = None, *, call: str = "") -> DeckAction:
    """An action without a key of its own, in the palette alone."""
    return DeckAction(action, "", "", what, panes, call=call)


KEY_NAMES = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "tab": "Tab",
    "plus": "+",
    "minus": "-",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
}


def key_name(keys: str) -> str:
    """Return keys as they are written on keyboards: `Ctrl+W z`, `F6`."""
    return " ".join(_one_key(key) for key in keys.split())


def _one_key(key: str) -> str:
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    return key if len(key) == 1 else "+".join(part.capitalize() for part in key.split("+"))
