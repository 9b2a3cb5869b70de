"""What goes over an open connection: order, sizes, pings and pongs, several senders, many connections."""

import time
from typing import cast

import anyio
import pytest
import websockets
from websockets.asyncio.server import ServerConnection, serve

from sessions import transport as limits
from sessions.gateway import Address
from sessions.providers.codec import Frame
from sessions.transport import Connection, ConnectionLost, Transport, TransportError
from tests import faults
from tests.faults import BINARY, CONTINUATION, PING, PONG, TEXT, Peer, frame, header, serving, text, upgraded

pytestmark = pytest.mark.anyio

MIB = 1 << 20


async def ends(connection: Connection, before: list[Frame] | None = None) -> TransportError:
    """Receive until the connection ends; return why, and in `before` what came before."""
    received = [] if before is None else before
    with anyio.fail_after(20):
        while True:
            try:
                received.append(await connection.next_message())
            except TransportError as end:
                return end


async def test_text_and_binary_arrive_whole_and_in_order(transport: Transport) -> None:
    frames = [
        text("Grüße"),
        frame(BINARY, b"\0\xff"),
        frame(TEXT, "é".encode()[:1], fin=False),  # a character that two fragments share
        frame(PING, b"between fragments"),
        frame(CONTINUATION, "é".encode()[1:], fin=False),
        frame(CONTINUATION, b"t"),
        text(""),
        frame(BINARY),
        text("end"),
    ]
    async with serving(upgraded(*frames)) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            received = [await connection.next_message() for _ in range(6)]
    assert received == ["Grüße", b"\0\xff", "ét", "", b"", "end"]


