"""Clients of the embedded gateway that share no code with it, and the recordings that they send."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

NOVA_3 = "@cf/deepgram/nova-3"
LINEAR16 = {"encoding": "linear16", "sample_rate": "16000"}

Message = dict[str, Any]


def silence(seconds: float, rate: int = 16000) -> bytes:
    return bytes(int(seconds * rate) * 2)


def resampled(pcm: bytes, source: int, target: int) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    places = np.arange(int(len(samples) * target / source)) * source / target
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), "<i2").tobytes()


@dataclass(frozen=True)
class Gateway:
    url: str
    token: str

    def connect(self, path: str, query: dict[str, str], *, max_queue: int | None = None) -> ClientConnection:
        address = f"{self.url}/{path}?{urlencode(query, safe='@/')}"
        return connect(
            address,
            additional_headers={"cf-aig-authorization": self.token},
            max_size=None,
            max_queue=max_queue,
        )

    def listen(self, **query: str) -> ClientConnection:
        return self.connect("workers-ai", {"model": NOVA_3, **query})

    def speak(self, model: str = "aura-1", **query: str) -> ClientConnection:
        return self.connect("workers-ai", {"model": f"@cf/deepgram/{model}", **query})

    def realtime(self) -> ClientConnection:
        return self.connect("openai", {"model": "gpt-realtime-2.1"})


def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": kind, **fields}))


def send_audio(socket: ClientConnection, pcm: bytes, size: int = 3200) -> None:
    for at in range(0, len(pcm), size):
        socket.send(pcm[at : at + size])


def until_closed(socket: ClientConnection) -> Iterator[Message | bytes]:
    try:
        while True:
            frame = socket.recv(timeout=30)
            yield json.loads(frame) if isinstance(frame, str) else frame
    except ConnectionClosed:
        return


def until(socket: ClientConnection, kind: str) -> list[Message]:
    """Return the messages up to the first of a type, that one included; audio between them is an error."""
    found: list[Message] = []
    while not found or found[-1]["type"] != kind:
        found.append(json.loads(socket.recv(timeout=30, decode=True)))
    return found


def spoken(socket: ClientConnection, kind: str = "Flushed") -> tuple[bytes, Message]:
    """Return the audio up to the first message of a type, and that message."""
    audio = bytearray()
    while True:
        frame = socket.recv(timeout=30)
        if isinstance(frame, bytes):
            audio += frame
            continue
        message = json.loads(frame)
        if message["type"] == kind:
            return bytes(audio), message


def transcribe(gateway: Gateway, pcm: bytes, **query: str) -> list[Message]:
    """Return all messages of a session that sends `pcm` and closes the stream."""
    with gateway.listen(**{**LINEAR16, **query}) as socket:
        send_audio(socket, pcm)
        send(socket, "CloseStream")
        messages = [message for message in until_closed(socket) if isinstance(message, dict)]
        assert socket.close_code == 1000
        return messages


def text_of(message: Message) -> str:
    return str(message["channel"]["alternatives"][0]["transcript"])


def finals(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message["type"] == "Results" and message["is_final"]]


def final_text(messages: list[Message]) -> str:
    return " ".join(text for message in finals(messages) if (text := text_of(message)))


def audio_of(events: list[Message]) -> bytes:
    """Return the audio of OpenAI's deltas."""
    deltas = (event["delta"] for event in events if event["type"] == "response.output_audio.delta")
    return b"".join(map(base64.b64decode, deltas))
