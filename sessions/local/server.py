"""The embedded gateway: Cloudflare AI Gateway's addresses, token and refusals, with engines behind them.

To add a wire protocol, write its session in a file of its own and give it a row in `PROVIDERS`.
"""

import asyncio
import hmac
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from types import FrameType
from typing import cast

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute, compile_path
from starlette.websockets import WebSocket, WebSocketDisconnect

from sessions.local import deepgram_models, fal, gemini_live, refusals
from sessions.local.cartesia import cartesia
from sessions.local.elevenlabs_agent import agent
from sessions.local.elevenlabs_speech import multi_stream_input, stream_input
from sessions.local.engines import Engines
from sessions.local.faults import Connection, Fault, faulty
from sessions.local.openai_realtime import RealtimeSession
from sessions.local.refusals import Refusal
from sessions.local.session import Session

HOST = "127.0.0.1"
TOKEN_NAME = "cf-aig-authorization"
"""The header, and before a dot the subprotocol, that carries the gateway's token."""
LONGEST_MESSAGE = 16 * 1024 * 1024

_SECRET_SUBPROTOCOLS = (
    f"{TOKEN_NAME}.",
    "openai-insecure-api-key.",
    "xi-api-key.",
    "bearer.",
    "fal-api-key.",
)
_GOODBYE_LIMIT = 0.1
_LAST_MOMENT = 2.0

log = logging.getLogger(__name__)


def _openai(connection: HTTPConnection, engines: Engines) -> Session:
    beta_header = connection.headers.get("openai-beta") == "realtime=v1"
    beta = beta_header or "openai-beta.realtime-v1" in offered_subprotocols(connection)
    query = connection.query_params
    transcription = query.get("intent") == "transcription"
    return RealtimeSession(query.get("model", ""), engines, beta=beta, transcription=transcription)


PROVIDERS: dict[str, Callable[[HTTPConnection, Engines], Session]] = {
    "openai": _openai,
    "openai/realtime": _openai,
    "workers-ai": deepgram_models.workers_ai,
    "workers-ai/v1/listen": deepgram_models.listen_v1,
    "workers-ai/v2/listen": deepgram_models.listen_v2,
    "workers-ai/v1/speak": deepgram_models.speak_v1,
    "deepgram/v1/listen": deepgram_models.listen_v1,
    "deepgram/v2/listen": deepgram_models.listen_v2,
    "deepgram/v1/speak": deepgram_models.speak_v1,
    "cartesia": cartesia,
    "cartesia/tts/websocket": cartesia,
    "elevenlabs/v1/text-to-speech/{voice}/stream-input": stream_input,
    "elevenlabs/v1/text-to-speech/{voice}/multi-stream-input": multi_stream_input,
    "elevenlabs": agent,
    "elevenlabs/v1/convai/conversation": agent,
    **dict.fromkeys(gemini_live.PATHS, gemini_live.google),
    "fal/{owner}/{model:path}/realtime": fal.realtime,
    "fal/{owner}/{model:path}": fal.http,
}
"""What stands behind `/v1/{account}/{gateway}/`: paths, whose parameters the connection gets."""
_PATHS = [(compile_path(path)[0], opening) for path, opening in PROVIDERS.items()]


