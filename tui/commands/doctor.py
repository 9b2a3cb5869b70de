"""`voxdeck doctor`: check what is here, and try every provider."""

import argparse
from contextlib import aclosing

import msgspec

from sessions import doctor
from sessions.text import escape_json, one_line, plain
from tui.commands import headless
from tui.commands.settings import settings

_SIGNS = {"ok": "✓", "failed": "✗", "skipped": "-"}


def run(arguments: argparse.Namespace) -> int:
    failed: list[doctor.Check] = []

    def show(check: doctor.Check) -> None:
        if check.outcome == "failed":
            failed.append(check)
        if arguments.json:
            headless.write(escape_json(msgspec.json.encode(check).decode()) + "\n")
        else:
            took = "" if check.seconds is None else f" {check.seconds * 1000:.0f} ms"
            detail = f"  {one_line(check.detail)}" if check.detail else ""
            headless.write(f"{_SIGNS[check.outcome]} {plain(check.subject)}: {check.step}{took}{detail}\n")

    async def main() -> None:
        for check in (*doctor.terminal(), *await doctor.in_thread(doctor.audio()), *doctor.engines()):
            show(check)
        config, named = settings(arguments)
        async with headless.running_gateway(named) as gateway:
            show(doctor.Check("configuration", "file", "ok", f"{config.path}; gateway: {gateway.shown}"))
            async with aclosing(doctor.providers(config, gateway, embedded=named is None)) as checks:
                async for check in checks:
                    show(check)

    status = headless.run(arguments, lambda: main)
    return status or (1 if failed else 0)
