"""Cartesia text-to-speech: many contexts on one socket, each a text that grows and the speech of it."""

import base64
import json
import math
import uuid
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
from anyio.abc import TaskGroup
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from sessions.audio.pcm import Samples
from sessions.local.alignment import audible, word_spans
from sessions.local.cartesia_messages import (
    NEWEST_VERSION,
    BadRequest,
    Cancel,
    Generation,
    is_version,
    parse,
)
from sessions.local.engines import Engines
from sessions.local.refusals import Refusal
from sessions.local.session import content
from sessions.local.synthesiser import RATE, Synthesiser
from sessions.local.wire_audio import Encoder

IDLE_LIMIT = 300.0
"""Seconds without a message until the socket is closed (Cartesia documentation)."""
CONTEXT_LIMIT = 1.0
"""Seconds after its last audio that a context which may go on does not go on (Cartesia documentation)."""


def cartesia(connection: HTTPConnection, engines: Engines) -> "CartesiaSession":
    """The version in the query wins over the one in the header."""
    header = connection.headers.get("cartesia-version", NEWEST_VERSION)
    version = connection.query_params.get("cartesia_version", header)
    if not is_version(version):
        message = "cartesia_version: must be a date, as 2026-03-01"
        body = {"error_code": None, "title": "Invalid version", "message": message}
        raise Refusal(400, {**body, "request_id": str(uuid.uuid4())})
    return CartesiaSession(version, engines)


class CartesiaSession:
    """Contexts speak side by side, so their chunks come interleaved."""

    _websocket: WebSocket
    _tasks: TaskGroup

    def __init__(self, version: str, engines: Engines) -> None:
        self._version = version
        self._synthesiser = engines.synthesiser
        self._contexts: dict[str, _Context] = {}

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        async with anyio.create_task_group() as self._tasks:
            await self._read()
            self._tasks.cancel_scope.cancel()

    async def send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message))
        await anyio.lowlevel.checkpoint()

    async def _read(self) -> None:
        while True:
            with anyio.move_on_after(IDLE_LIMIT) as waiting:
                message = await self._websocket.receive()
            if waiting.cancelled_caught:
                await self._websocket.close(1000, f"idle timeout: no message for {IDLE_LIMIT:.0f} s")
                return
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._take(parse(content(message), self._version))
            except BadRequest as bad:
                self._end(bad.context_id)
                await self.send(bad.wire(self._version))

    def _take(self, request: Generation | Cancel) -> None:
        if isinstance(request, Cancel):
            self._end(request.context_id)
            return
        context = self._contexts.get(request.context_id)
        if context is None:
            context = self._contexts[request.context_id] = _Context(self, self._synthesiser, request)
            self._tasks.start_soon(self._speak, context)
        else:
            context.add(request)

    def _end(self, context_id: str | None) -> None:
        """Nothing more is said in this context."""
        context = None if context_id is None else self._contexts.pop(context_id, None)
        if context is not None:
            context.running.cancel()

    async def _speak(self, context: "_Context") -> None:
        with context.running:
            await context.run()
        if self._contexts.get(context.id) is context:
            del self._contexts[context.id]


class _Context:
    """`flush_id` counts segments from 1; times are seconds of the context's audio."""

    def __init__(self, session: CartesiaSession, synthesiser: Synthesiser, first: Generation) -> None:
        self.id = first.context_id
        self.running = anyio.CancelScope()
        self._session = session
        self._synthesiser = synthesiser
        self._first = first
        self._encoder = Encoder(RATE, first.audio_format)
        self._queue, self._inputs = anyio.create_memory_object_stream[Generation](math.inf)
        self._queue.send_nowait(first)
        self._closed = not first.continues
        self._text = ""
        self._flush_id = 1
        self._seconds = 0.0
        self._deadline = math.inf

    def add(self, generation: Generation) -> None:
        """Take a further input; raises `BadRequest`."""
        if self._closed:
            raise BadRequest("the context was closed by an input without continue", self.id)
        changed = [
            name
            for name in {*generation.fixed, *self._first.fixed}
            if generation.fixed.get(name) != self._first.fixed.get(name)
        ]
        if changed:
            raise BadRequest(f"{min(changed)}: must be the same in all inputs of a context", self.id)
        self._closed = not generation.continues
        self._queue.send_nowait(generation)

    async def run(self) -> None:
        with self._queue, self._inputs:
            while (generation := await self._next()) is not None:
                if not self._text.strip():
                    self._deadline = anyio.current_time() + self._first.delay
                self._text += generation.transcript
                if generation.flush or not generation.continues or not generation.delay:
                    await self._speak_all()
                else:
                    whole, self._text = await self._synthesiser.complete(self._text)
                    await self._speak(whole)
                if generation.flush:
                    await self._send("flush_done", flush_id=self._flush_id, flush_done=True)
                    self._flush_id += 1
                if not generation.continues:
                    await self._send("done", done=True)
                    return

    async def _next(self) -> Generation | None:
        """Return the next input, or None when its time is over; text that has waited long is spoken."""
        while True:
            with anyio.move_on_at(self._deadline):
                return await self._inputs.receive()
            if not self._text.strip():
                return None
            await self._speak_all()

    async def _speak_all(self) -> None:
        text, self._text = self._text, ""
        await self._speak(text)

    async def _speak(self, text: str) -> None:
        began = anyio.current_time()
        async for sentence, made in self._synthesiser.read_aloud(text, self._first.speed):
            samples = _louder(made, self._first.volume)
            if self._first.timestamps:
                await self._send_timestamps(sentence, samples)
            self._seconds += len(samples) / RATE
            for frame in self._encoder.push(samples):
                await self._send_chunk(frame, began)
                began = anyio.current_time()
        for frame in self._encoder.flush():
            await self._send_chunk(frame, began)
        if self._seconds and not self._text.strip():
            self._deadline = anyio.current_time() + CONTEXT_LIMIT

    async def _send_chunk(self, frame: bytes, began: float) -> None:
        step_time = round((anyio.current_time() - began) * 1000, 3)
        data = base64.b64encode(frame).decode()
        await self._send("chunk", data=data, step_time=step_time, flush_id=self._flush_id)

    async def _send_timestamps(self, sentence: str, samples: Samples) -> None:
        """Send when words sound: estimates, as the voice does not tell."""
        words = sentence.split()
        spans = word_spans(words, audible(samples, RATE))
        timestamps = {
            "words": words,
            "start": [round(self._seconds + start, 3) for start, _ in spans],
            "end": [round(self._seconds + end, 3) for _, end in spans],
        }
        await self._send("timestamps", word_timestamps=timestamps, flush_id=self._flush_id)

    async def _send(self, kind: str, *, done: bool = False, **fields: Any) -> None:
        base = {"type": kind, "context_id": self.id, "status_code": 206, "done": done}
        await self._session.send({**base, **fields})


def _louder(samples: Samples, volume: float) -> Samples:
    if volume == 1.0:
        return samples
    return np.asarray(np.clip(samples * volume, -32768, 32767), np.int16)
