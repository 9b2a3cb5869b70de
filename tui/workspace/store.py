"""Workspaces on disk: which sessions in which order, with what was typed and not yet sent.

One JSON file each, in the user's folder for data. They hold no keys: those are named in the configuration.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from platformdirs import user_data_path

from sessions.config import Config, SessionTable
from sessions.files import write_whole
from sessions.live.actions import Open
from sessions.providers.codec import Kind

DEFAULT = "default"
"""The one that is opened where none is named."""
KEPT_HISTORY = 50
"""Texts sent before that are kept a pane."""
_NAME = re.compile(r"[\w][\w .+-]{0,39}")
_FORMAT = 1
_LARGEST = 4 * 1024 * 1024


class BadWorkspace(Exception):
    """A workspace cannot be read, written or called so; the message is one line."""


class PaneState(msgspec.Struct, frozen=True):
    """A pane and its session."""

    name: str
    """The session's."""
    table: SessionTable
    title: str = ""
    draft: str = ""
    history: tuple[str, ...] = ()
    listens: bool = False
    grouped: bool = False

    def opening(self) -> Open:
        return Open(self.name, self.table, self.title, self.listens)


class WorkspaceState(msgspec.Struct, frozen=True):
    """Panes in their order; `front` is the name of the one that has the focus."""

    panes: tuple[PaneState, ...]
    front: str = ""
    zoomed: bool = False
    format: Annotated[int, msgspec.Meta(ge=1, le=_FORMAT)] = _FORMAT


def usual() -> WorkspaceState:
    """What a new workspace begins with; its transcription listens."""
    kinds: tuple[Kind, ...] = ("transcribe", "speak", "converse")
    panes = tuple(PaneState(kind, SessionTable(kind), listens=kind == "transcribe") for kind in kinds)
    return WorkspaceState(panes, front="converse")


def of_tables(tables: Sequence[tuple[str, SessionTable]]) -> WorkspaceState:
    """A workspace of named sessions; the first transcription listens."""
    first = next((name for name, table in tables if table.kind == "transcribe"), "")
    panes = tuple(PaneState(name, table, title=name, listens=name == first) for name, table in tables)
    return WorkspaceState(panes)


class Store:
    """The workspaces in a folder, and beside them those that the configuration names."""

    def __init__(self, config: Config, folder: Path | None = None) -> None:
        self._config = config
        self._folder = folder or user_data_path("voxdeck", appauthor=False) / "workspaces"

    def names(self) -> list[str]:
        """All there are, by name; the default one first."""
        try:
            saved = {path.stem for path in self._folder.glob("*.json") if _NAME.fullmatch(path.stem)}
        except OSError:
            saved = set()
        return sorted({DEFAULT, *saved, *self._config.workspaces}, key=lambda name: (name != DEFAULT, name))

    def is_saved(self, name: str) -> bool:
        return self._path(name).exists()

    def is_configured(self, name: str) -> bool:
        """Whether the configuration has one of this name; what was saved since counts more."""
        return name in self._config.workspaces

    def load(self, name: str) -> WorkspaceState:
        """The saved one, else the configuration's, else a new one. Raises BadWorkspace."""
        path = self._path(name)
        try:
            if path.stat().st_size > _LARGEST:
                raise BadWorkspace(f"{path}: it is too large to be a workspace; move it away")
            state = msgspec.json.decode(path.read_bytes(), type=WorkspaceState)
        except FileNotFoundError:
            return self._configured(name) or usual()
        except OSError as error:
            raise BadWorkspace(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadWorkspace(f"{path}: it is no workspace of this version: {error}; move it away") from None
        if len({pane.name for pane in state.panes}) < len(state.panes):
            raise BadWorkspace(f"{path}: two panes have the same name; move it away")
        return state

    def save(self, name: str, state: WorkspaceState) -> None:
        """Write it whole or not at all. Raises BadWorkspace."""
        path = self._path(name)
        try:
            write_whole(path, msgspec.json.format(msgspec.json.encode(state)))
        except OSError as error:
            raise BadWorkspace(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None

    def delete(self, name: str) -> None:
        """Forget a saved one. Raises BadWorkspace."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise BadWorkspace(f"{name}: {(error.strerror or 'cannot be deleted').lower()}") from None

    def _configured(self, name: str) -> WorkspaceState | None:
        table = self._config.workspaces.get(name)
        if table is None:
            return None
        return of_tables([(each, self._config.sessions[each]) for each in table.sessions])

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadWorkspace(
                f"{name!r}: a workspace is called by up to 40 letters, digits, spaces and . + - _, "
                "a letter or digit first"
            )
        return self._folder / f"{name}.json"
