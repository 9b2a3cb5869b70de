"""Conversations of Gemini Live that can be gone on with after their connection ended."""

import secrets
from dataclasses import dataclass

from sessions.local.assistant import Message

LIFETIME = 2 * 60 * 60
"""Seconds that a handle can be used (Google documentation)."""
MOST = 1000
"""Handles that are kept; the oldest go first."""


@dataclass(frozen=True)
class Conversation:
    """What was said, without the system instruction; `heard` is the seconds of the user's speech."""

    messages: tuple[Message, ...] = ()
    heard: float = 0.0

    def plus(self, *messages: Message, heard: float = 0.0) -> "Conversation":
        return Conversation((*self.messages, *messages), self.heard + heard)


class Resumptions:
    """In memory; times are seconds of any one clock."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, str, Conversation]] = {}

    def keep(self, model: str, conversation: Conversation, now: float) -> str:
        """Return a new handle."""
        if len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        handle = secrets.token_urlsafe(24)
        self._kept[handle] = (now, model, conversation)
        return handle

    def get(self, handle: str, model: str, now: float) -> Conversation | None:
        """Return the conversation, unless the handle is unknown, too old or another model's."""
        kept, kept_model, conversation = self._kept.get(handle, (now - LIFETIME, model, Conversation()))
        return conversation if now - kept < LIFETIME and kept_model == model else None
