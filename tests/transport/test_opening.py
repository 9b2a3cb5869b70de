"""Connections that do not come to be: each is one error with one line, and gives no secret away."""

import socket
import ssl
import time

import anyio
import pytest
import trustme
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener

from sessions import transport as limits
from sessions.gateway import Address
from sessions.secrets import Secret
from sessions.transport import NotReached, Refused, Transport
from tests.faults import Peer, answering, response, serving, text, upgraded

pytestmark = pytest.mark.anyio

BODY = b'{"message": "Unauthorized", "internalCode": 2009}'


async def refused(transport: Transport, address: Address) -> Refused:
    with pytest.raises(Refused) as caught, anyio.fail_after(10):
        async with transport.connect(address):
            pytest.fail("it opened")
    assert "\n" not in str(caught.value)
    return caught.value


async def not_reached(transport: Transport, address: Address, *, transient: bool | None = None) -> str:
    with pytest.raises(NotReached) as caught, anyio.fail_after(10):
        async with transport.connect(address):
            pytest.fail("it opened")
    line = str(caught.value)
    assert "\n" not in line
    assert transient in (None, caught.value.transient)
    return line


def at(url: str) -> Address:
    return Address(url, url)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "429 Too Many", "503 Busy", "302 Found", "200 OK"]
)
async def test_a_refusal_keeps_status_body_and_when_to_retry(transport: Transport, status: str) -> None:
    answer = response(status, BODY, content_type="application/json", retry_after="7")
    async with serving(answering(answer)) as server:
        refusal = await refused(transport, server.address)
    assert refusal.status == int(status[:3])
    assert refusal.body == BODY.decode()
    assert refusal.retry_after == "7"


async def test_a_refusal_without_a_body(transport: Transport) -> None:
    async with serving(answering(response("403 Forbidden"))) as server:
        refusal = await refused(transport, server.address)
    assert (refusal.status, refusal.body, refusal.retry_after) == (403, "", None)


