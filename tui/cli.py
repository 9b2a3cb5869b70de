"""The command line. It imports only what its subcommand needs."""

import argparse
import io
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sessions.gateway import BadAddress, Gateway, gateway

DEFAULT_TIMEOUT = 15.0
IMAGE_TIMEOUT = 120.0
"""A model that nobody has used for a while takes so long to be there."""
DEFAULT_RATE = 16000
"""Of raw PCM."""

USAGE, INTERRUPTED = 2, 130
_DECK_OPTIONS = {
    "input": ("deck", "relay"),
    "output": ("deck", "relay", "say"),
    "input_rate": ("deck",),
    "theme": ("deck",),
    "low_bandwidth": ("deck",),
}
"""The commands that they are for; before another one they would do nothing."""
_OTHER_SOUND = frozenset({".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac"})

_EPILOG = """\
With no gateway configured, every command starts the embedded gateway for itself: no key is needed, and
nothing leaves the machine. A gateway is named by --gateway, by the configuration file, or by the variables
CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_GATEWAY and CLOUDFLARE_API_TOKEN; providers' keys by the file or by their
usual variables, such as OPENAI_API_KEY. Exit status: 0; 1 the session failed; 2 usage.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, where argparse would print the whole usage as well."""
        self.exit(USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for, which takes 40 ms."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"voxdeck {version('voxdeck')}\n")  # parser.exit's message goes to standard error
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    deck, sessions = _Parser(add_help=False), _Parser(add_help=False)
    # Before a command as well as behind it; there, no default may overwrite what stood before.
    for each, default in ((deck, None), (sessions, argparse.SUPPRESS)):
        each.add_argument(
            "--gateway",
            metavar="URL",
            type=_gateway,
            default=default,
            help="an AI gateway: wss://…/v1/<account>/<gateway>, a configured name, or embedded",
        )
    _add_sound_options(deck)
    _add_screen_options(deck)
    sessions.add_argument("--provider", help="such as workers-ai or openai; voxdeck sessions lists all")
    sessions.add_argument("--model", help="such as nova-3 or aura-2-en")
    sessions.add_argument("--session", metavar="NAME", help="a session that the configuration file names")
    sessions.add_argument("--voice", default="", help="a voice of the provider's")
    sessions.add_argument("--language", default="", help="such as en")
    sessions.add_argument("--agent", default="", metavar="ID", help="the agent, for elevenlabs")
    sessions.add_argument("--direct", action="store_true", help="connect to the provider, not by the gateway")
    sessions.add_argument("--json", action="store_true", help="print every event as one JSON object a line")

    parser = _Parser(
        prog="voxdeck",
        description="The terminal deck for realtime AI sessions. Without a command it opens the deck.",
        epilog=_EPILOG,
        parents=[deck],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.set_defaults(run="deck")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    serve = commands.add_parser("gateway", help="serve the embedded gateway on this machine")
    serve.add_argument(
        "--port", metavar="N", type=_port, default=8787, help="default: %(default)s; 0 takes a free one"
    )
    serve.add_argument("--token", metavar="T", type=_token, help="ask every client for this token")
    serve.add_argument(
        "--fault",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="make every session suffer: delay=S, drop-after=BYTES, close=CODE:REASON, refuse=STATUS, …",
    )
    serve.set_defaults(run="gateway")

    hear = commands.add_parser("transcribe", parents=[sessions], help="a recording to text")
    hear.add_argument(
        "file",
        metavar="FILE",
        help="WAV, FLAC, or raw 16-bit mono PCM (.raw, .pcm); - reads PCM from standard input",
    )
    hear.add_argument(
        "--rate",
        metavar="HZ",
        type=_rate,
        default=DEFAULT_RATE,
        help="sample rate of raw PCM (default: %(default)s)",
    )
    hear.add_argument(
        "--pace",
        choices=("real", "fast"),
        default="fast",
        help="send at the pace of speech, or as fast as the line takes it (default)",
    )
    _add_timeout(hear, DEFAULT_TIMEOUT)
    hear.set_defaults(run="transcribe")

    say = commands.add_parser("say", parents=[sessions], help="text to speech")
    say.add_argument("text", metavar="TEXT", help="what to say; - reads standard input")
    where = say.add_mutually_exclusive_group()
    where.add_argument(
        "--out", metavar="FILE.wav", type=_wav, help="write the speech here instead of playing it"
    )
    where.add_argument("--output", metavar="D", default=argparse.SUPPRESS, help="play it on this speaker")
    _add_timeout(say, DEFAULT_TIMEOUT)
    say.set_defaults(run="say")

    chat = commands.add_parser("chat", parents=[sessions], help="one turn of a conversation")
    chat.add_argument("text", metavar="TEXT", help="what to say to the assistant; - reads standard input")
    chat.add_argument(
        "--out", metavar="FILE.wav", type=_wav, help="have the answer spoken, and write it here"
    )
    _add_timeout(chat, DEFAULT_TIMEOUT)
    chat.set_defaults(run="chat")
    image = commands.add_parser("image", parents=[sessions], help="a prompt to a picture")
    image.add_argument("text", metavar="PROMPT", help="what to show; - reads standard input")
    image.add_argument("--out", metavar="FILE", type=Path, help="default: voxdeck-image.jpg")
    _add_timeout(image, IMAGE_TIMEOUT)
    image.set_defaults(run="image")

    _add_sound_commands(commands)
    for name, what in (
        ("sessions", "list what can be opened, and what each still lacks"),
        ("doctor", "check what is here, and try every provider"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--gateway", metavar="URL", type=_gateway, default=argparse.SUPPRESS)
        command.add_argument("--json", action="store_true", help="one JSON object a line")
        command.set_defaults(run=name)
    return parser


def _add_timeout(command: argparse.ArgumentParser, seconds: float) -> None:
    command.add_argument(
        "--timeout",
        metavar="S",
        type=_timeout,
        default=seconds,
        help="seconds to wait for the provider wherever it owes an answer (default: %(default)g)",
    )


def _add_sound_options(deck: argparse.ArgumentParser) -> None:
    deck.add_argument(
        "--workspace",
        metavar="NAME",
        default="default",
        help="open the panes and drafts that were left under NAME; a new name begins with the usual panes",
    )
    deck.add_argument(
        "--input",
        metavar="D",
        default="",
        help="hear a microphone by its number or name (see voxdeck devices), file:PATH, loop:PATH, tone:HZ, "
        "none, or - for raw 16-bit mono PCM on standard input",
    )
    deck.add_argument(
        "--output", metavar="D", default="", help="play on a speaker by its number or name, or none"
    )
    deck.add_argument(
        "--rate",
        metavar="HZ",
        type=_rate,
        dest="input_rate",
        help=f"sample rate of the PCM that --input - reads (default: {DEFAULT_RATE})",
    )


def _add_screen_options(deck: argparse.ArgumentParser) -> None:
    deck.add_argument(
        "--theme", metavar="NAME", default="", help="colours, such as voxdeck-light, or a theme of your own"
    )
    deck.add_argument(
        "--low-bandwidth",
        action="store_true",
        help="send little to the terminal: two pictures a second, 16 colours, no meters; also by "
        "VOXDECK_LOW_BANDWIDTH=1",
    )


def _add_sound_commands(commands: "argparse._SubParsersAction[_Parser]") -> None:
    listing = commands.add_parser("devices", help="list microphones and speakers")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run="devices")

    relay = commands.add_parser(
        "relay", help="lend this machine's microphone and speaker to a deck on another machine"
    )
    for option, what in (("--input", "microphone"), ("--output", "speaker")):
        relay.add_argument(
            option, metavar="D", default=argparse.SUPPRESS, help=f"a {what} by its number or name"
        )
    relay.add_argument(
        "--port",
        metavar="N",
        type=_port,
        help="listen on this TCP port, 0 takes a free one (default: on a socket of this user's)",
    )
    relay.set_defaults(run="relay")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every locale has every character
    parser = _parser()
    arguments = parser.parse_args(argv)
    for option, commands in _DECK_OPTIONS.items():
        if getattr(arguments, option) and arguments.run not in commands:
            name = option.removeprefix("input_").replace("_", "-")
            parser.error(f"--{name} is not for {arguments.run}")
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        drop_output()
        return 1


def drop_output() -> None:
    """Give standard output up where it cannot be written: Python would fail once more when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: argparse.Namespace) -> int:  # each import is wanted by one command only
    match arguments.run:
        case "deck":
            from tui.commands.deck import run  # noqa: PLC0415
        case "gateway":
            from tui.commands.gateway import run  # noqa: PLC0415
        case "transcribe":
            from tui.commands.transcribe import run  # noqa: PLC0415
        case "say":
            from tui.commands.say import run  # noqa: PLC0415
        case "image":
            from tui.commands.image import run  # noqa: PLC0415
        case "sessions":
            from tui.commands.sessions import run  # noqa: PLC0415
        case "doctor":
            from tui.commands.doctor import run  # noqa: PLC0415
        case "devices":
            from tui.commands.devices import run  # noqa: PLC0415
        case "relay":
            from tui.commands.relay import run  # noqa: PLC0415
        case _:
            from tui.commands.chat import run  # noqa: PLC0415
    return run(arguments)


def _gateway(text: str) -> Gateway | str:
    """A URL is checked at once; a name is looked up in the configuration, which is read later."""
    if "://" not in text:
        return text
    from sessions.config import environment_token  # noqa: PLC0415 - where a URL is given only

    try:
        return gateway(text, environment_token())
    except BadAddress as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _token(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; leave the option out to serve without a token")
    return text


def _wav(text: str) -> Path:
    if Path(text).suffix.lower() in _OTHER_SOUND:
        raise argparse.ArgumentTypeError(f"{text!r}: only WAV is written; end it in .wav")
    return Path(text)


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _rate(text: str) -> int:
    return _whole(text, 4000, 384_000)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
    return int(text)
