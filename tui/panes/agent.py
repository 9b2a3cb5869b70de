"""The pane of an agent: a conversation whose other side is configured at its provider."""

from tui.panes.converse import ConversePane


class AgentPane(ConversePane):
    TITLE = "Agent"
    EMPTY = "Write to the agent, or press {listen} and speak. Its voice and its tools are its maker's choice."
    PLACEHOLDER = "Write to the agent"
