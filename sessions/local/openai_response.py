"""One response of an OpenAI Realtime session, from `response.created` to `rate_limits.updated`."""

import base64
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from sessions.local import openai_tools
from sessions.local.assistant import AssistantFailed, asked
from sessions.local.engines import Engines
from sessions.local.openai_config import audio_format
from sessions.local.openai_conversation import Conversation, Item, answer_item, call_item, history, new_id
from sessions.local.reply import pieces_of
from sessions.local.synthesiser import RATE
from sessions.local.wire_audio import Encoder

_SENTENCE_END = re.compile(r"[.!?…]\S*\s")


class Send(Protocol):
    def __call__(self, kind: str, **fields: Any) -> Awaitable[None]: ...


class Response:
    def __init__(
        self, settings: dict[str, Any], conversation: Conversation, engines: Engines, send: Send
    ) -> None:
        """`settings` as from `response_settings`; raises `BadEvent` when they name unknown items."""
        self.id = new_id("resp")
        self._settings = settings
        self._conversation = conversation
        self._items = conversation.items(settings["input"])
        self._engines = engines
        self._send = send
        self._spoken = settings["output_modalities"] == ["audio"]
        output = settings["audio"]["output"]
        self._speed = float(output["speed"])
        self._format = audio_format(output["format"])
        self._encoder = Encoder(RATE, self._format)
        self._running = anyio.CancelScope()
        self._status = "in_progress"
        self.active = True
        self._details: dict[str, Any] | None = None
        self._item: Item | None = None
        self._previous: str | None = None
        self._text = ""
        self._unspoken = ""

    def cancel(self, reason: str) -> None:
        self._end("cancelled", {"type": "cancelled", "reason": reason})
        self._running.cancel()

    async def run(self) -> None:
        await self._send("response.created", response=self._wire())
        try:
            with self._running:
                await self._answer()
                self._end("completed", None)
        except AssistantFailed as failed:
            error = {"type": "server_error", "code": "assistant_failed", "message": str(failed)}
            self._end("failed", {"type": "failed", "error": error})
        if self._item is not None:
            await self._close_item(self._item)
        # Who reads response.done may create the next response at once.
        self.active = False
        await self._send("response.done", response=self._wire())
        # The embedded gateway limits nothing.
        await self._send("rate_limits.updated", rate_limits=[])

    def _end(self, status: str, details: dict[str, Any] | None) -> None:
        if self._status == "in_progress":
            self._status, self._details = status, details

    async def _answer(self) -> None:
        messages = await history(self._settings["instructions"], self._items)
        called = openai_tools.call(self._settings, self._items, asked(messages))
        if called is not None:
            await self._call(*called)
            return
        results = " ".join(openai_tools.outputs(self._items))
        answer = pieces_of(results) if results else self._engines.assistant.answer(messages)
        async with aclosing(answer) as pieces:
            await self._tell(pieces)
        if self._spoken:
            await self._speak(self._unspoken)
            await self._send_audio(self._encoder.flush())

    async def _call(self, name: str, arguments: dict[str, Any]) -> None:
        item = self._item = call_item(name)
        self._text = json.dumps(arguments, ensure_ascii=False)
        await self._add(item)
        # A call that was begun is told to its end: half a call is of no use to anybody.
        with anyio.CancelScope(shield=True):
            place = {**self._place, "item_id": item.id, "call_id": item.wire["call_id"]}
            for piece in re.findall(r"\S+\s*", self._text):
                await self._send("response.function_call_arguments.delta", **place, delta=piece)
            await self._send(
                "response.function_call_arguments.done", **place, name=name, arguments=self._text
            )

    async def _tell(self, pieces: AsyncIterator[str]) -> None:
        limit = self._settings["max_output_tokens"]
        async for piece in pieces:
            if limit != "inf" and text_tokens(self._text + piece) > limit:
                self._end("incomplete", {"type": "incomplete", "reason": "max_output_tokens"})
                break
            if self._item is None:
                self._item = await self._open_item()
            self._text += piece
            if self._spoken:
                await self._part("response.output_audio_transcript.delta", delta=piece)
                await self._speak_whole_sentences(piece)
            else:
                await self._part("response.output_text.delta", delta=piece)

    async def _speak_whole_sentences(self, piece: str) -> None:
        self._unspoken += piece
        if _SENTENCE_END.search(self._unspoken):
            whole, self._unspoken = await self._engines.synthesiser.complete(self._unspoken)
            await self._speak(whole)

    async def _speak(self, text: str) -> None:
        async for samples in self._engines.synthesiser.speak(text, self._speed):
            await self._send_audio(self._encoder.push(samples))

    async def _send_audio(self, frames: list[bytes]) -> None:
        for frame in frames:
            await anyio.lowlevel.checkpoint()  # one that was cancelled sends no more
            assert self._item is not None
            self._item.seconds += len(frame) / (self._format.frame_size * self._format.sample_rate)
            await self._part("response.output_audio.delta", delta=base64.b64encode(frame).decode())

    async def _open_item(self) -> Item:
        item = answer_item()
        await self._add(item)
        empty = {"type": "audio", "transcript": ""} if self._spoken else {"type": "text", "text": ""}
        await self._send(
            "response.content_part.added", **self._place, item_id=item.id, content_index=0, part=empty
        )
        return item

    async def _add(self, item: Item) -> None:
        await self._send("response.output_item.added", **self._place, item=item.wire)
        if self._settings["conversation"] == "auto":
            self._previous = self._conversation.add(item)
            await self._item_event("conversation.item.added", item)

    async def _close_item(self, item: Item) -> None:
        item.wire["status"] = "completed" if self._status == "completed" else "incomplete"
        if item.wire["type"] == "function_call":
            item.wire["arguments"] = self._text
        else:
            await self._close_content(item)
        item.settled.set()
        if self._settings["conversation"] == "auto":
            await self._item_event("conversation.item.done", item)
        await self._send("response.output_item.done", **self._place, item=item.wire)

    async def _close_content(self, item: Item) -> None:
        if self._spoken:
            part = {"type": "audio", "transcript": self._text}
            item.wire["content"] = [{"type": "output_audio", "transcript": self._text}]
            await self._part("response.output_audio.done")
            await self._part("response.output_audio_transcript.done", transcript=self._text)
        else:
            part = {"type": "text", "text": self._text}
            item.wire["content"] = [{"type": "output_text", "text": self._text}]
            await self._part("response.output_text.done", text=self._text)
        await self._part("response.content_part.done", part=part)

    @property
    def _place(self) -> dict[str, Any]:
        return {"response_id": self.id, "output_index": 0}

    async def _part(self, kind: str, **fields: Any) -> None:
        assert self._item is not None
        await self._send(kind, **self._place, item_id=self._item.id, content_index=0, **fields)

    async def _item_event(self, kind: str, item: Item) -> None:
        await self._send(kind, previous_item_id=self._previous, item=item.wire)

    def _wire(self) -> dict[str, Any]:
        output = self._settings["audio"]["output"]
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self._status,
            "status_details": self._details,
            "output": [] if self._item is None else [self._item.wire],
            "conversation_id": self._conversation.id if self._settings["conversation"] == "auto" else None,
            "output_modalities": self._settings["output_modalities"],
            "max_output_tokens": self._settings["max_output_tokens"],
            "audio": {"output": {"format": output["format"], "voice": output["voice"]}},
            "usage": None if self._status == "in_progress" else self._usage(),
            "metadata": self._settings["metadata"],
        }

    def _usage(self) -> dict[str, Any]:
        """Estimates, for nothing here counts tokens: see `text_tokens`; audio is 10 a second in, 20 out."""
        heard = [item for item in self._items if item.seconds and item.wire["role"] == "user"]
        read = [item.text for item in self._items if item not in heard] + [self._settings["instructions"]]
        text_in = sum(map(text_tokens, read))
        audio_in = sum(math.ceil(item.seconds * 10) for item in heard)
        text_out = text_tokens(self._text)
        audio_out = 0 if self._item is None else math.ceil(self._item.seconds * 20)
        return {
            "total_tokens": text_in + audio_in + text_out + audio_out,
            "input_tokens": text_in + audio_in,
            "output_tokens": text_out + audio_out,
            "input_token_details": {
                "text_tokens": text_in,
                "audio_tokens": audio_in,
                "image_tokens": 0,
                "cached_tokens": 0,
                "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
            },
            "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
        }


def text_tokens(text: str) -> int:
    """Estimate: four characters a token, the rule of thumb for English."""
    return math.ceil(len(text) / 4)
