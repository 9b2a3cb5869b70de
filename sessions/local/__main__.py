"""`python -m sessions.local`: serve the embedded gateway."""

import argparse
import os
import sys

from sessions.local import TOKEN_VARIABLE, main


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sessions.local", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--token", default=os.environ.get(TOKEN_VARIABLE), help=f"default: ${TOKEN_VARIABLE}")
    parser.add_argument("--parent", action="store_true", help="exit when standard input ends")
    parser.add_argument("--fault", action="append", default=[], help="as close=1011@5; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    sys.exit(main(given.port, given.token, parent=given.parent, faults=given.fault))
