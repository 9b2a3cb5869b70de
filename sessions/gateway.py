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
    """A gateway and its token, which goes by header as `Bearer <token>` (once), or `bare`."""

    base: str
    token: Secret | None = None
    token_form: TokenForm = "header"
    name: str = ""
    """How the gateway is shown; its host where empty."""
    bare: bool = False

    @property
    def shown(self) -> str:
        return self.name or urlsplit(self.base).netloc


@dataclass(frozen=True)
class KeyForm:
    """Where a provider takes its key: in a header, or in the query; some also take a subprotocol."""

    header: str = ""
    scheme: str = ""
    """What stands before the key in the header, such as `Bearer `."""
    query: str = ""
    subprotocol: str = ""
    """What stands before the key in the subprotocol."""
    beside: tuple[str, ...] = ()
    """Subprotocols that go with it."""


NO_KEY = KeyForm()
BEARER = KeyForm("Authorization", "Bearer ")


@dataclass(frozen=True)
class Route:
    """A provider's path below a base, and what it wants beside it."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    key_form: KeyForm = NO_KEY
    key: Secret | None = None
    alias: str = ""
    """Of a key that the gateway stores."""
    base: str = ""
    """The provider's own address, where the gateway is passed by."""


@dataclass(frozen=True)
class Address:
    """All of an upgrade request. Only `shown` may be printed."""

    url: str = field(repr=False)
    shown: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    subprotocols: tuple[str, ...] = field(default=(), repr=False)


def gateway(
    base: str,
    token: Secret | None = None,
    token_form: TokenForm = "header",
    name: str = "",
    *,
    bare: bool = False,
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
    return Gateway(text, token, token_form, name, bare)


def address(at: Gateway, route: Route) -> Address:
    """Put a route below a gateway; one with a base of its own is reached there, without the gateway.

    Raises BadAddress where a credential cannot be sent in this form.
    """
    base = route.base or at.base
    headers: dict[str, str] = {}
    subprotocols: list[str] = []
    query = list(route.query)
    if route.key:
        _check_encrypted(base, "key")
        _add_key(route, "header" if route.base else at.token_form, headers, subprotocols, query)
    if not route.base:
        if route.alias:
            headers["cf-aig-byok-alias"] = _header_value(route.alias, "key alias")
        if at.token:
            _check_encrypted(base, "token")
            _add_token(at, at.token, headers, subprotocols)
    shown = base + route.path
    # `@` and `/` stay literal, as in the documented model=@cf/deepgram/nova-3.
    pairs = "&".join(f"{quote(key, safe='')}={_query_value(value, key)}" for key, value in query)
    return Address(f"{shown}?{pairs}" if pairs else shown, shown, headers, tuple(subprotocols))


def _add_token(at: Gateway, token: Secret, headers: dict[str, str], subprotocols: list[str]) -> None:
    value = _bare(token, "gateway token")
    if at.token_form == "header":
        form = value if at.bare else f"Bearer {value}"
        headers["cf-aig-authorization"] = _header_value(form, "gateway token")
    else:
        subprotocols.append(f"cf-aig-authorization.{_subprotocol_value(value, 'gateway token')}")


def _add_key(
    route: Route,
    way: TokenForm,
    headers: dict[str, str],
    subprotocols: list[str],
    query: list[tuple[str, str]],
) -> None:
    assert route.key is not None
    form, value = route.key_form, _bare(route.key, "provider key")
    if form.query:
        query.append((form.query, value))
    elif way == "subprotocol" and form.subprotocol:
        subprotocols += [*form.beside, form.subprotocol + _subprotocol_value(value, "provider key")]
    elif form.header:
        headers[form.header] = _header_value(form.scheme + value, "provider key")


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


def _header_value(value: str, what: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise BadAddress(f"{what}: it contains a character that a header cannot hold; was it pasted whole?")
    return value


def _subprotocol_value(value: str, what: str) -> str:
    if not _TOKEN_CHARACTERS.fullmatch(value):
        raise BadAddress(f"{what}: it contains a character that a subprotocol cannot hold; send it by header")
    return value


def _check_encrypted(base: str, what: str) -> None:
    parts = urlsplit(base)
    if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
        raise BadAddress(
            f"gateway URL: ws:// would carry the {what} unencrypted to {parts.hostname}; use wss://"
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
