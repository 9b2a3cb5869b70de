"""The keys in force: those of the registry, with what the configuration puts in their place.

A key is one key (`f10`), or a chord: the menu's key and another one behind it (`ctrl+w z`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from sessions.config import BadConfig
from tui.actions import (
    ACTIONS,
    BY_ID,
    converse,
    driving,
    image,
    inspector,
    panes,
    sound,
    speak,
    transcribe,
    view,
)
from tui.actions.registry import LEADER, DeckAction, key_name

MENU = "menu"
"""The action whose key begins every chord."""

SUBJECTS = (
    ("Panes", panes.ACTIONS),
    ("Speech", speak.ACTIONS),
    ("Sound", sound.ACTIONS),
    ("Transcript", transcribe.ACTIONS),
    ("Conversation", converse.ACTIONS),
    ("Pictures", image.ACTIONS),
    ("Deck", (*view.ACTIONS, *inspector.ACTIONS, *driving.ACTIONS)),
)
"""Every action by its subject, as menu and help show them."""

_MODIFIED = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_KEYS = {
    "escape",
    "tab",
    "insert",
    "pageup",
    "pagedown",
    *(f"f{number}" for number in range(1, 25)),
    *(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    *(f"alt+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"),
    *(f"{modifier}+{key}" for modifier in ("shift", "ctrl") for key in _MODIFIED),
    *(f"ctrl+{key}" for key in ("backslash", "right_square_bracket", "circumflex_accent", "underscore")),
}
_TAKEN = {
    "ctrl+c": "it copies what is selected",
    "ctrl+h": "terminals send it as Backspace",
    "ctrl+i": "terminals send it as Tab",
    "ctrl+j": "it begins a new line in a prompt",
    "ctrl+m": "terminals send it as Enter",
    "ctrl+p": "it opens the palette",
    "shift+tab": "it goes to the pane before",
}
_TYPED = {"enter", "space", "backspace", "delete", "up", "down", "left", "right", "home", "end"}
_MENUS_OWN = {"escape", "up", "down", "pageup", "pagedown"}
_UNTYPABLE = re.compile(
    r"ctrl\+shift\+.|ctrl\+[0-9]|ctrl\+(comma|full_stop|plus|minus|space|enter|tab)|super\+.+"
)
_RENAMED = {
    "plus_sign": "plus",
    "hyphen_minus": "minus",
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "low_line": "underscore",
}
"""What Textual calls characters where Unicode's name is another."""


class Keymap:
    """Which keys carry out which action."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._keys = keys

    def keys_of(self, action: str) -> tuple[str, ...]:
        """The keys of the action with this id; none if it has none."""
        return self._keys[action]

    def names_of(self, action: str) -> str:
        """The same as they are written on keyboards, for footer, help and palette: `Ctrl+W z, F10`."""
        return ", ".join(key_name(keys) for keys in self._keys[action])

    @property
    def single(self) -> list[tuple[str, DeckAction]]:
        """Every single key with its action; those of the footer first, in its order."""
        single = [
            (keys, BY_ID[name]) for name, each in self._keys.items() for keys in each if " " not in keys
        ]
        return sorted(single, key=lambda pair: pair[1].footer or len(BY_ID))

    @property
    def chords(self) -> list[tuple[str, DeckAction]]:
        """Every key that counts behind the menu's, with its action."""
        return [
            (keys.partition(" ")[2], BY_ID[name])
            for name, each in self._keys.items()
            for keys in each
            if " " in keys
        ]


