"""Faults of a session, each as one line for people: what happened, and what to do about it.

Statuses and close codes are those of Cloudflare's and the providers' pages; a close before the provider's
first message is a failure of its own, whatever its code.
"""

import html
import re
import time
from email.utils import parsedate_to_datetime

import msgspec

from sessions.events import Closed, Failed
from sessions.secrets import redact
from sessions.text import one_line
from sessions.transport import Disconnected, Refused, TransportError

_NORMAL = frozenset({1000, 1005})
"""1005: a close frame without a code, as Deepgram Flux ends."""

_STATUS_ADVICE = {
    400: "check the model and the gateway's name",
    401: "the gateway token is missing or wrong: set CLOUDFLARE_API_TOKEN (permission AI Gateway: Run)",
    402: "the gateway's credits are used up",
    403: "the token may not do this: it needs the permission AI Gateway: Run",
    404: "there is nothing at this address: check the gateway URL",
    426: "this address serves no WebSocket: check the gateway URL",
    429: "too many requests: wait, then reconnect",
}
_CLOSE_ADVICE = {
    1001: "the other side is going away: reconnect",
    1002: "the other side did not understand the connection",
    1003: "the other side refused this kind of data",
    1007: "the other side could not read a message",
    1008: "the other side refused the session: check key, model and settings",
    1009: "a message was too big",
    1011: "the other side had a fault: reconnect",
    1012: "the other side is restarting: reconnect",
    1013: "the other side is overloaded: wait, then reconnect",
}


class _Fault(msgspec.Struct):
    code: int | str | None = None
    message: str | None = None


class _RefusalBody(msgspec.Struct):
    """The envelopes of the gateway (`error` is a list there), of Cloudflare's REST API, of OpenAI."""

    message: str | None = None
    internalCode: int | None = None  # noqa: N815 - the wire's name
    error: list[_Fault] | _Fault | str | None = None
    errors: list[_Fault] | None = None


_HTML = re.compile(
    r"\s*<(?:!doctype|html)\b.*?(?:<title[^>]*>(?P<title>[^<]*)|\Z)", re.IGNORECASE | re.DOTALL
)


def _said(body: str) -> str:
    """The message inside a refusal's body, or the body itself where it has another form."""
    if page := _HTML.match(body):
        return html.unescape(page["title"] or "") or "a web page"
    try:
        read = msgspec.json.decode(body, type=_RefusalBody)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body
    found = read.error if isinstance(read.error, list) else read.errors
    first = found[0] if found else read.error
    if isinstance(first, str):
        return first
    fault = first if isinstance(first, _Fault) else _Fault()
    text = read.message or fault.message or body
    code = read.internalCode or fault.code
    return f"{text} ({code})" if code else text


def of_refusal(refused: Refused) -> Failed:
    said = one_line(redact(_said(refused.body)))
    advice = _STATUS_ADVICE.get(refused.status, "")
    if not advice and refused.status >= 500:
        advice = "the gateway or the provider has trouble: reconnect later"
    after = one_line(redact(refused.retry_after or ""), 40)
    wait = f"retry after {after}{' s' if after.isdecimal() else ''}" if after else ""
    refusal = f"refused with HTTP {refused.status}{': ' if said else ''}{said}"
    line = "; ".join(part for part in (refusal, wait, advice) if part)
    seconds = _seconds(refused.retry_after or "")
    return Failed(line, refused.status, transient=_advises_to_reconnect(advice), retry_after=seconds)


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _advises_to_reconnect(advice: str) -> bool:
    """Whether the advice is one that a session can follow by itself."""
    return "reconnect" in advice


def of_end(
    end: TransportError, *, ready: bool, asked: bool, meaning: str, last_problem: str
) -> Failed | Closed:
    """Tell how a connection's end is to be seen.

    `asked`: we had said that we were done. `meaning`: the provider's own, see `Codec.explain_close`.
    `last_problem`: what the provider complained of just before.
    """
    code = end.code if isinstance(end, Disconnected) else None
    reason = one_line(redact(end.reason)) if isinstance(end, Disconnected) else ""
    if ready and code in _NORMAL:
        return Closed(code, reason)
    if asked and code is None and ready:
        return Closed(1006, str(end))
    advice = meaning or _CLOSE_ADVICE.get(code or 0, "reconnect" if code is None else "")
    what = str(end) if ready else f"ended before the session was ready: {end}"
    parts = [what]
    if last_problem and last_problem not in what:
        parts.append(last_problem)
    parts.append(advice)
    return Failed("; ".join(part for part in parts if part), code, transient=_advises_to_reconnect(advice))
