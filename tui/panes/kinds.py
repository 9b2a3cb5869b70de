"""Which pane shows which session."""

from sessions.config import SessionTable
from tui.panes.agent import AgentPane
from tui.panes.converse import ConversePane
from tui.panes.pane import Pane
from tui.panes.speak import SpeakPane
from tui.panes.transcribe import TranscribePane

_KINDS: dict[str, type[Pane]] = {
    "transcribe": TranscribePane,
    "speak": SpeakPane,
    "converse": ConversePane,
}


def pane_for(name: str, table: SessionTable, title: str = "") -> Pane:
    """Make the pane of a session. Agents of ElevenLabs converse, and have a pane of their own."""
    if table.kind == "image":
        from tui.panes.image import ImagePane  # noqa: PLC0415 - most decks start without one

        return ImagePane(name, table, title)
    kind = AgentPane if table.provider == "elevenlabs" and table.kind == "converse" else _KINDS[table.kind]
    return kind(name, table, title)
