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

_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
"""What a URL may be made of (RFC 3986)."""
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

    url: str = field(repr=False)
    shown: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    subprotocols: tuple[str, ...] = field(default=(), repr=False)


def gateway(
    base: str, token: Secret | None = None, token_form: TokenForm = "header", name: str = ""
) -> Gateway:
    """Check a gateway's base URL. Raises BadAddress."""
    text = base.strip().rstrip("/")
    if not _URL_CHARACTERS.fullmatch(text):
        raise BadAddress("gateway URL: it contains a character that a URL cannot hold")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
        if host and ("[" in parts.netloc or re.fullmatch(r"[\d.]+", host)):
            ip_address(host)
    except ValueError:
        raise BadAddress("gateway URL: its host or port cannot be read") from None
    if parts.scheme not in ("ws", "wss") or not host:
        raise BadAddress(
            "gateway URL: expected ws://… or wss://…, "
            "for example wss://gateway.ai.cloudflare.com/v1/<account>/<gateway>"
        )
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise BadAddress("gateway URL: only scheme, host, port and path are expected; tokens go elsewhere")
    if token:
        _check_encrypted(text, "token")
    return Gateway(text, token, token_form, name)


def address(at: Gateway, route: Route) -> Address:
    """Put a route below a gateway. Raises BadAddress where a credential cannot be sent in this form."""
    # `@` and `/` stay literal, as in the documented model=@cf/deepgram/nova-3.
    query = "&".join(f"{quote(key, safe='')}={_query_value(value, key)}" for key, value in route.query)
    shown = at.base + route.path
    headers: dict[str, str] = {}
    subprotocols: tuple[str, ...] = ()
    if at.token:
        _check_encrypted(at.base, "token")
        if at.token_form == "header":
            headers["cf-aig-authorization"] = _bearer(at.token, "gateway token")
        else:
            subprotocols = (f"cf-aig-authorization.{_subprotocol_value(at.token)}",)
    if route.authorization:
        _check_encrypted(at.base, "key")
        headers["Authorization"] = _bearer(route.authorization, "provider key")
    return Address(f"{shown}?{query}" if query else shown, shown, headers, subprotocols)


def _query_value(value: str, name: str) -> str:
    try:
        return quote(value, safe="@/")
    except UnicodeEncodeError:
        raise BadAddress(f"{name}: it contains a character that a URL cannot hold") from None


def _bare(secret: Secret, what: str) -> str:
    value = secret.bare()
    if not value:
        raise BadAddress(f"{what}: it is empty")
    return value


def _bearer(secret: Secret, what: str) -> str:
    value = _bare(secret, what)
    if not value.isascii() or not value.isprintable():
        raise BadAddress(f"{what}: it contains a character that a header cannot hold; was it pasted whole?")
    return f"Bearer {value}"


def _subprotocol_value(secret: Secret) -> str:
    token = _bare(secret, "gateway token")
    if not _TOKEN_CHARACTERS.fullmatch(token):
        raise BadAddress(
            "gateway token: it contains a character that a subprotocol cannot hold; send it by header"
        )
    return token


def _check_encrypted(base: str, what: str) -> None:
    parts = urlsplit(base)
    if parts.scheme == "ws" and not _is_loopback(parts.hostname or ""):
        raise BadAddress(
            f"gateway URL: ws:// would carry the {what} unencrypted to {parts.hostname}; use wss://"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
