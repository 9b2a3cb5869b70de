"""Gemini Live (BidiGenerateContent): setup, the conversation, its lifetime."""

import json
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import anyio
from anyio.abc import TaskGroup
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from sessions.local.assistant import AssistantFailed, Message
from sessions.local.ending import SessionEnded
from sessions.local.engines import Engines
from sessions.local.gemini_input import UserInput
from sessions.local.gemini_messages import (
    ClientContent,
    ClientMessage,
    ContextUpdate,
    Setup,
    ToolResponse,
    invalid,
    parse,
)
from sessions.local.gemini_resumption import Conversation, Resumptions
from sessions.local.gemini_turn import ModelTurn
from sessions.local.reply import pieces_of
from sessions.local.session import Session, messages
from sessions.local.tool_calls import asked_for, spoken_result

_SERVICE = "google/ws/google.ai.generativelanguage.{}.GenerativeService.BidiGenerateContent"
PATHS = ("google", *(_SERVICE.format(version) for version in ("v1", "v1beta", "v1alpha")))
"""The gateway's, and those that Google's SDKs append."""

CONNECTION_LIMIT = 600.0
NOTICE = 60.0
"""Seconds that a connection lasts, and how long before its end goAway comes (Google documentation)."""

_LIVE_MODEL = re.compile(r"models/gemini-[\w.-]*(live|native-audio)[\w.-]*")


