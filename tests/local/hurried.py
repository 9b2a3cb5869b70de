"""An embedded gateway whose limits of minutes are seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.local.clients import Gateway

_START = """
import sys
from importlib import import_module
from sessions.local import main
module, *limits = sys.argv[1:]
for limit in limits:
    name, seconds = limit.split("=")
    setattr(import_module(f"sessions.local.{module}"), name, float(seconds))
main(parent=True)
"""


@contextmanager
def hurried_gateway(module: str, **limits: float) -> Iterator[Gateway]:
    arguments = [f"{name}={seconds}" for name, seconds in limits.items()]
    command = [sys.executable, "-c", _START, module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Gateway(json.loads(process.stdout.readline())["url"], "")
        process.stdin.close()
