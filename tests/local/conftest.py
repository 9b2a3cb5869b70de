"""The embedded gateway, as the real child process, for all tests that talk to it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.client import ClientConnection

from tests.local.chat_api import chat_api
from tests.local.clients import Gateway, until

TOKEN = "a-token_for.tests"


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with running_gateway() as url:
        yield Gateway(url, TOKEN)


@pytest.fixture(scope="session")
def chatting_gateway() -> Iterator[Gateway]:
    """A gateway whose answers come from a chat API, here one that says what it is asked to."""
    with chat_api() as chat_url, running_gateway(VOXDECK_CHAT_URL=chat_url, VOXDECK_CHAT_KEY="k") as url:
        yield Gateway(url, TOKEN)


@pytest.fixture
def session(gateway: Gateway) -> Iterator[ClientConnection]:
    with gateway.realtime() as socket:
        (created,) = until(socket, "session.created")
        assert created["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        yield socket


@pytest.fixture
def chatting(chatting_gateway: Gateway) -> Iterator[ClientConnection]:
    with chatting_gateway.realtime() as socket:
        until(socket, "session.created")
        yield socket


@contextmanager
def running_gateway(*arguments: str, **environment: str) -> Iterator[str]:
    command = [sys.executable, "-m", "sessions.local", "--token", TOKEN, "--parent", *arguments]
    environment = {**os.environ, **environment}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None and process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()
        assert process.stdout.read() == b"", "only the first line is for standard output"
        assert process.wait() == 0
