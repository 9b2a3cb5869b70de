"""What the configuration and the command line say together."""

import argparse

from sessions.config import Config, chosen_gateway, load, named_gateway
from sessions.gateway import Gateway


def settings(arguments: argparse.Namespace) -> tuple[Config, Gateway | None]:
    """Return the configuration and the gateway to use; none for the embedded one. Raises BadConfig."""
    config = load()
    given: Gateway | str | None = arguments.gateway
    if isinstance(given, str):
        return config, named_gateway(config, given)
    return config, given or chosen_gateway(config)