def key_map(overrides: Mapping[str, str] | None = None, path: Path | None = None) -> Keymap:
    """Return the keys in force. `overrides`: action id to keys, separated by commas; empty for none.

    Raises BadConfig; `path` is the file that it names.
    """
    overrides = overrides or {}
    wrong = _Wrong(path)
    for name in overrides:
        if name not in BY_ID:
            near = get_close_matches(name, BY_ID, 1)
            hint = f"did you mean {near[0]}" if near else "the deck's help (F1) lists all"
            raise wrong(name, f"there is no such action; {hint}")
    leader = LEADER
    if MENU in overrides:
        if not overrides[MENU].strip() or "," in overrides[MENU]:
            raise wrong(MENU, "expected one key: it begins every chord")
        leader = _single(overrides[MENU].strip(), lambda why: wrong(MENU, why))
    keys: dict[str, tuple[str, ...]] = {}
    for action in ACTIONS:
        written = overrides.get(action.id)
        if action.id == MENU:
            keys[MENU] = (leader,)
        elif written is None:
            keys[action.id] = (action.keys.replace(LEADER, leader, 1),) if action.keys else ()
        else:
            keys[action.id] = tuple(
                _keys(each, leader, lambda why, name=action.id: wrong(name, why))  # type: ignore[misc]
                for each in written.split(",")
                if each.strip()
            )
    for key, name, other in clashes(keys):
        if name == other:
            raise wrong(name, f"{key} stands there twice")
        if changed := next((each for each in (name, other) if each in overrides), ""):
            has = other if changed == name else name
            raise wrong(changed, f"{key} is the key of {has} too; give one of them another")
    return Keymap(keys)


class _Wrong:
    """Makes the exception that names file and place."""

    def __init__(self, path: Path | None) -> None:
        self._file = f"{path}: " if path else ""

    def __call__(self, action: str, why: str) -> BadConfig:
        return BadConfig(f"{self._file}keys.{action}: {why}")


def _keys(text: str, leader: str, wrong: Callable[[str], BadConfig]) -> str:
    """Check one key or chord, and return it as Textual names it."""
    first, *rest = text.split()
    if not rest:
        if _named(first) == leader:
            raise wrong(f"{first!r} begins chords; another key must follow, a comma by name: {leader} comma")
        return _single(first, wrong)
    if len(rest) > 1:
        raise wrong(f"{text.strip()!r} are more than two keys")
    if _named(first) != leader:
        raise wrong(f"{text.strip()!r}: a chord begins with the menu's key, {leader}")
    second = _named(rest[0])
    if second in _MENUS_OWN:
        raise wrong(f"{rest[0]!r} is a key of the menu itself")
    if not _is_character(rest[0], second):
        _check_known(rest[0], second, wrong)
    return f"{leader} {second}"


def _single(text: str, wrong: Callable[[str], BadConfig]) -> str:
    key = _named(text)
    if key in _TAKEN:
        raise wrong(f"{text!r} cannot be taken: {_TAKEN[key]}")
    if key in _TYPED or _is_character(text, key):
        raise wrong(f"{text!r} is wanted for writing; take it behind the menu's key, as in {LEADER} {text}")
    _check_known(text, key, wrong)
    return key


def _check_known(text: str, key: str, wrong: Callable[[str], BadConfig]) -> None:
    if key in _KEYS:
        return
    if _UNTYPABLE.fullmatch(key):
        raise wrong(f"{text!r} cannot be typed: terminals do not pass it on")
    near = get_close_matches(key, _KEYS, 1)
    hint = f"did you mean {near[0]}" if near else "expected one such as f10, ctrl+b or ctrl+w x"
    raise wrong(f"there is no key {text!r}; {hint}")


def _named(text: str) -> str:
    """The name that Textual gives to a key."""
    if len(text) > 1:
        return text.lower()
    if text.isalnum() or not text:
        return text
    name = unicodedata.name(text, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


def _is_character(text: str, key: str) -> bool:
    """Whether it is a character, itself or by its name."""
    if len(text) == 1:
        return text.isprintable()
    written = {renamed: name for name, renamed in _RENAMED.items()}.get(key, key).replace("_", " ")
    for name in (written, written.replace(" ", "-")):
        try:
            return unicodedata.lookup(name).isprintable()
        except KeyError:
            continue
    return False


def clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    """Yield each key with the ids of two actions that it has where both apply, or twice the same id."""
    taken: dict[str, list[str]] = {}
    for name, each in keys.items():
        for key in each:
            others = taken.setdefault(key, [])
            for other in others:
                if name == other or overlap(BY_ID[name], BY_ID[other]):
                    yield key, name, other
            others.append(name)


def overlap(one: DeckAction, other: DeckAction) -> bool:
    """Whether there are panes to which both apply."""
    return one.panes is None or other.panes is None or bool(one.panes & other.panes)
