"""Encrypted connections: whose certificate counts, for which host, and where credentials go."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import anyio
import pytest
import trustme
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from sessions.config import Config
from sessions.gateway import Address, gateway
from sessions.openings import prepare
from sessions.providers.catalogue import find
from sessions.providers.routes import Options
from sessions.secrets import Secret
from sessions.transport import BadAuthority, NotReached, Refused, Transport

pytestmark = pytest.mark.anyio

TOKEN = "a-token-for-one-host-only"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


class Served:
    """A TLS WebSocket server of one greeting, and the requests it got."""

    def __init__(self, server: Server, requests: list[Request]) -> None:
        self.port: int = next(iter(server.sockets)).getsockname()[1]
        self.requests = requests

    def at(self, host: str) -> Address:
        """An OpenAI session's address, with a token."""
        offer, model = find("converse", "openai", None)
        base = gateway(f"wss://{host}:{self.port}/v1/account/name", Secret(TOKEN))
        return prepare(Config(Path("config.toml")), base, offer, Options(model)).address


@asynccontextmanager
async def serving(certificate: trustme.LeafCert, *, redirect: str = "") -> AsyncIterator[Served]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    requests: list[Request] = []

    async def greet(connection: ServerConnection) -> None:
        await connection.send("hello")
        await connection.wait_closed()

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        requests.append(request)
        if not redirect:
            return None
        headers = Headers([("Location", redirect), ("Content-Length", "0")])
        return Response(HTTPStatus.FOUND, "Found", headers)

    async with serve(greet, "127.0.0.1", 0, ssl=context, process_request=answer) as server:
        yield Served(server, requests)


@asynccontextmanager
async def transport_with(ca: Path | None = None) -> AsyncIterator[Transport]:
    transport = Transport(str(ca or ""))
    try:
        yield transport
    finally:
        await transport.aclose()


async def told(transport: Transport, address: Address) -> str:
    """The one line of a connection that is not made."""
    with pytest.raises((NotReached, Refused)) as caught, anyio.fail_after(10):
        async with transport.connect(address):
            pytest.fail("it opened")
    line = str(caught.value)
    assert "\n" not in line
    assert TOKEN not in line
    return line


async def test_an_unknown_authority_is_not_trusted(authority: trustme.CA) -> None:
    async with serving(authority.issue_cert("127.0.0.1")) as server, transport_with() as transport:
        assert "TLS certificate verify failed" in await told(transport, server.at("127.0.0.1"))
    assert server.requests == [], "no request, so no token, before the certificate is verified"


async def test_an_authority_of_one_s_own_is_trusted_beside_the_usual_ones(
    authority: trustme.CA, pem: Path
) -> None:
    async with serving(authority.issue_cert("127.0.0.1")) as server, transport_with(pem) as transport:
        with anyio.fail_after(10):
            async with transport.connect(server.at("127.0.0.1")) as connection:
                assert await connection.next_message() == "hello"
    assert server.requests[0].headers["cf-aig-authorization"] == f"Bearer {TOKEN}"


async def test_a_certificate_of_another_authority_is_still_refused(pem: Path) -> None:
    async with (
        serving(trustme.CA().issue_cert("127.0.0.1")) as server,
        transport_with(pem) as transport,
    ):
        assert "TLS certificate verify failed" in await told(transport, server.at("127.0.0.1"))
    assert server.requests == []


async def test_a_certificate_for_another_host_is_refused(authority: trustme.CA, pem: Path) -> None:
    async with serving(authority.issue_cert("gateway.example")) as server, transport_with(pem) as transport:
        line = await told(transport, server.at("127.0.0.1"))
    assert "TLS certificate verify failed: IP address mismatch" in line
    assert server.requests == []


async def test_a_certificate_for_an_address_is_not_one_for_a_name(authority: trustme.CA, pem: Path) -> None:
    async with serving(authority.issue_cert("127.0.0.1")) as server, transport_with(pem) as transport:
        line = await told(transport, server.at("localhost"))
    assert "TLS certificate verify failed: Hostname mismatch" in line
    assert server.requests == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\x00\xff" * 50])
def test_a_file_that_holds_no_authorities(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadAuthority) as caught:
        Transport(str(path))
    why = "no such file or directory" if content is None else "it holds no certificates (PEM)"
    assert str(caught.value) == f"{path}: {why}"


def test_a_folder_holds_no_authorities(tmp_path: Path) -> None:
    with pytest.raises(BadAuthority) as caught:
        Transport(str(tmp_path))
    assert "\n" not in str(caught.value)


async def test_a_redirect_to_another_host_gets_no_credentials(authority: trustme.CA, pem: Path) -> None:
    """Both hosts are trusted alike; the other one still is not asked."""
    async with serving(authority.issue_cert("localhost")) as other:
        location = f"https://localhost:{other.port}/v1/account/name/openai"
        certificate = authority.issue_cert("127.0.0.1")
        async with serving(certificate, redirect=location) as server, transport_with(pem) as transport:
            assert await told(transport, server.at("127.0.0.1")) == "refused with HTTP 302"
    assert server.requests[0].headers["cf-aig-authorization"] == f"Bearer {TOKEN}"
    assert other.requests == []
