"""Where to connect, and with which credentials. Pure: no socket is opened here.

The forms are those of Cloudflare AI Gateway's "Realtime WebSockets API" page. A gateway's base is
`wss://gateway.ai.cloudflare.com/v1/<account>/<gateway>`, or whatever speaks the same paths below it.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import quote, urlsplit

from sessions.secrets import Secret

TokenForm = Literal["header", "subprotocol"]

_TOKEN_CHARACTERS = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
"""What a subprotocol may be made of (RFC 9110 `token`)."""


class BadAddress(ValueError):
    """The gateway or the credentials cannot be used; the message is one line without secrets."""


@dataclass(frozen=True)
class Gateway:
    """A gateway and its token. By header the token goes as `Bearer <token>`, once."""

    base: str
    token: Secret | None = None
    token_form: TokenForm = "header"
    name: str = ""
    """How the gateway is shown; its host where empty."""

    @property
    def shown(self) -> str:
        return self.name or urlsplit(self.base).netloc


@dataclass(frozen=True)
class Route:
    """A provider's path below the base, and what it wants beside it."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    authorization: Secret | None = None
    """The provider's key, for `Authorization: Bearer`."""


@dataclass(frozen=True)
class Address:
    """All of an upgrade request. Only `shown` may be printed."""

    url: str
    shown: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    subprotocols: tuple[str, ...] = field(default=(), repr=False)


def gateway(
    base: str, token: Secret | None = None, token_form: TokenForm = "header", name: str = ""
) -> Gateway:
    """Check a gateway's base URL. Raises BadAddress."""
    text = base.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(f"gateway URL: {error}") from None
    if parts.scheme not in ("ws", "wss") or not host:
        raise BadAddress(
            "gateway URL: expected ws://… or wss://…, "
            "for example wss://gateway.ai.cloudflare.com/v1/<account>/<gateway>"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadAddress("gateway URL: only scheme, host, port and path are expected; tokens go elsewhere")
    if not text.isascii() or re.search(r"[\s\x00-\x1f\\]", text):
        raise BadAddress("gateway URL: it contains a character that a URL cannot hold")
    if parts.scheme == "ws" and token and not _is_loopback(host):
        raise BadAddress(f"gateway URL: ws:// would carry the token unencrypted to {host}; use wss://")
    return Gateway(text, token, token_form, name)


def address(at: Gateway, route: Route) -> Address:
    """Put a route below a gateway. Raises BadAddress where a credential cannot be sent in this form."""
    # `@` and `/` stay literal, as in the documented model=@cf/deepgram/nova-3.
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='@/')}" for key, value in route.query)
    shown = at.base + route.path
    headers: dict[str, str] = {}
    subprotocols: tuple[str, ...] = ()
    if at.token:
        token = at.token.reveal().strip().removeprefix("Bearer ").strip()
        if at.token_form == "header":
            headers["cf-aig-authorization"] = _header_value(f"Bearer {token}", "gateway token")
        else:
            subprotocols = (f"cf-aig-authorization.{_subprotocol_value(token)}",)
    if route.authorization:
        key = route.authorization.reveal().strip()
        headers["Authorization"] = _header_value(f"Bearer {key}", "provider key")
    return Address(f"{shown}?{query}" if query else shown, shown, headers, subprotocols)


def _header_value(value: str, what: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise BadAddress(f"{what}: it contains a character that a header cannot hold; was it pasted whole?")
    return value


def _subprotocol_value(token: str) -> str:
    if not _TOKEN_CHARACTERS.fullmatch(token):
        raise BadAddress(
            "gateway token: it contains a character that a subprotocol cannot hold; send it by header"
        )
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
