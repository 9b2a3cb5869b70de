"""How a connection ends: closed by either side, broken, silent, stuck; and leaving it never takes long."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from websockets.asyncio.server import ServerConnection, serve

from sessions import transport as limits
from sessions.transport import Connection, ConnectionLost, Disconnected, Transport, TransportError
from tests.faults import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Peer,
    Script,
    closing,
    frame,
    header,
    serving,
    text,
    upgraded,
)
from tests.transport.test_messages import address_of, ends

pytestmark = pytest.mark.anyio

MIB = 1 << 20


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Far above what is expected, far below what the stock library takes."""
    begun = time.perf_counter()
    yield
    assert time.perf_counter() - begun < seconds


async def stuck(peer: Peer) -> None:
    """A peer that opens, and then takes no data."""
    await peer.accept()
    await anyio.sleep_forever()


async def silent(peer: Peer) -> None:
    """A peer that takes data, and answers nothing, not even a ping or a close."""
    await peer.accept()
    await peer.until_gone()


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (1000, "", "closed by the other side with 1000"),
        (1008, "policy", "closed by the other side with 1008: policy"),
        (1011, "on\nour\x1b[31m side", "closed by the other side with 1011: on our␛[31m side"),
        (4000, "gone for good", "closed by the other side with 4000: gone for good"),
        (1008, "Bearer sk-1234567890abcdef", "closed by the other side with 1008: Bearer •••"),
    ],
)
async def test_a_close_tells_code_and_reason_behind_the_messages_before_it(
    transport: Transport, code: int, reason: str, said: str
) -> None:
    answer: list[tuple[int, bytes]] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(text("one"), text("two"), closing(code, reason))
        answer.append(await peer.frame())

    async with serving(script) as server, transport.connect(server.address) as connection:
        await anyio.sleep(0.02)
        assert [await connection.next_message() for _ in range(2)] == ["one", "two"]
        for _ in range(3):
            with pytest.raises(Disconnected) as caught, anyio.fail_after(5):
                await connection.next_message()
            assert (caught.value.code, caught.value.reason) == (code, reason)
            assert str(caught.value) == said
        with pytest.raises(Disconnected):
            await connection.send_message("too late")
    assert answer == [(CLOSE, struct.pack("!H", 1000))]


async def test_a_close_without_a_code_reads_as_1005(transport: Transport) -> None:
    script = upgraded(frame(CLOSE))
    async with serving(script) as server, transport.connect(server.address) as connection:
        end = await ends(connection)
    assert isinstance(end, Disconnected)
    assert end.code == 1005


async def test_leaving_says_goodbye(transport: Transport) -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.wait_closed()
        codes.append(socket.close_code)

    codes: list[int | None] = []
    async with serve(handler, "127.0.0.1", 0) as server, transport.connect(address_of(server)) as connection:
        await connection.send_message("hello")
    assert codes == [1000]


async def test_leaving_a_peer_that_never_answers_the_close_is_quick(transport: Transport) -> None:
    async with serving(silent) as server:
        with within(2):
            async with transport.connect(server.address) as connection:
                await connection.send_message("hello")


async def test_a_body_that_raises_leaves_quickly_and_its_error_is_not_wrapped(transport: Transport) -> None:
    async with serving(silent) as server:
        with within(2), pytest.raises(ZeroDivisionError):
            async with transport.connect(server.address):
                raise ZeroDivisionError


async def test_receiving_and_sending_after_our_own_close_raise(transport: Transport) -> None:
    async with serving(silent) as server, transport.connect(server.address) as connection:
        await connection.close()
        for _ in range(2):
            with pytest.raises(ConnectionLost), anyio.fail_after(5):
                await connection.next_message()
        with pytest.raises(ConnectionLost), anyio.fail_after(5):
            await connection.send_message("too late")


@pytest.mark.parametrize("how", ["RST", "FIN"])
@pytest.mark.parametrize("unfinished", [header(BINARY, 1000) + b"x" * 10, frame(TEXT, b"x", fin=False)])
async def test_a_break_in_mid_message_is_told_behind_the_messages_before_it(
    transport: Transport, how: str, unfinished: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(text("whole"), unfinished)
        await anyio.sleep(0.05)  # a RST may overtake what was sent before it
        if how == "RST":
            peer.reset()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            assert await connection.next_message() == "whole"
        end = await ends(connection)
        assert isinstance(end, ConnectionLost)
        assert (
            str(end)
            == {
                "RST": "the connection was lost",
                "FIN": "the connection was dropped without a close frame",
            }[how]
        )
        assert await ends(connection) is end


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"x", rsv=4), 1002),
        (frame(BINARY, b"x", rsv=1), 1002),
        (frame(3, b"reserved opcode"), 1002),
        (frame(11), 1002),
        (frame(CONTINUATION, b"of nothing"), 1002),
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"in pieces", fin=False), 1002),
        (b"\x81\x85\0\0\0\0Hello", 1002),  # masked
        (frame(CLOSE, b"x"), 1002),
        (frame(CLOSE, struct.pack("!H", 1005)), 1002),
        (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
        (b"HTTP/1.1 500 Oops\r\n\r\n", 1002),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else None,
)
async def test_what_breaks_the_protocol_is_our_refusal_and_not_a_close_of_theirs(
    transport: Transport, garbage: bytes, code: int
) -> None:
    answer: list[tuple[int, bytes]] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(text("good"), garbage)
        answer.append(await peer.frame())

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(5):
            assert await connection.next_message() == "good"
        end = await ends(connection)
        assert isinstance(end, ConnectionLost)
        assert str(end).startswith("given up: the other side broke the WebSocket protocol: ")
        assert "\n" not in str(end)
        assert await ends(connection) is end
        await anyio.sleep(0.05)
    assert answer == [(CLOSE, struct.pack("!H", code))]