async def test_a_message_in_the_same_segment_as_the_101_arrives(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept(at_once=text("early"))
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            assert await connection.next_message() == "early"


async def test_what_is_sent_arrives_masked_and_with_its_type(transport: Transport) -> None:
    received = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        received.extend([await peer.frame() for _ in range(3)])
        await peer.send(text("thanks"))

    async with serving(script) as server, transport.connect(server.address) as connection:
        await connection.send_message("Grüße")
        await connection.send_message(b"\0\xff")
        await connection.send_message("x" * 70_000)
        with anyio.fail_after(5):
            await connection.next_message()
    assert received == [(TEXT, "Grüße".encode()), (BINARY, b"\0\xff"), (TEXT, b"x" * 70_000)]


async def test_unsolicited_pongs_are_harmless(transport: Transport) -> None:
    pongs = [frame(PONG), frame(PONG, b"never asked"), frame(PONG, b"voxdeck")]
    script = upgraded(*pongs, text("still here"))
    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            assert await connection.next_message() == "still here"


async def test_a_flood_of_pongs_and_pings_is_survived(transport: Transport) -> None:
    answered = 0

    async def script(peer: Peer) -> None:
        nonlocal answered
        await peer.accept()
        pongs = frame(PONG, b"x" * 125) * 1000
        for _ in range(40):
            await peer.send(pongs, frame(PING, b"y" * 125) * 100)
        await peer.send(frame(PING, b"the last"), text("end"))
        payload = b""
        while payload != b"the last":
            opcode, payload = await peer.frame()
            assert opcode == PONG
            answered += 1
        await peer.send(text("answered"))
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(20):
            assert await connection.next_message() == "end"
            assert await connection.next_message() == "answered"
    assert answered <= 4001, "no more answers than pings"


async def test_pings_are_answered_while_nobody_reads_the_messages(transport: Transport) -> None:
    answered = anyio.Event()

    async def script(peer: Peer) -> None:
        await peer.accept()
        for number in range(200):
            await peer.send(text(f"unread {number}"))
        await peer.send(frame(PING, b"are you there?"))
        assert await peer.frame() == (PONG, b"are you there?")
        answered.set()
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            await answered.wait()
            assert await connection.next_message() == "unread 0"


async def test_a_server_with_a_short_ping_timeout_keeps_an_idle_consumer(transport: Transport) -> None:
    async def handler(socket: ServerConnection) -> None:
        for number in range(100):
            await socket.send(str(number))
        await socket.wait_closed()

    server = await serve(handler, "127.0.0.1", 0, ping_interval=0.1, ping_timeout=0.3)
    async with server, transport.connect(address_of(server)) as connection:
        await anyio.sleep(1.0)
        assert [await connection.next_message() for _ in range(100)] == [str(n) for n in range(100)]


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("fragment", [None, 64 * 1024, 1000], ids=["one frame", "64 KiB", "1000 B"])
async def test_a_message_of_40_mb_is_refused_before_it_is_taken(
    transport: Transport, opcode: int, fragment: int | None
) -> None:
    whole = 40 * MIB
    piece = b"x" * (fragment or 64 * 1024)

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(text("first"))
        if fragment is None:
            await peer.send(header(opcode, whole))
            part = piece
        else:
            await peer.send(frame(opcode, piece, fin=False))
            part = frame(CONTINUATION, piece, fin=False)
        batch = part * max(1, 65536 // len(part))
        while peer.sent < whole:
            await peer.send(batch)

    async with serving(script) as server, transport.connect(server.address) as connection:
        end = await ends(connection)
        again = await ends(connection)
    assert isinstance(end, ConnectionLost)
    assert str(end) == "given up: a message is larger than 16 MiB"
    assert again is end
    assert server.peers[0].sent < whole - 4 * MIB


@pytest.mark.parametrize("piece", [b"", b"ab"], ids=["empty", "2 B"])
async def test_endless_tiny_fragments_are_refused(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    """Each costs far more memory than its bytes on the wire."""
    monkeypatch.setattr(limits, "MAX_MESSAGE", MIB)

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(frame(BINARY, piece, fin=False))
        batch = frame(CONTINUATION, piece, fin=False) * 20_000
        while peer.sent < 8 * MIB:
            await peer.send(batch)
        await peer.send(frame(CONTINUATION, b"end"))
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        end = await ends(connection)
    assert str(end) == "given up: a message is larger than 1 MiB"


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_the_largest_events_are_taken_in_linear_time(transport: Transport, opcode: int) -> None:
    async def seconds_for(size: int) -> float:
        payload = b"x" * size

        async def script(peer: Peer) -> None:
            await peer.accept()
            await peer.send(frame(opcode, payload))
            await peer.until_closed()

        async with serving(script) as server, transport.connect(server.address) as connection:
            begun = time.process_time()
            with anyio.fail_after(20):
                message = await connection.next_message()
            taken = time.process_time() - begun
        assert (message.encode() if isinstance(message, str) else message) == payload
        return taken

    small = min([await seconds_for(3 * MIB) for _ in range(3)])
    large = min([await seconds_for(15 * MIB) for _ in range(3)])
    assert large < 15 * small, "of this process' CPU, linear is 5 times, quadratic 25 times"


@pytest.mark.parametrize("size", [100_000, 300, 0], ids=["100 kB", "300 B", "empty"])
async def test_more_unread_than_memory_allows_ends_the_connection(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(limits, "MAX_UNREAD", 2 * MIB)
    message = frame(BINARY, b"x" * size)
    batch = message * max(1, 65536 // len(message))

    async def script(peer: Peer) -> None:
        await peer.accept()
        while peer.sent < 40 * MIB:
            await peer.send(batch)

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(20):
            while not await gone(connection):  # noqa: ASYNC110 - nothing tells
                await anyio.sleep(0.05)
        taken: list[Frame] = []
        end = await ends(connection, taken)
        assert await ends(connection) is end
    assert str(end) == "given up: more came than could be handled"
    assert server.peers[0].sent < 30 * MIB
    assert taken
    assert len(taken) * (size + 32) <= 3 * MIB


async def gone(connection: Connection) -> bool:
    """Whether the connection has ended, without reading from it."""
    try:
        await connection.send_message("")
    except TransportError:
        return True
    return False


async def test_senders_side_by_side_keep_their_messages_whole(transport: Transport) -> None:
    received: list[str] = []

    async def handler(socket: ServerConnection) -> None:
        async for message in socket:
            received.append(cast(str, message))
            if len(received) == 60:
                await socket.send("all")

    async def send(connection: Connection, letter: str) -> None:
        for number in range(20):
            await connection.send_message(letter * (1 + number * 20_000))

    server = await serve(handler, "127.0.0.1", 0, max_size=None)
    async with server, transport.connect(address_of(server)) as connection:
        async with anyio.create_task_group() as tasks:
            for letter in "abc":
                tasks.start_soon(send, connection, letter)
        with anyio.fail_after(10):
            assert await connection.next_message() == "all"
    assert all(len(set(message)) == 1 for message in received)
    for letter in "abc":
        lengths = [len(message) for message in received if message[0] == letter]
        assert lengths == [1 + number * 20_000 for number in range(20)]


async def test_asking_with_a_time_limit_loses_no_message(transport: Transport) -> None:
    count = 300

    async def script(peer: Peer) -> None:
        await peer.accept()
        for number in range(count):
            await peer.send(text(str(number)))
            await anyio.sleep(0.0011 * (number % 3))
        await peer.until_closed()

    received: list[Frame] = []
    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(20):
            while len(received) < count:
                with anyio.move_on_after(0.001):
                    received.append(await connection.next_message())
    assert received == [str(number) for number in range(count)]


async def test_120_connections_share_a_transport(transport: Transport) -> None:
    async def handler(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    answers: list[Frame] = []
    opened: list[int] = []
    all_open = anyio.Event()

    async def talk(address: Address, number: int) -> None:
        async with transport.connect(address) as connection:
            opened.append(number)
            if len(opened) == 120:
                all_open.set()
            await all_open.wait()
            await connection.send_message(str(number))
            answers.append(await connection.next_message())

    async with serve(handler, "127.0.0.1", 0) as server:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for number in range(120):
                    tasks.start_soon(talk, address_of(server), number)
    assert sorted(answers, key=int) == [str(number) for number in range(120)]


async def test_a_connection_can_be_opened_again_and_again(transport: Transport) -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.send("hello")
        await socket.wait_closed()
        codes.append(socket.close_code)

    codes: list[int | None] = []
    async with serve(handler, "127.0.0.1", 0) as server:
        for _ in range(50):
            async with transport.connect(address_of(server)) as connection:
                with anyio.fail_after(5):
                    assert await connection.next_message() == "hello"
    assert codes == [1000] * 50


def address_of(server: websockets.Server) -> Address:
    port = next(iter(server.sockets)).getsockname()[1]
    url = f"ws://127.0.0.1:{port}/"
    return Address(url, url)


def test_the_server_of_these_tests_frames_as_the_standard_says() -> None:
    assert faults.frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")  # RFC 6455, 5.7
    assert faults.header(BINARY, 256) == bytes.fromhex("827e0100")
    assert faults.header(BINARY, 65536) == bytes.fromhex("827f0000000000010000")
