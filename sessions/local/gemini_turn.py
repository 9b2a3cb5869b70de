"""One turn of the model in Gemini Live: from its first words until it would have been played."""

import base64
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from sessions.local.openai_response import text_tokens
from sessions.local.reply import Playback, said
from sessions.local.synthesiser import RATE, Synthesiser

FRAME = RATE // 10
"""Samples in a message: 100 ms."""
AUDIO_TOKENS = 25
"""A second, in and out (Google documentation on Live sessions)."""


class Send(Protocol):
    async def __call__(self, **fields: Any) -> None: ...


class ModelTurn:
    """Like the service, a turn ends when its audio, sent faster, would have been played to its end."""

    def __init__(
        self, synthesiser: Synthesiser, pieces: AsyncGenerator[str], send: Send, *, told: bool
    ) -> None:
        """`told`: whether the client wants to read what is said."""
        self._synthesiser = synthesiser
        self._pieces = pieces
        self._send = send
        self._told = told
        self._playback = Playback()
        self._running = anyio.CancelScope()
        self.ended = anyio.Event()

    def interrupt(self) -> None:
        self._running.cancel()

    async def run(self) -> str:
        """Return what was heard of the reply; raises `AssistantFailed`."""
        with self._running:
            await self._say()
            await self._send(serverContent={"generationComplete": True})
            await anyio.sleep(self._playback.remaining(anyio.current_time()))
        if not self._running.cancelled_caught:
            return self._playback.text
        await self._send(serverContent={"interrupted": True})
        return self._playback.heard(anyio.current_time())

    async def _say(self) -> None:
        async with aclosing(said(self._synthesiser, self._pieces)) as parts:
            async for part in parts:
                self._playback.add(part, anyio.current_time())
                if self._told:
                    await self._send(serverContent={"outputTranscription": {"text": part.text}})
                for at in range(0, len(part.samples), FRAME):
                    pcm = part.samples[at : at + FRAME].astype("<i2").tobytes()
                    await self._send(serverContent={"modelTurn": {"role": "model", "parts": [_audio(pcm)]}})
                    await anyio.lowlevel.checkpoint()

    def usage(self, prompt: str, heard: float) -> dict[str, Any]:
        """Estimates, for nothing here counts tokens: see `AUDIO_TOKENS` and `text_tokens`.

        `heard` is the seconds of the user's speech that were in the prompt besides the text.
        """
        into = {"TEXT": text_tokens(prompt), "AUDIO": math.ceil(heard * AUDIO_TOKENS)}
        out = {"AUDIO": math.ceil(self._playback.seconds * AUDIO_TOKENS)}
        return {
            "promptTokenCount": sum(into.values()),
            "responseTokenCount": sum(out.values()),
            "totalTokenCount": sum(into.values()) + sum(out.values()),
            "promptTokensDetails": _details(into),
            "responseTokensDetails": _details(out),
        }


def _audio(pcm: bytes) -> dict[str, Any]:
    data = base64.b64encode(pcm).decode()
    return {"inlineData": {"mimeType": f"audio/pcm;rate={RATE}", "data": data}}


def _details(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]
