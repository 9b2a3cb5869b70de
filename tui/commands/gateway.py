"""`voxdeck gateway`: serve the embedded gateway."""

import argparse


def run(arguments: argparse.Namespace) -> int:
    from sessions.local import main  # noqa: PLC0415 - it says in one line what is missing

    return main(port=arguments.port, token=arguments.token, faults=arguments.fault)