class LiveSession:
    _websocket: WebSocket
    _tasks: TaskGroup
    _setup: Setup
    _input: UserInput

    def __init__(self, engines: Engines, resumptions: Resumptions) -> None:
        self._engines = engines
        self._resumptions = resumptions
        self._conversation = Conversation()
        self._calls: dict[str, str] = {}
        self._turn: ModelTurn | None = None
        self._responding = anyio.Lock()
        self._seeding = False
        self._interruptions = 0
        self._received = 0
        self._goodbye: SessionEnded | None = None

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        frames = messages(websocket)
        try:
            async for frame in frames:
                await self._begin(parse(frame))
                break
            else:
                return
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._input.run)
                self._tasks.start_soon(self._expire)
                await self._read(frames)
                self._tasks.cancel_scope.cancel()
        except SessionEnded as refused:
            self._goodbye = refused
        if self._goodbye is not None:
            await websocket.close(self._goodbye.code, self._goodbye.reason)

    async def send(self, **fields: Any) -> None:
        # Like the service: binary frames of indented JSON.
        await self._websocket.send_bytes(json.dumps(fields, indent=2).encode() + b"\n")

    async def activity_began(self) -> None:
        """The user begins to speak, or types: what is being said to them ends."""
        if self._setup.realtime_input_config.activity_handling != "NO_INTERRUPTION":
            await self._interrupt()

    async def said(self, text: str, seconds: float) -> None:
        """Answer what the user said in so many seconds, once the turn before has ended."""
        self._tasks.start_soon(self._answer, self._interruptions, [Message("user", text)], seconds)

    async def _begin(self, message: ClientMessage) -> None:
        setup = message.setup
        if setup is None:
            raise SessionEnded(1007, "setup must be the first message and only the first.")
        if not _LIVE_MODEL.fullmatch(setup.model):
            raise SessionEnded(
                1008, f"{setup.model or 'no model'} is not found, or cannot bidiGenerateContent."
            )
        if {modality.upper() for modality in setup.generation_config.response_modalities} - {"AUDIO"}:
            why = "Cannot extract voices from a non-audio request: live models answer in AUDIO."
            raise SessionEnded(1007, why)
        if setup.session_resumption is not None and setup.session_resumption.handle:
            handle = setup.session_resumption.handle
            kept = self._resumptions.get(handle, setup.model, anyio.current_time())
            if kept is None:
                raise invalid("the session resumption handle is unknown or has expired.")
            self._conversation = kept
        self._setup = setup
        self._seeding = setup.history_config.initial_history_in_client_content
        self._input = UserInput(
            self, self._engines, setup.realtime_input_config, told=setup.input_audio_transcription is not None
        )
        await self.send(setupComplete={})
        await self._offer_resumption()

    async def _read(self, frames: AsyncIterator[str | bytes]) -> None:
        try:
            async for frame in frames:
                self._received += 1
                await self._obey(parse(frame))
        except SessionEnded as refused:
            self._goodbye = refused

    async def _obey(self, message: ClientMessage) -> None:
        if message.setup is not None:
            raise SessionEnded(1007, "setup must be the first message and only the first.")
        if message.client_content is not None:
            await self._take_content(message.client_content)
        if message.realtime_input is not None:
            await self._input.take(message.realtime_input)
        if message.tool_response is not None:
            self._take_results(message.tool_response)
        if message.context_update is not None:
            self._update(message.context_update)

    async def _take_content(self, content: ClientContent) -> None:
        await self._interrupt()
        turns = [
            Message("assistant" if turn.role == "model" else "user", turn.text) for turn in content.turns
        ]
        if self._seeding or not content.turn_complete:
            self._conversation = self._conversation.plus(*turns)
            self._seeding = self._seeding and not content.turn_complete
        else:
            self._tasks.start_soon(self._answer, self._interruptions, turns, 0.0)

    def _take_results(self, results: ToolResponse) -> None:
        told = []
        for result in results.function_responses:
            name = self._calls.pop(result.id, None)
            if name is None:
                raise SessionEnded(
                    1008, f"Requested entity was not found: there is no open call {result.id!r}."
                )
            outcome = result.response
            told.append(spoken_result(name, outcome.get("output", outcome.get("error", outcome))))
        self._tasks.start_soon(self._speak, self._interruptions, pieces_of(" ".join(told)))

    def _update(self, update: ContextUpdate) -> None:
        if update.system_instruction is not None:
            self._setup.system_instruction = update.system_instruction
        if update.tools is not None:
            self._setup.tools = update.tools.tools

    async def _answer(self, asked: int, said: list[Message], heard: float) -> None:
        """`asked`: how many interruptions there had been when it was asked for."""
        async with self._responding:
            self._conversation = self._conversation.plus(*said, heard=heard)
            declared = [function for tool in self._setup.tools for function in tool.function_declarations]
            wanted = asked_for(said[-1].text, declared) if said and said[-1].role == "user" else None
            if wanted is None:
                await self._run_turn(asked, self._engines.assistant.answer(self._prompt()))
                return
            name, arguments = wanted
            call = f"function-call-{uuid.uuid4().hex}"
            self._calls[call] = name
            await self.send(toolCall={"functionCalls": [{"id": call, "name": name, "args": arguments}]})

    async def _speak(self, asked: int, pieces: AsyncGenerator[str]) -> None:
        async with self._responding:
            await self._run_turn(asked, pieces)

    async def _run_turn(self, asked: int, pieces: AsyncGenerator[str]) -> None:
        prompt, heard = "".join(message.text for message in self._prompt()), self._conversation.heard
        told = self._setup.output_audio_transcription is not None
        turn = self._turn = ModelTurn(self._engines.synthesiser, pieces, self.send, told=told)
        if asked != self._interruptions:
            # It was interrupted before it began, for it had to wait.
            turn.interrupt()
        try:
            text = await turn.run()
        except AssistantFailed as failed:
            self._end(SessionEnded(1011, f"Internal error encountered: {failed}"))
            return
        if text:
            self._conversation = self._conversation.plus(Message("assistant", text))
        await self.send(serverContent={"turnComplete": True}, usageMetadata=turn.usage(prompt, heard))
        await self._offer_resumption()
        self._turn = None
        turn.ended.set()

    async def _interrupt(self) -> None:
        """Return when nothing more of the turn that was going on will come."""
        self._interruptions += 1
        if self._turn is not None:
            self._turn.interrupt()
            await self._turn.ended.wait()
        if self._calls:
            await self.send(toolCallCancellation={"ids": list(self._calls)})
            self._calls.clear()
            await self.send(serverContent={"interrupted": True})
            await self.send(serverContent={"turnComplete": True})

    def _prompt(self) -> list[Message]:
        instruction = self._setup.system_instruction.text
        system = [Message("system", instruction)] if instruction else []
        return [*system, *self._conversation.messages]

    async def _offer_resumption(self) -> None:
        wanted = self._setup.session_resumption
        if wanted is None:
            return
        handle = self._resumptions.keep(self._setup.model, self._conversation, anyio.current_time())
        update: dict[str, Any] = {"newHandle": handle, "resumable": True}
        if wanted.transparent:
            # 64-bit numbers are text in protobuf's JSON.
            update["lastConsumedClientMessageIndex"] = str(self._received)
        await self.send(sessionResumptionUpdate=update)

    async def _expire(self) -> None:
        await anyio.sleep(CONNECTION_LIMIT - NOTICE)
        await self.send(goAway={"timeLeft": f"{NOTICE:g}s"})
        await anyio.sleep(NOTICE)
        self._end(SessionEnded(1011, "Deadline expired: the connection has reached its time limit."))

    def _end(self, goodbye: SessionEnded) -> None:
        self._goodbye = goodbye
        self._tasks.cancel_scope.cancel()


_resumptions = Resumptions()


def google(connection: HTTPConnection, engines: Engines) -> Session:
    """Open a session; keys, in whatever form, are not looked at."""
    return LiveSession(engines, _resumptions)