class Gateway:
    """The ASGI application and its open sessions."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._engines: Engines | None = None
        self._sessions: dict[anyio.CancelScope, asyncio.Task[None] | None] = {}
        address = "/v1/{account}/{gateway}/{provider:path}"
        self.app = Starlette(
            routes=[
                Route("/", _about),
                Route(address, self._refuse_http),
                WebSocketRoute(address, self._serve),
                WebSocketRoute("/{path:path}", _nowhere),
            ]
        )

    @property
    def engines(self) -> Engines:
        """They load when this is first asked for."""
        if self._engines is None:
            self._engines = Engines()
        return self._engines

    async def close_sessions(self) -> None:
        """Close every open session with 1001, as far as the peers let it happen in a moment."""
        for scope in self._sessions:
            scope.cancel()
        tasks = [task for task in self._sessions.values() if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE_LIMIT)

    def _open(self, connection: HTTPConnection) -> Session:
        if self._token is not None and not carries_token(connection, self._token):
            raise refusals.unauthorized()
        provider = connection.path_params["provider"]
        for path, opening in _PATHS:
            if match := path.match(provider):
                connection.path_params.update(match.groupdict())
                return opening(connection, self.engines)
        raise refusals.not_routable(provider)

    async def _refuse_http(self, request: Request) -> Response:
        try:
            self._open(request)
        except Refusal as refusal:
            return refusal.response
        return refusals.upgrade_required().response

    async def _serve(self, websocket: WebSocket) -> None:
        try:
            session = self._open(websocket)
        except Refusal as refusal:
            await websocket.send_denial_response(refusal.response)
            return
        await websocket.accept(selected_subprotocol(offered_subprotocols(websocket)))
        scope = anyio.CancelScope()
        self._sessions[scope] = asyncio.current_task()
        try:
            with scope:
                await session.run(websocket)
            if scope.cancelled_caught:
                await websocket.close(1001, "the gateway is going away")
        except* WebSocketDisconnect:
            pass
        except* Exception:
            log.exception("the session failed")
            with suppress(WebSocketDisconnect, RuntimeError):
                await websocket.close(1011, "the gateway failed; its log says why")
        finally:
            del self._sessions[scope]


async def _about(request: Request) -> Response:
    return JSONResponse(
        {
            "name": "voxdeck embedded gateway",
            "version": version("voxdeck"),
            "providers": list(PROVIDERS),
            "models": list(deepgram_models.WORKERS_AI),
        }
    )


async def _nowhere(websocket: WebSocket) -> None:
    await websocket.send_denial_response(refusals.no_such_path().response)


def offered_subprotocols(connection: HTTPConnection) -> list[str]:
    return cast("list[str]", connection.scope.get("subprotocols", []))


def selected_subprotocol(offered: list[str]) -> str | None:
    """Browsers fail when none is selected; one that carries no secret is preferred."""
    public = [name for name in offered if not name.startswith(_SECRET_SUBPROTOCOLS)]
    return next(iter(public or offered), None)


def carries_token(connection: HTTPConnection, token: str) -> bool:
    """Whether the header, bare or `Bearer`, or a subprotocol carries the token."""
    prefix = f"{TOKEN_NAME}."
    brought = [
        name.removeprefix(prefix) for name in offered_subprotocols(connection) if name.startswith(prefix)
    ]
    header = connection.headers.get(TOKEN_NAME)
    if header is not None:
        brought.append(header.removeprefix("Bearer "))
    return any(hmac.compare_digest(one.encode(), token.encode()) for one in brought)


class _Server(uvicorn.Server):
    """Says where it listens, says goodbye to sessions, and ends signals' work with status 0."""

    def __init__(self, gateway: Gateway, port: int, faults: Sequence[Fault]) -> None:
        config = uvicorn.Config(
            faulty(gateway.app, faults),
            http="h11",
            ws=Connection,
            ws_max_size=LONGEST_MESSAGE,
            # A pong may stand in line behind minutes of audio that is sent faster than it is heard.
            ws_ping_timeout=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._gateway = gateway
        self._port = port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(json.dumps({"url": f"ws://{HOST}:{self._port}/v1/local/default"}) + "\n")
        sys.stdout.flush()
        # Only now, for loading would hold up the line above.
        _ = self._gateway.engines

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._gateway.close_sessions()
        for connection in list(self.server_state.connections):
            # A peer that does not read any more is not waited for.
            if connection.transport.get_write_buffer_size():
                connection.transport.abort()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again after its shutdown, and the status would be the signal's.
        self.should_exit = True


def serve(port: int, token: str | None, *, parent: bool, faults: Sequence[Fault]) -> int:
    """See `sessions.local.main`."""
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        sys.stderr.write(f"voxdeck gateway: cannot listen on {HOST}:{port}: {error.strerror}\n")
        return 1
    # It has nothing to say to users but complaints about refusals that are meant.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    server = _Server(Gateway(token), listening.getsockname()[1], faults)
    if parent:
        threading.Thread(target=_exit_after_parent, args=(server,), name="parent", daemon=True).start()
    server.run([listening])
    # Threads may be in the engines' native code, which an orderly end of the interpreter would pull
    # from under them: they abort noisily, after their own time.
    sys.stderr.flush()
    os._exit(0)


def _exit_after_parent(server: uvicorn.Server) -> None:
    # Not sys.stdin: its lock, held by a daemon thread, would abort the interpreter's end.
    while os.read(0, 1024):
        pass
    server.should_exit = True
    time.sleep(_LAST_MOMENT)
    os._exit(1)
