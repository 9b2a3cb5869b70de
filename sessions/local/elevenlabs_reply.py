"""One reply of an ElevenLabs agent: as text in parts, or as sound with its text and alignment."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from sessions.local.alignment import Span, audible, share
from sessions.local.reply import Playback, Said, said
from sessions.local.synthesiser import RATE, Synthesiser
from sessions.local.wire_audio import AudioFormat, Encoder

OUTPUT = AudioFormat("linear16", 16000)


class Send(Protocol):
    async def __call__(self, kind: str, key: str, **fields: Any) -> None: ...


class AgentReply:
    """A spoken reply goes on until its audio, which is sent faster, would have been played to its end.

    All of its messages carry one event_id, as the live service's do.
    """

    def __init__(self, event_id: int, pieces: AsyncGenerator[str], send: Send) -> None:
        self.event_id = event_id
        self._pieces = pieces
        self._send = send
        self._text = ""
        self._told = False
        self._running = anyio.CancelScope()
        self.ended = anyio.Event()

    @property
    def interrupted(self) -> bool:
        return self._running.cancelled_caught

    def interrupt(self) -> None:
        self._running.cancel()

    async def write(self) -> str:
        """Send the text as it comes; return what of it was sent. Raises `AssistantFailed`."""
        await self._part("start", "")
        with self._running:
            async with aclosing(self._pieces):
                async for piece in self._pieces:
                    self._text += piece
                    await self._part("delta", piece)
        await self._part("stop", "")
        await self._tell()
        return self._text

    async def speak(self, synthesiser: Synthesiser, speed: float) -> tuple[str, str]:
        """Return the reply and what of it was heard, which differ when it was interrupted.

        Raises `AssistantFailed`.
        """
        playback = Playback()
        with self._running:
            async with aclosing(said(synthesiser, self._collected(), speed)) as parts:
                async for part in parts:
                    playback.add(part, anyio.current_time())
                    await self._send_audio(part)
            await anyio.sleep(playback.remaining(anyio.current_time()))
        if not self.interrupted:
            return self._text, self._text
        await self._tell()
        return self._text, playback.heard(anyio.current_time())

    async def _collected(self) -> AsyncGenerator[str]:
        async with aclosing(self._pieces):
            async for piece in self._pieces:
                self._text += piece
                yield piece
        await self._tell()

    async def _tell(self) -> None:
        """Send the whole text, once."""
        if not self._told:
            self._told = True
            await self._send(
                "agent_response", "agent_response_event", agent_response=self._text, event_id=self.event_id
            )

    async def _part(self, kind: str, text: str) -> None:
        await self._send(
            "agent_chat_response_part", "text_response_part", text=text, type=kind, event_id=self.event_id
        )

    async def _send_audio(self, part: Said) -> None:
        encoder = Encoder(RATE, OUTPUT)
        characters = share(audible(part.samples, RATE), [1] * len(part.text))
        start = 0.0
        for frame in [*encoder.push(part.samples), *encoder.flush()]:
            end = start + len(frame) / (OUTPUT.frame_size * OUTPUT.sample_rate)
            await self._send(
                "audio",
                "audio_event",
                audio_base_64=base64.b64encode(frame).decode(),
                event_id=self.event_id,
                alignment=_alignment(part.text, characters, start, end),
            )
            await anyio.lowlevel.checkpoint()
            start = end


def _alignment(text: str, characters: list[Span], start: float, end: float) -> dict[str, list[Any]]:
    """Return the characters that begin from `start` to `end`, in milliseconds of that chunk: estimates."""
    inside = [
        (character, span) for character, span in zip(text, characters, strict=True) if start <= span[0] < end
    ]
    return {
        "chars": [character for character, _ in inside],
        "char_start_times_ms": [round((span[0] - start) * 1000) for _, span in inside],
        "char_durations_ms": [round((span[1] - span[0]) * 1000) for _, span in inside],
    }
