"""`voxdeck sessions`: what can be opened, and what each still lacks."""

import argparse

import msgspec

from sessions.openings import chosen, lacking
from sessions.providers.catalogue import OFFERS
from sessions.providers.routes import Options
from sessions.text import escape_json, one_line
from tui.commands import headless
from tui.commands.settings import settings


class Row(msgspec.Struct, frozen=True):
    kind: str
    provider: str
    models: tuple[str, ...]
    lacks: str
    name: str = ""
    """Of a session that the configuration names."""


def run(arguments: argparse.Namespace) -> int:
    async def main() -> None:
        config, gateway = settings(arguments)
        rows = []
        for offer in OFFERS:
            lack = lacking(config, gateway, offer, Options(offer.models[0]))
            rows.append(Row(offer.kind, offer.provider, offer.models, lack))
        for name, table in config.sessions.items():
            offer, options = chosen(table)
            lack = lacking(config, gateway, offer, options)
            rows.append(Row(table.kind, offer.provider, (options.model,), lack, name))
        where = "the embedded gateway" if gateway is None else gateway.shown
        if not arguments.json:
            headless.write(f"By {one_line(where)}:\n")
        for row in rows:
            if arguments.json:
                headless.write(escape_json(msgspec.json.encode(row).decode()) + "\n")
                continue
            name = f"{row.name}: " if row.name else ""
            state = f"lacks {row.lacks}" if row.lacks else "ready"
            headless.write(
                one_line(f"{name}{row.kind} {row.provider} ({', '.join(row.models)}): {state}", 500) + "\n"
            )

    return headless.run(arguments, lambda: main)
