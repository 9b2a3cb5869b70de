"""Faults on demand, over real sockets, around an application that says hello and repeats what it hears."""

import base64
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sessions.local.faults import Connection, faulty, parse
from tests.local.clients import Gateway, until_closed
from tests.local.conftest import TOKEN, running_gateway

HELLO = "h" * 1000
FRAME = 4 + len(HELLO)
"""Bytes of the hello on the wire."""


async def repeat(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.send_text(HELLO)
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


@contextmanager
def serving(*faults: str) -> Iterator[int]:
    """Yield the port."""
    app = Starlette(routes=[WebSocketRoute("/v1/account/gateway/{provider:path}", repeat)])
    config = uvicorn.Config(
        faulty(app, [parse(fault) for fault in faults]),
        ws=Connection,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def client(port: int, path: str = "openai") -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}/v1/account/gateway/{path}", compression=None)


def frames(session: ClientConnection) -> Iterator[str | bytes]:
    try:
        while True:
            yield session.recv(timeout=10)
    except ConnectionClosed:
        return


@contextmanager
def raw(port: int) -> Iterator[socket.socket]:
    """Shake hands by hand and yield the socket behind the handshake."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as tcp:
        key = base64.b64encode(bytes(16)).decode()
        tcp.sendall(
            (
                "GET /v1/account/gateway/openai HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += tcp.recv(1)
        assert b" 101 " in head
        yield tcp


@pytest.mark.parametrize("limit", [0, 10, FRAME, FRAME + 1])
def test_the_connection_is_dropped_after_so_many_bytes(limit: int) -> None:
    with serving(f"drop-after={limit}") as port:
        with raw(port) as tcp:
            tcp.sendall(b"\x81\x82\0\0\0\0ab")
            received = b""
            while data := tcp.recv(65536):
                received += data
            assert len(received) == limit
        with client(port) as session:
            with suppress(ConnectionClosed):
                session.send("hello")
            assert len(list(frames(session))) <= 1
            assert session.close_code == 1006, "there was no close frame"


def test_the_connection_is_reset_after_so_many_bytes() -> None:
    with serving("reset-after=10") as port, raw(port) as tcp, pytest.raises(ConnectionResetError):
        tcp.makefile("rb").read()


def test_a_stalled_connection_neither_writes_nor_reads() -> None:
    with serving(f"stall-after={FRAME}") as port, raw(port) as tcp:
        received = b""
        while len(received) < FRAME:
            received += tcp.recv(65536)
        tcp.settimeout(0.5)
        with pytest.raises(TimeoutError):
            tcp.recv(1)
        with pytest.raises(TimeoutError):
            tcp.sendall(bytes(64 * 1024 * 1024))


def test_every_message_is_late_and_their_order_stays() -> None:
    with serving("delay=0.3") as port, client(port) as session:
        begun = time.monotonic()
        for number in range(10):
            session.send(str(number))
        received = [session.recv(timeout=10) for _ in range(11)]
        taken = time.monotonic() - begun
    assert received == [HELLO, *map(str, range(10))]
    assert 0.25 <= taken < 3 * 0.9, "each by itself, not one after the other"


def test_what_is_late_is_not_lost_when_the_session_closes() -> None:
    with serving("delay=0.2", "close=1011:later@0.1") as port, client(port) as session:
        assert session.recv(timeout=10) == HELLO
        assert list(until_closed(session)) == []
        assert (session.close_code, session.close_reason) == (1011, "later")


@pytest.mark.parametrize(
    ("spec", "code", "reason"),
    [
        ("close=1011", 1011, ""),
        ("close=4000:a reason: with@signs@0", 4000, "a reason: with@signs"),
        ("close=1013:busy@0.1", 1013, "busy"),
        ("close=1005", 1005, ""),
    ],
)
def test_the_session_is_closed(spec: str, code: int, reason: str) -> None:
    with serving(spec) as port, client(port) as session:
        assert len(list(frames(session))) <= 1
        assert (session.close_code, session.close_reason) == (code, reason)


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [(400, "AiGatewayError", 2001), (401, "AiGatewayError", 2009), (429, "AiError", 4006)]
    + [(status, "AiGatewayError", None) for status in (418, 503, 599)],
)
def test_the_upgrade_is_refused_as_cloudflare_would(status: int, name: str, code: int | None) -> None:
    with serving(f"refuse={status}") as port, pytest.raises(InvalidStatus) as refused:
        client(port)
    response = refused.value.response
    assert response.status_code == status
    body = json.loads(response.body)
    assert (body["success"], body["name"], body["internalCode"]) == (False, name, code)
    assert body["error"][0]["message"] == body["message"]


def test_a_handshake_can_be_slow() -> None:
    with serving("slow-handshake=0.3") as port:
        begun = time.monotonic()
        with client(port) as session:
            assert time.monotonic() - begun >= 0.3
            assert session.recv(timeout=10) == HELLO


ENDING_ERRORS = (
    "invalid_api_key",
    "NET-0001",
    "llm_timeout",
    "input_timeout_exceeded",
)


@pytest.fixture(scope="module")
def failing() -> Iterator[int]:
    with serving(*(f"error={name}@0.05" for name in ENDING_ERRORS)) as port:
        yield port


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("openai", 3000, '"code": "invalid_api_key"'),
        ("openai/realtime", 3000, '"code": "invalid_api_key"'),
        ("google", 1007, None),
        ("workers-ai", 1011, None),
        ("deepgram/v1/listen", 1011, None),
        ("elevenlabs/v1/convai/conversation", 1002, '"error_type": "llm_timeout"'),
        ("elevenlabs/v1/text-to-speech/v/stream-input", 1008, '"code": 1008'),
    ],
)
def test_a_provider_error_ends_the_session(failing: int, path: str, code: int, says: str | None) -> None:
    with client(failing, path) as session:
        assert session.recv(timeout=10) == HELLO
        if says is not None:
            assert says in str(session.recv(timeout=10))
        assert list(until_closed(session)) == []
        assert session.close_code == code


def test_a_provider_error_without_a_close_leaves_the_session_open() -> None:
    faults = "error=concurrency_limited@0.1", "error=invalid_api_key"
    with serving(*faults) as port, client(port, "cartesia/tts/websocket") as session:
        assert session.recv(timeout=10) == HELLO
        assert json.loads(session.recv(timeout=10))["error_code"] == "concurrency_limited"
        session.send("on")
        assert session.recv(timeout=10) == "on"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("explode", "a fault is one of delay=SECONDS, drop-after=BYTES"),
        ("", "a fault is one of"),
        ("delay", "SECONDS is a number"),
        ("delay=nan", "SECONDS is a number"),
        ("delay=-1", "SECONDS is a number"),
        ("drop-after=many", "BYTES is a whole number"),
        ("drop-after=" + "9" * 5000, "BYTES is a whole number"),
        ("close=1006", "drop-after=0"),
        ("close=1004", "CODE"),
        ("close=1000:" + "é" * 62, "at most 123 bytes"),
        ("close=1000@soon", "SECONDS is a number"),
        ("refuse=200", "STATUS is a whole number from 400 to 599"),
        ("error=no_such", "NAME is one of"),
    ],
)
def test_a_bad_fault_is_explained(spec: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)) as bad:
        parse(spec)
    assert "\n" not in str(bad.value)


def test_a_bad_fault_is_one_line_and_status_2() -> None:
    command = [sys.executable, "-m", "sessions.local", "--fault", "delay=1", "--fault", "explode=1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1 and "explode=1" in ended.stderr


def test_the_gateway_has_the_faults_it_is_told() -> None:
    with running_gateway("--fault", "error=rate_limit_exceeded", "--fault", "close=4000@0.2") as url:
        with Gateway(url, TOKEN).realtime() as session:
            events = [event for event in until_closed(session) if isinstance(event, dict)]
        assert {event["type"] for event in events} == {"session.created", "error"}
        assert session.close_code == 4000
