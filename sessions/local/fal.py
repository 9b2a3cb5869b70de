"""fal's two sockets: HTTP over WebSocket, which every model speaks, and the msgpack realtime endpoint."""

import base64
import json
import uuid
from collections import deque
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from sessions.local.engines import Engines
from sessions.local.fal_request import Picture, Request, Unprocessable
from sessions.local.session import Query, Session, messages

LONGEST_FRAME = 256 * 1024
"""Characters of a body in one frame: clients' libraries commonly take at most 1 MiB."""
IDLE_LIMIT = 5.0
"""Seconds without input until a realtime socket is closed; at fal each app sets its own."""


def http(connection: HTTPConnection, engines: Engines) -> Session:
    """Open a session with any model: one painter stands for them all."""
    return HttpSession()


def realtime(connection: HTTPConnection, engines: Engines) -> Session:
    """Raise `Refusal` that names the parameter at fault."""
    return RealtimeSession(Query(connection.query_params))


class HttpSession:
    """Each message is the body of a request; they are answered in order, one after the other.

    There is no content network here, so pictures are data URIs whatever `sync_mode` says.
    """

    async def run(self, websocket: WebSocket) -> None:
        async for frame in messages(websocket):
            began = anyio.current_time()
            status, body = await _answer(frame)
            meta = {"request_id": str(uuid.uuid4()), "status": status}
            head = {"type": "start", **meta, "headers": {"Content-Type": "application/json"}}
            first_byte = round(anyio.current_time() - began, 4)
            await websocket.send_text(json.dumps(head))
            text = json.dumps(body)
            for at in range(0, len(text), LONGEST_FRAME):
                await websocket.send_text(text[at : at + LONGEST_FRAME])
                await anyio.lowlevel.checkpoint()
            end = {"type": "end", **meta, "time_to_first_byte_seconds": first_byte}
            await websocket.send_text(json.dumps(end))


async def _answer(frame: str | bytes) -> tuple[int, dict[str, Any]]:
    try:
        request = Request.parse(json.loads(frame))
    except Unprocessable as refused:
        return 422, {"detail": refused.errors}
    except ValueError:
        error = {"loc": ["body"], "msg": "The payload is not JSON", "type": "json_invalid"}
        return 422, {"detail": [error]}
    pictures, fields = await request.paint()
    return 200, {"images": [{"url": _data_uri(one), **_about(one)} for one in pictures], **fields}


class RealtimeSession:
    """Inputs wait while a picture is made; of more than `max_buffering` that wait, the oldest are dropped."""

    _websocket: WebSocket

    def __init__(self, query: Query) -> None:
        """Raise `Refusal` that names the parameter at fault."""
        self._waiting: deque[str | bytes] = deque(maxlen=query.number("max_buffering", None, 1, 60))
        self._arrived = anyio.Event()

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._work, tasks.cancel_scope)
            async for frame in messages(websocket):
                self._waiting.append(frame)
                self._arrived.set()
            tasks.cancel_scope.cancel()

    async def _work(self, session: anyio.CancelScope) -> None:
        while True:
            with anyio.move_on_after(IDLE_LIMIT) as idle:
                while not self._waiting:
                    self._arrived = anyio.Event()
                    await self._arrived.wait()
            if idle.cancelled_caught:
                await self._end(1000, "TIMEOUT", f"there was no input for {IDLE_LIMIT:g} s")
                break
            try:
                await self._answer(self._waiting.popleft())
            except Unprocessable as refused:
                await self._end(1011, "INTERNAL_ERROR", str(refused))
                break
            except (ValueError, msgspec.DecodeError):
                await self._end(1008, "BAD_REQUEST", "the input is neither msgpack nor JSON")
                break
        session.cancel()

    async def _answer(self, frame: str | bytes) -> None:
        """Answer msgpack in msgpack, with the pictures' bytes, and JSON in JSON, with data URIs."""
        payload = json.loads(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)
        pictures, fields = await Request.parse(payload).paint()
        if isinstance(frame, bytes):
            images: list[dict[str, Any]] = [{"content": one.content, **_about(one)} for one in pictures]
            await self._websocket.send_bytes(msgspec.msgpack.encode({"images": images, **fields}))
        else:
            images = [{"url": _data_uri(one), **_about(one)} for one in pictures]
            await self._send({"images": images, **fields})
        timing = fields["timings"]["inference"]
        await self._send({"type": "x-fal-message", "action": "timings", "timing": timing})

    async def _end(self, code: int, error: str, reason: str) -> None:
        await self._send({"type": "x-fal-error", "error": error, "reason": reason})
        await self._websocket.close(code)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message))


def _about(picture: Picture) -> dict[str, Any]:
    return {"content_type": picture.content_type, "width": picture.width, "height": picture.height}


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.content_type};base64,{base64.b64encode(picture.content).decode()}"