async def test_a_refusal_whose_body_has_no_end_is_cut(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 500 Oops\r\n\r\n")
        while peer.sent < 200 << 20:
            await peer.send(b"no end " * 10_000)

    async with serving(script) as server:
        refusal = await refused(transport, server.address)
        assert server.peers[0].sent < 20 << 20
    assert refusal.status == 500
    assert refusal.body.startswith("no end no end")
    assert len(refusal.body) == 16 * 1024


async def test_a_refusal_whose_body_stalls_is_told_with_what_came(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REFUSAL_TIMEOUT", 0.3)

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nthe beginning")
        await peer.until_gone()

    begun = time.perf_counter()
    async with serving(script) as server:
        refusal = await refused(transport, server.address)
    assert refusal.body == "the beginning"
    assert time.perf_counter() - begun < 5


async def test_a_refusal_whose_body_breaks_off_is_told_with_what_came(transport: Transport) -> None:
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nthe beginning"
    async with serving(answering(answer)) as server:
        assert (await refused(transport, server.address)).body == "the beginning"


async def test_a_refusal_whose_body_is_not_text(transport: Transport) -> None:
    async with serving(answering(response("500 Oops", b"\xff\xfe", content_encoding="gzip"))) as server:
        assert (await refused(transport, server.address)).status == 500


async def test_a_redirect_is_not_followed_and_no_credential_goes_elsewhere(transport: Transport) -> None:
    reached = []

    async def elsewhere(peer: Peer) -> None:
        reached.append(await peer.read_head())

    async with serving(elsewhere) as other:
        location = f"http://127.0.0.1:{other.port}/"
        async with serving(answering(response("302 Found", location=location))) as server:
            address = Address(server.url, server.url, {"cf-aig-authorization": "Bearer not-for-others"})
            refusal = await refused(transport, address)
            assert "not-for-others" in server.peers[0].head
        await anyio.sleep(0.1)
    assert refusal.status == 302
    assert reached == []


async def test_headers_and_subprotocols_reach_the_server_and_stay_as_they_were(transport: Transport) -> None:
    headers = {"cf-aig-authorization": "Bearer t0ken"}
    async with serving(upgraded(text("hello"))) as server:
        address = Address(server.url, "shown", headers, ("realtime", "xi-api-key.k3y"))
        for _ in range(2):
            async with transport.connect(address) as connection:
                await connection.next_message()
        peers = server.peers
    assert headers == {"cf-aig-authorization": "Bearer t0ken"}
    for peer in peers:
        assert peer.header("cf-aig-authorization") == "Bearer t0ken"
        assert peer.header("sec-websocket-protocol") == "realtime, xi-api-key.k3y"
        assert peer.header("openai-beta") is None
        assert peer.header("sec-websocket-extensions") is None


async def test_a_handshake_that_is_never_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(peer: Peer) -> None:
        await peer.until_gone()

    monkeypatch.setattr(limits, "CONNECT_TIMEOUT", 0.3)
    transport = Transport()
    async with serving(script) as server:
        line = await not_reached(transport, server.address)
    await transport.aclose()
    assert line == f"no answer from {server.url} within 0 s"


async def test_a_host_that_never_answers_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT", 0.3)
    transport = Transport()
    with socket.socket() as full:  # bound, with the one place in its queue taken
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        line = await not_reached(transport, at(f"ws://127.0.0.1:{port}/"))
        for one in waiting:
            one.close()
    await transport.aclose()
    assert line == f"no answer from ws://127.0.0.1:{port}/ within 0 s"


@pytest.mark.parametrize("partial", [b"", b"HTTP/1.1 101 Swit"], ids=["nothing", "a part"])
async def test_an_end_before_the_answer(transport: Transport, partial: bytes) -> None:
    async with serving(answering(partial)) as server:
        line = await not_reached(transport, server.address)
    assert line.startswith(f"cannot reach {server.url}: ")


async def test_a_reset_before_the_answer(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        peer.reset()

    async with serving(script) as server:
        line = await not_reached(transport, server.address)
    assert line == f"cannot reach {server.url}: connection reset by peer"


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.9\r\n", b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n"])
async def test_an_answer_that_is_not_http(transport: Transport, answer: bytes) -> None:
    async with serving(answering(answer)) as server:
        line = await not_reached(transport, server.address)
    assert line.startswith(f"cannot reach {server.url}: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_refused_connection(transport: Transport, host: str) -> None:
    url = f"ws://{host}:{free_port()}/"
    line = await not_reached(transport, at(url), transient=True)
    assert line == f"cannot reach {url}: connection refused"


async def test_a_name_that_does_not_resolve(transport: Transport) -> None:
    line = await not_reached(transport, at("ws://no-such-host.invalid/"), transient=True)
    assert line.startswith("cannot reach ws://no-such-host.invalid/: ")


@pytest.mark.parametrize("url", ["ws://xn--/", "ws://a..b.invalid/", f"ws://{'a' * 300}.invalid/"])
async def test_a_host_that_cannot_be_a_name(transport: Transport, url: str) -> None:
    assert (await not_reached(transport, at(url))).startswith(f"cannot reach {url}")


async def test_a_server_that_speaks_no_tls(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.receive()
        await peer.send(response("400 Bad Request"))

    async with serving(script) as server:
        url = f"wss://127.0.0.1:{server.port}/"
        line = await not_reached(transport, at(url), transient=False)
    assert line == f"cannot reach {url}: TLS wrong version number"


async def test_a_certificate_of_nobody_known(transport: Transport) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async def handle(stream: object) -> None:
        pytest.fail("the handshake went through")

    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    url = f"wss://127.0.0.1:{tcp.extra(SocketAttribute.local_port)}/"
    async with TLSListener(tcp, context) as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        line = await not_reached(transport, at(url), transient=False)
        tasks.cancel_scope.cancel()
    assert line.startswith(f"cannot reach {url}: TLS certificate verify failed: ")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "nonsense://x"])
async def test_no_proxy_stands_between_us_and_this_machine(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    transport = Transport()
    async with serving(upgraded(text("hello"))) as server, transport.connect(server.address) as connection:
        assert await connection.next_message() == "hello"
    line = await not_reached(transport, at("ws://no-such-host.invalid/"))
    await transport.aclose()
    assert ("connection refused" if proxy.startswith("http") else "ALL_PROXY") in line


async def test_a_secret_that_the_fault_repeats_is_not_shown(transport: Transport) -> None:
    Secret("hunter2hunter2")
    answer = b"HTTP/1.1 hunter2hunter2\r\n\r\n"
    async with serving(answering(answer)) as server:
        assert "hunter2" not in await not_reached(transport, server.address)


async def test_one_refusal_leaves_the_transport_as_good_as_new(transport: Transport) -> None:
    turns = 0

    async def script(peer: Peer) -> None:
        nonlocal turns
        turns += 1
        if turns % 2:
            await answering(response("503 Busy", b"x" * 100_000))(peer)
        else:
            await upgraded(text("hello"))(peer)

    async with serving(script) as server:
        for _ in range(5):
            await refused(transport, server.address)
            async with transport.connect(server.address) as connection:
                assert await connection.next_message() == "hello"
                await connection.close()
