"""OpenAI Realtime (GA shape): the session, its events and its one response at a time."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket

from sessions.local.engines import Engines
from sessions.local.openai_config import (
    BadEvent,
    default_session,
    default_transcription,
    response_settings,
    updated_session,
)
from sessions.local.openai_conversation import Conversation, new_id
from sessions.local.openai_input import InputAudio
from sessions.local.openai_response import Response
from sessions.local.session import messages

SESSION_LIMIT = 3600
"""Seconds that a session lasts (OpenAI documentation)."""

Event = dict[str, Any]


class RealtimeSession:
    _websocket: WebSocket
    _tasks: TaskGroup
    _expires_at: int

    def __init__(self, model: str, engines: Engines, *, beta: bool, transcription: bool) -> None:
        """`beta` tells that the client asked for the shape that was removed in May 2026.

        With `transcription` nothing is answered: there are no responses, and a model need not be named.
        """
        self._refusal = _refusal(model, beta=beta, required=not transcription)
        self._transcription = transcription
        self._engines = engines
        self._id = new_id("sess")
        self.settings = default_transcription(model) if transcription else default_session(model)
        self.conversation = Conversation()
        self._input = InputAudio(self, engines)
        self._response: Response | None = None
        self._has_spoken = False
        self._handlers: dict[str, Callable[[Event], Awaitable[None]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.delete": self._delete_item,
        }
        self._conversation_handlers = {
            "conversation.item.create": self._create_item,
            "conversation.item.truncate": self._truncate_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }
        if not transcription:
            self._handlers |= self._conversation_handlers

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        if self._refusal is not None:
            await self.send_error(self._refusal, None)
            await websocket.close(4000, f"invalid_request_error.{self._refusal.code}")
            return
        self._expires_at = int(time.time()) + SESSION_LIMIT
        await self.send("session.created", session=self._wire())
        with anyio.move_on_after(SESSION_LIMIT) as limit:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._input.run)
                await self._read()
                self._tasks.cancel_scope.cancel()
        if limit.cancelled_caught:
            reason = f"Your session hit the maximum duration of {SESSION_LIMIT // 60} minutes."
            await self.send_error(BadEvent("session_expired", reason), None)
            await websocket.close(1001, reason)

    async def send(self, kind: str, **fields: Any) -> None:
        await self._websocket.send_text(json.dumps({"type": kind, "event_id": new_id("event"), **fields}))

    async def send_error(self, error: BadEvent, event_id: Any) -> None:
        wire = {
            "type": "invalid_request_error",
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "event_id": event_id,
        }
        await self.send("error", error=wire)

    def speech_started(self) -> None:
        """The user begins to speak: what is being said to them ends."""
        detection = self.settings["audio"]["input"]["turn_detection"]
        response = self._active_response
        if response is not None and detection is not None and detection["interrupt_response"]:
            response.cancel("turn_detected")

    async def speech_committed(self) -> None:
        detection = self.settings["audio"]["input"]["turn_detection"]
        if not self._transcription and detection is not None and detection["create_response"]:
            try:
                self._respond({})
            except BadEvent as error:
                await self.send_error(error, None)

    @property
    def _active_response(self) -> Response | None:
        return self._response if self._response is not None and self._response.active else None

    async def _read(self) -> None:
        async for frame in messages(self._websocket):
            event_id = None
            try:
                event = _parse(frame)
                event_id = event.get("event_id")
                kind = _required(event, "type")
                handler = self._handlers.get(kind) if isinstance(kind, str) else None
                if handler is None and kind in self._conversation_handlers:
                    message = f"'{kind}' is not available in a transcription session."
                    raise BadEvent("invalid_value", message, "type")
                if handler is None:
                    raise BadEvent("invalid_value", f"Invalid value for 'type': {kind!r}.", "type")
                await handler(event)
            except BadEvent as error:
                await self.send_error(error, event_id)

    async def _update(self, event: Event) -> None:
        settings = updated_session(self.settings, _required(event, "session"))
        if self._has_spoken and _voice(settings) != _voice(self.settings):
            message = "The voice cannot be changed after the first audio output."
            raise BadEvent("cannot_update_voice", message, "session.audio.output.voice")
        self.settings = settings
        await self.send("session.updated", session=self._wire())

    async def _append(self, event: Event) -> None:
        await self._input.append(_required(event, "audio"))

    async def _commit(self, event: Event) -> None:
        self._input.put("commit", event.get("event_id"))

    async def _clear(self, event: Event) -> None:
        self._input.put("clear", event.get("event_id"))

    async def _create_item(self, event: Event) -> None:
        item = self.conversation.parse(_required(event, "item"))
        previous = self.conversation.add(item, event.get("previous_item_id"))
        for kind in ("conversation.item.added", "conversation.item.done"):
            await self.send(kind, previous_item_id=previous, item=item.wire)

    async def _retrieve_item(self, event: Event) -> None:
        item = self.conversation.get(_required(event, "item_id"))
        await self.send("conversation.item.retrieved", item=item.wire)

    async def _truncate_item(self, event: Event) -> None:
        place = {name: _required(event, name) for name in ("item_id", "content_index", "audio_end_ms")}
        self.conversation.truncate(**place)
        await self.send("conversation.item.truncated", **place)

    async def _delete_item(self, event: Event) -> None:
        item_id = _required(event, "item_id")
        self.conversation.delete(item_id)
        await self.send("conversation.item.deleted", item_id=item_id)

    async def _create_response(self, event: Event) -> None:
        self._respond(event.get("response", {}))

    async def _cancel_response(self, event: Event) -> None:
        response = self._active_response
        if response is None or event.get("response_id") not in {None, response.id}:
            raise BadEvent("response_cancel_not_active", "Cancellation failed: no active response found.")
        response.cancel("client_cancelled")

    def _respond(self, wanted: Any) -> None:
        if (active := self._active_response) is not None:
            message = f"Conversation already has an active response in progress: {active.id}."
            raise BadEvent("conversation_already_has_active_response", message)
        settings = response_settings(self.settings, wanted)
        self._response = Response(settings, self.conversation, self._engines, self.send)
        self._has_spoken |= settings["output_modalities"] == ["audio"]
        self._tasks.start_soon(self._response.run)

    def _wire(self) -> dict[str, Any]:
        return {
            "object": "realtime.transcription_session" if self._transcription else "realtime.session",
            "id": self._id,
            "expires_at": self._expires_at,
            **self.settings,
        }


def _voice(settings: dict[str, Any]) -> Any:
    return settings["audio"]["output"]["voice"]


def _refusal(model: str, *, beta: bool, required: bool) -> BadEvent | None:
    if beta:
        message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
        return BadEvent("beta_api_shape_disabled", message)
    if required and not model:
        return BadEvent("missing_model", "You must provide a model parameter.", "model")
    return None


def _parse(frame: str | bytes) -> Event:
    if isinstance(frame, bytes):
        raise BadEvent("invalid_event", "Binary messages are not supported: events are JSON text.")
    try:
        event = json.loads(frame)
    except ValueError:
        raise BadEvent("invalid_json", "The event could not be parsed as JSON.") from None
    if not isinstance(event, dict):
        raise BadEvent("invalid_event", "An event is a JSON object.")
    return event


def _required(event: Event, name: str) -> Any:
    if name not in event:
        raise BadEvent("missing_required_parameter", f"Missing required parameter: '{name}'.", name)
    return event[name]
