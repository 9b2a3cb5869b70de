"""Upgrades that are answered with an HTTP response instead of a 101.

The envelope of Cloudflare AI Gateway and Workers AI has `error` as a list and a `name` that tells whose
refusal it is (seen on the gateway's host in October 2026); Deepgram's has `err_code` and `err_msg`.
"""

import uuid
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse


class Refusal(Exception):
    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(body)
        self.response = JSONResponse(body, status, headers)


def unauthorized() -> Refusal:
    return _cloudflare("AiGatewayError", 401, 2009, "Unauthorized")


def not_routable(provider: str) -> Refusal:
    return _cloudflare("AiGatewayError", 400, 2008, f"Provider not routable: {provider}")


def no_such_model(model: str) -> Refusal:
    return _cloudflare("AiError", 400, 5007, f"No such model {model} or task")


def bad_parameter(name: str, why: str) -> Refusal:
    request_id = str(uuid.uuid4())
    message = f"{name}: {why}"
    body = {"err_code": "INVALID_QUERY_PARAMETER", "err_msg": message, "request_id": request_id}
    # What the client sent is in the message, and need not be fit for a header.
    headers = {"dg-request-id": request_id, "dg-error": message.encode("unicode_escape").decode("ascii")}
    return Refusal(400, body, headers)


def no_such_path() -> Refusal:
    return Refusal(404, {"error": "there is nothing here: the base URL ends in /v1/<account>/<gateway>"})


def upgrade_required() -> Refusal:
    body = {"error": "this address takes WebSocket upgrades only"}
    return Refusal(426, body, {"upgrade": "websocket"})


_STATUSES = frozenset(HTTPStatus)
_KNOWN = {
    400: ("AiGatewayError", 2001, "There is no such gateway: configure AI Gateway first"),
    401: ("AiGatewayError", 2009, "Unauthorized"),
    402: ("AiGatewayError", 2021, "The credits are used up"),
    403: ("AiError", 5035, "The model is not available on this plan"),
    429: ("AiError", 4006, "The daily free allocation is used up"),
}


def with_status(status: int) -> Refusal:
    """Return Cloudflare's commonest refusal with a status, or its envelope where none is known."""
    if status in _KNOWN:
        name, code, message = _KNOWN[status]
        return _cloudflare(name, status, code, message)
    phrase = HTTPStatus(status).phrase if status in _STATUSES else "Refused"
    return _cloudflare("AiGatewayError", status, None, phrase)


def _cloudflare(name: str, status: int, code: int | None, message: str) -> Refusal:
    return Refusal(
        status,
        {
            "success": False,
            "result": [],
            "messages": [],
            "error": [{"code": code, "message": message}],
            "name": name,
            "httpCode": status,
            "internalCode": code,
            "message": message,
            "description": message,
        },
    )