async def fill(connection: Connection) -> TransportError:
    """Send until the connection fails; return why."""
    try:
        while True:
            await connection.send_message(b"x" * MIB)
    except TransportError as error:
        return error


async def test_sending_to_a_peer_that_stopped_reading_ends_in_time(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEND_TIMEOUT", 0.5)
    async with serving(stuck) as server:
        with within(5):
            async with transport.connect(server.address) as connection:
                first = await fill(connection)
                received = await ends(connection)
    assert str(first) == "the other side took no data for 0 s"
    assert received is first


async def test_leaving_while_a_send_is_stuck_is_quick(transport: Transport) -> None:
    async with serving(stuck) as server:
        async with anyio.create_task_group() as tasks:
            async with transport.connect(server.address) as connection:
                tasks.start_soon(fill, connection)
                await anyio.sleep(0.3)
                begun = time.perf_counter()
            assert time.perf_counter() - begun < 2
        assert isinstance(await fill(connection), ConnectionLost)


async def test_cancelling_the_owner_in_mid_send_is_quick(transport: Transport) -> None:
    async with serving(stuck) as server:
        begun = 0.0

        async def own() -> None:
            async with transport.connect(server.address) as connection:
                await fill(connection)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(own)
            await anyio.sleep(0.3)
            begun = time.perf_counter()
            tasks.cancel_scope.cancel()
        assert time.perf_counter() - begun < 2


async def test_a_send_that_was_broken_off_is_not_blamed_on_time(transport: Transport) -> None:
    async with serving(stuck) as server, transport.connect(server.address) as connection:
        with anyio.move_on_after(0.3):
            await fill(connection)
        end = await ends(connection)
    assert str(end) == "sending was broken off"


async def test_cancelling_the_owner_while_it_waits_for_a_message_is_quick(transport: Transport) -> None:
    async with serving(silent) as server:
        with within(2), anyio.move_on_after(0.2):
            async with transport.connect(server.address) as connection:
                await connection.next_message()


async def test_a_peer_that_fell_silent_is_given_up(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PING_INTERVAL", 0.2)
    monkeypatch.setattr(limits, "SILENCE_LIMIT", 0.4)
    async with serving(silent) as server, transport.connect(server.address) as connection:
        with within(5):
            end = await ends(connection)
    assert isinstance(end, ConnectionLost)
    assert str(end) == "nothing was heard for 0 s"


async def test_a_peer_that_only_answers_pings_is_kept(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(limits, "SILENCE_LIMIT", 0.5)
    pings = 0

    async def script(peer: Peer) -> None:
        nonlocal pings
        await peer.accept()
        while pings < 5:
            opcode, payload = await peer.frame()
            assert opcode == PING
            pings += 1
            await peer.send(frame(PONG, payload))
        await peer.send(text("still here"))
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(10):
            assert await connection.next_message() == "still here"


async def test_a_peer_that_talks_but_never_pongs_is_kept(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(limits, "SILENCE_LIMIT", 0.5)

    async def script(peer: Peer) -> None:
        await peer.accept()
        for number in range(7):
            await peer.send(text(str(number)))
            await anyio.sleep(0.1)
        await peer.until_closed()

    async with serving(script) as server, transport.connect(server.address) as connection:
        with anyio.fail_after(10):
            assert [await connection.next_message() for _ in range(7)] == [str(n) for n in range(7)]


@pytest.mark.parametrize("script", [stuck, silent], ids=["stuck", "silent"])
async def test_a_server_that_goes_away_harms_no_other_connection(
    transport: Transport, script: Script
) -> None:
    async with serving(upgraded(text("fine"))) as well, transport.connect(well.address) as connection:
        async with serving(script) as server, transport.connect(server.address) as other:
            for peer in server.peers:
                peer.reset()
                await peer.stream.aclose()
            assert isinstance(await ends(other), ConnectionLost)
        with anyio.fail_after(5):
            assert await connection.next_message() == "fine"
            await connection.send_message("still open")
