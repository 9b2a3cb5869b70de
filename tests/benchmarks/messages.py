"""Client CPU of receiving a message, against the `websockets` library, from one server process."""

import resource
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable

import anyio
from websockets.asyncio.client import connect

from sessions.gateway import Address
from sessions.transport import Transport

ROUNDS = 5
COUNT = 10_000
KINDS: tuple[tuple[str, str | bytes, float], ...] = (
    ("text of 230 B", "x" * 230, 3.0),
    ("binary audio of 4 KB", b"y" * 4096, 4.0),
    ("text of 5.4 KB (4 KB of audio in base64)", "z" * 5464, 4.0),
)

_SERVER = """
import asyncio
from websockets.asyncio.server import serve

async def send(socket):
    async for count in socket:
        message = await socket.recv()
        for _ in range(int(count)):
            await socket.send(message)

async def main():
    async with serve(send, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main())
"""


def run() -> None:
    print("Client CPU a received message, against websockets (median of rounds)")
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = f"ws://127.0.0.1:{int(server.stdout.readline())}"
        for name, message, target in KINDS:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(anyio.run(_ours, url, message))
                theirs.append(anyio.run(_theirs, url, message))
            mine, peer = statistics.median(ours), statistics.median(theirs)
            verdict = "within" if mine <= target * peer else "OVER"
            print(f"  {name}: {mine / peer:.2f} times ({mine:.1f} to {peer:.1f} us; {verdict} {target:g})")
        server.terminate()


async def _ours(url: str, message: str | bytes) -> float:
    transport = Transport()
    async with transport.connect(Address(url, url)) as connection:
        await connection.send_message(str(COUNT))
        return await _measured(lambda: connection.send_message(message), connection.next_message)


async def _theirs(url: str, message: str | bytes) -> float:
    async with connect(url, compression=None) as connection:
        await connection.send(str(COUNT))
        return await _measured(lambda: connection.send(message), connection.recv)


async def _measured(ask: Callable[[], Awaitable[None]], receive: Callable[[], Awaitable[object]]) -> float:
    """Return microseconds of this process' CPU a message."""
    before = _cpu()
    await ask()
    for _ in range(COUNT):
        await receive()
    return (_cpu() - before) / COUNT * 1e6


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
