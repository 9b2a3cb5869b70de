"""Pictures as files: fetching one that a provider only names, and telling its format."""

import ipaddress
from typing import Final

import anyio
import httpx

from sessions.text import one_line

LARGEST = 64 * 1024 * 1024
"""Bytes of a picture that is fetched."""
TIME_LIMIT = 60.0
"""Seconds that fetching one may take."""
_REDIRECTS = 5
_UNKNOWN: Final = "img"


class NotFetched(Exception):
    """The message is one line."""


def ending_of(content: bytes) -> str:
    """Return a picture's file name ending by its first bytes; `img` if it is none that is known.

    What a provider says of it may be missing or wrong, and must not give a file an ending that runs.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return _UNKNOWN


async def fetch(url: str) -> bytes:
    """Get a picture from where its provider says it is. Raises NotFetched.

    Without credentials, for it is another host; and by https, whose certificates show that no name of this
    network stands behind the address. Plain http is for this machine alone.
    """
    try:
        with anyio.fail_after(TIME_LIMIT):
            async with httpx.AsyncClient(headers={"Accept-Encoding": "identity"}, timeout=30.0) as client:
                return await _follow(client, httpx.URL(url))
    except (httpx.TimeoutException, TimeoutError):
        raise NotFetched("the picture could not be fetched: its host took too long") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ImportError, ValueError) as error:
        raise NotFetched(f"the picture could not be fetched: {one_line(str(error), 120)}") from None


async def _follow(client: httpx.AsyncClient, url: httpx.URL) -> bytes:
    _check(url, first=True)
    for _ in range(_REDIRECTS + 1):
        async with client.stream("GET", url) as response:
            if response.next_request is not None:
                url = response.next_request.url
                _check(url, first=False)
                continue
            if response.status_code != 200:
                raise NotFetched(f"the picture could not be fetched: HTTP {response.status_code}")
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > LARGEST:
                    raise NotFetched("the picture is larger than 64 MiB")
            return bytes(content)
    raise NotFetched("the picture could not be fetched: it is redirected again and again")


def _check(url: httpx.URL, *, first: bool) -> None:
    """Raises NotFetched where the address is none from which pictures come."""
    try:
        address = ipaddress.ip_address(url.host)
        own, public = address.is_loopback, address.is_global
    except ValueError:
        own = url.host == "localhost"
        public = not own
    if not (first and own) and not (public and url.scheme == "https"):
        raise NotFetched("the picture was not fetched: its address is neither https nor of this machine")
