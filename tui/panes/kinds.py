"""Which pane shows which session."""

from sessions.config import SessionTable
from tui.panes.agent import AgentPane
from tui.panes.converse import ConversePane
from tui.panes.image import ImagePane
from tui.panes.pane import Pane
from tui.panes.speak import SpeakPane
from tui.panes.transcribe import TranscribePane

_KINDS: dict[str, type[Pane]] = {
    "transcribe": TranscribePane,
    "speak": SpeakPane,
    "converse": ConversePane,
    "image": ImagePane,
}


def pane_for(name: str, table: SessionTable, title: str = "") -> Pane:
    """Make the pane of a session. Agents of ElevenLabs converse, and have a pane of their own."""
    kind = AgentPane if table.provider == "elevenlabs" and table.kind == "converse" else _KINDS[table.kind]
    return kind(name, table, title)
