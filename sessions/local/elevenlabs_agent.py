"""ElevenLabs Agents: the conversation socket that `agent_id` opens.

Agents, and with them their tools, are configured at ElevenLabs. The one agent here answers to any id,
and calls a client's tool when it is told to: "call the tool NAME", with `name=value` for parameters.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any

import anyio
from anyio.abc import TaskGroup
from starlette.requests import HTTPConnection
from starlette.types import Message as ASGIMessage
from starlette.websockets import WebSocket

from sessions.audio.pcm import Samples, samples_of
from sessions.local.assistant import AssistantFailed, Message
from sessions.local.audio_queue import AudioQueue
from sessions.local.elevenlabs_reply import AgentReply
from sessions.local.elevenlabs_settings import CLIENT_EVENTS, AgentError, AgentSettings, parse
from sessions.local.engines import Engines
from sessions.local.listener import Listener, SpeechStarted, Transcript
from sessions.local.reply import pieces_of
from sessions.local.session import Session, content
from sessions.local.tool_calls import spoken_result

FORMAT = "pcm_16000"
INPUT_LIMIT = 60.0
"""Seconds without anything from the user until the session ends (ElevenLabs' AsyncAPI, 1.0.0)."""
PING_EVERY = 2.0
"""Seconds; the live service was seen to take 1.7."""
_INITIATION_LIMIT = 1.0
"""Seconds that the client's data is waited for; it may be left out."""
_SILENCE = 0.7
_CALL = re.compile(r"\bcall (?:the )?tool ([\w-]+)", re.IGNORECASE)
_PARAMETER = re.compile(r"(\w+)=([^\s,;]+)")


def agent(connection: HTTPConnection, engines: Engines) -> Session:
    """Open a session; credentials, in whatever form, are not looked at."""
    return AgentSession(connection.query_params.get("agent_id", ""), engines)


class AgentSession:
    _websocket: WebSocket
    _tasks: TaskGroup

    def __init__(self, agent_id: str, engines: Engines) -> None:
        self._agent_id = agent_id
        self._engines = engines
        self._settings = AgentSettings()
        self._history: list[Message] = []
        self._context: dict[str, str] = {}
        self._queue: AudioQueue[None] = AudioQueue()
        self._listener = Listener(
            engines.detectors, engines.recogniser, self._queue.backlog, silence=_SILENCE
        )
        self._event_id = 0
        self._reply: AgentReply | None = None
        self._replying = anyio.Lock()
        self._interruptions = 0
        self._calls: dict[str, str] = {}
        self._last_ping = (0, 0.0)
        self._latency: int | None = None
        self._goodbye: AgentError | None = None

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        try:
            first = await self._begin()
        except AgentError as error:
            await self._leave(error)
            return
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._hear)
            self._tasks.start_soon(self._ping)
            if self._settings.first_message:
                self._tasks.start_soon(self._say, 0, pieces_of(self._settings.first_message))
            await self._read(first)
            self._tasks.cancel_scope.cancel()
        if self._goodbye is not None:
            await self._leave(self._goodbye)

    async def _begin(self) -> ASGIMessage | None:
        """Return the first message, where it is another than the client's data about itself."""
        if not self._agent_id:
            raise AgentError(1008, "missing_fields", "agent_id is required")
        first: ASGIMessage | None = None
        with anyio.move_on_after(_INITIATION_LIMIT):
            first = await self._websocket.receive()
        if first is not None and first["type"] == "websocket.receive":
            message = parse(content(first))
            if message["type"] == "conversation_initiation_client_data":
                self._settings = AgentSettings.parse(message)
                first = None
        await self._send(
            "conversation_initiation_metadata",
            "conversation_initiation_metadata_event",
            conversation_id=f"conv_{uuid.uuid4().hex}",
            agent_output_audio_format=FORMAT,
            user_input_audio_format=FORMAT,
        )
        return first

    async def _read(self, first: ASGIMessage | None) -> None:
        deadline = anyio.current_time() + INPUT_LIMIT
        try:
            while True:
                with anyio.CancelScope(deadline=deadline) as waiting:
                    frame, first = first or await self._websocket.receive(), None
                if waiting.cancelled_caught:
                    why = f"nothing came from the user for {INPUT_LIMIT:.0f} s"
                    raise AgentError(1002, "transport_receive_timeout", why)
                if frame["type"] == "websocket.disconnect":
                    return
                message = parse(content(frame))
                if message["type"] != "pong":
                    deadline = anyio.current_time() + INPUT_LIMIT
                await self._obey(message)
        except AgentError as error:
            self._goodbye = error

    async def _obey(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "user_audio_chunk":
                await self._queue.put_audio(_samples(message["user_audio_chunk"]))
            case "user_message":
                await self._take_text(message["text"])
            case "multimodal_message":
                user_message = message.get("text")
                await self._take_text(user_message.get("text") if isinstance(user_message, dict) else None)
            case "contextual_update":
                self._context[str(message.get("context_id") or uuid.uuid4())] = message["text"]
            case "client_tool_result":
                self._take_result(message)
            case "pong":
                event_id, at = self._last_ping
                if message["event_id"] == event_id:
                    self._latency = round((anyio.current_time() - at) * 1000)
            case "conversation_initiation_client_data":
                raise AgentError(1008, "invalid_message", "the client's data is the first message only")

    async def _take_text(self, text: Any) -> None:
        if isinstance(text, str) and text.strip():
            await self._interrupt()
            self._tasks.start_soon(self._answer, self._interruptions, text)

    def _take_result(self, message: dict[str, Any]) -> None:
        # One that comes too late, after an interruption, is of no interest any more.
        name = self._calls.pop(message["tool_call_id"], None)
        if name is not None:
            result = message.get("result")
            told = f"{name} failed: {result}." if message["is_error"] else spoken_result(name, result)
            self._tasks.start_soon(self._say, self._interruptions, pieces_of(told))

    async def _hear(self) -> None:
        settled = ""
        while True:
            samples, _ = await self._queue.get()
            assert samples is not None
            async for heard in self._listener.hear(samples, interims=True):
                if isinstance(heard, SpeechStarted):
                    settled = ""
                    await self._interrupt()
                elif isinstance(heard, Transcript):
                    text = f"{settled} {heard.text}".strip()
                    if heard.final:
                        settled = text
                    # Noise that turned out to have no words is nothing to answer.
                    if text:
                        await self._tell_heard(text, final=heard.final and heard.endpoint)

    async def _tell_heard(self, text: str, *, final: bool) -> None:
        kind = "user_transcript" if final else "tentative_user_transcript"
        key = "user_transcription_event" if final else "tentative_user_transcription_event"
        await self._send(kind, key, user_transcript=text, event_id=self._event_id + 1)
        if final:
            self._tasks.start_soon(self._answer, self._interruptions, text)

    async def _answer(self, asked: int, text: str) -> None:
        """`asked`: how many interruptions there had been when it was asked for; after more, it is late."""
        async with self._replying:
            self._history.append(Message("user", text))
            if asked != self._interruptions:
                return
            wanted = _CALL.search(text)
            if wanted is None:
                await self._reply_with(self._engines.assistant.answer(self._prompt()))
                return
            self._event_id += 1
            call = f"{wanted[1]}_{uuid.uuid4().hex}"
            self._calls[call] = wanted[1]
            await self._send(
                "client_tool_call",
                "client_tool_call",
                tool_name=wanted[1],
                tool_call_id=call,
                parameters=dict(_PARAMETER.findall(text)),
                event_id=self._event_id,
                expects_response=True,
            )

    async def _say(self, asked: int, pieces: AsyncGenerator[str]) -> None:
        async with self._replying:
            if asked == self._interruptions:
                await self._reply_with(pieces)

    async def _reply_with(self, pieces: AsyncGenerator[str]) -> None:
        self._event_id += 1
        reply = self._reply = AgentReply(self._event_id, pieces, self._send)
        try:
            if self._settings.text_only:
                text = heard = await reply.write()
            else:
                text, heard = await reply.speak(self._engines.synthesiser, self._settings.speed)
        except AssistantFailed as failed:
            self._goodbye = AgentError(1002, "llm_error", str(failed))
            self._tasks.cancel_scope.cancel()
            return
        if heard:
            self._history.append(Message("assistant", heard))
        if reply.interrupted and not self._settings.text_only:
            await self._tell_interruption(reply, text, heard)
        self._reply = None
        reply.ended.set()

    async def _tell_interruption(self, reply: AgentReply, text: str, heard: str) -> None:
        # An id of its own: Python's SDK drops audio up to this id, JavaScript's SDK audio below it.
        self._event_id += 1
        await self._send("interruption", "interruption_event", event_id=self._event_id)
        await self._send(
            "agent_response_correction",
            "agent_response_correction_event",
            original_agent_response=text,
            corrected_agent_response=f"{heard.rstrip()}...",
            event_id=reply.event_id,
        )

    async def _interrupt(self) -> None:
        """Return when nothing more of the reply that was going on will come."""
        self._interruptions += 1
        self._calls.clear()
        if self._reply is not None:
            self._reply.interrupt()
            await self._reply.ended.wait()

    def _prompt(self) -> list[Message]:
        told = [self._settings.prompt, *self._context.values()]
        return [*(Message("system", text) for text in told if text), *self._history]

    async def _ping(self) -> None:
        for event_id in count(1):
            self._last_ping = (event_id, anyio.current_time())
            await self._send("ping", "ping_event", event_id=event_id, ping_ms=self._latency)
            await anyio.sleep(PING_EVERY)

    async def _send(self, kind: str, key: str, **fields: Any) -> None:
        if kind not in CLIENT_EVENTS or kind in self._settings.client_events:
            await self._websocket.send_text(json.dumps({"type": kind, key: fields}))

    async def _leave(self, error: AgentError) -> None:
        await self._send(
            "error",
            "error_event",
            code=error.code,
            error_type=error.error_type,
            message=str(error),
            reason=error.reason,
        )
        await self._websocket.close(error.code, error.reason)


def _samples(chunk: str) -> Samples:
    try:
        return samples_of(base64.b64decode(chunk, validate=True))
    except (binascii.Error, ValueError):
        raise AgentError(1008, "invalid_message", "user_audio_chunk is not base64") from None
