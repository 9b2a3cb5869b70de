"""What tests of OpenAI Realtime say to the gateway."""

import base64
from typing import Any

from websockets.sync.client import ClientConnection

from tests.local.clients import Gateway, Message, resampled, send, spoken, until
from tests.speech import recording

QUESTION = "How do I quit the deck?"


def kinds(events: list[Message]) -> list[str]:
    """Types in order, runs of the same written once."""
    types = [event["type"] for event in events]
    return [kind for kind, before in zip(types, [None, *types], strict=False) if kind != before]


def ask(session: ClientConnection, text: str, **response: Any) -> None:
    content = [{"type": "input_text", "text": text}]
    send(session, "conversation.item.create", item={"type": "message", "role": "user", "content": content})
    send(session, "response.create", response=response)


def answer(session: ClientConnection) -> list[Message]:
    """Return the events of one response."""
    created = until(session, "response.created")[-1]
    return [created, *until(session, "rate_limits.updated")]


def update(session: ClientConnection, **settings: Any) -> Message:
    send(session, "session.update", session={"type": "realtime", **settings})
    return until(session, "session.updated")[-1]["session"]  # type: ignore[no-any-return]


def append(session: ClientConnection, pcm: bytes, size: int = 4800) -> None:
    for at in range(0, len(pcm), size):
        send(session, "input_audio_buffer.append", audio=base64.b64encode(pcm[at : at + size]).decode())


def at_24_khz(name: str) -> bytes:
    return resampled(recording(name), 16000, 24000)


def question_aloud(gateway: Gateway) -> bytes:
    with gateway.speak() as socket:
        send(socket, "Speak", text=QUESTION)
        send(socket, "Flush")
        return spoken(socket)[0]


def error_of(session: ClientConnection) -> Message:
    return until(session, "error")[-1]["error"]  # type: ignore[no-any-return]
