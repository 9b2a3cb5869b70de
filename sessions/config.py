"""The configuration file: gateways, providers' keys, named sessions and workspaces.

TOML, in the user's folder for configuration. It is checked as a whole before any of it counts, and never
written to. Keys are named, not held: `env:NAME`, `keyring:NAME` or `file:PATH`; a literal one is refused
unless the file is its owner's alone to read.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from platformdirs import user_config_path

from sessions.gateway import BadAddress, Gateway, TokenForm, gateway
from sessions.secrets import Secret

EMBEDDED = "embedded"
EMBEDDED_NAME = "embedded gateway"
"""As it is shown."""
CLOUDFLARE = "wss://gateway.ai.cloudflare.com/v1"
KEYRING_SERVICE = "voxdeck"

ACCOUNT_VARIABLE, GATEWAY_VARIABLE = "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_GATEWAY"
TOKEN_VARIABLES = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY")
KEY_VARIABLES: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "cartesia": ("CARTESIA_API_KEY",),
    "elevenlabs": ("ELEVENLABS_API_KEY",),
    "fal": ("FAL_KEY",),
    "deepgram": ("DEEPGRAM_API_KEY",),
}
PROVIDERS = ("workers-ai", *KEY_VARIABLES)
_REFERENCES = ("env:", "keyring:", "file:")


class BadConfig(Exception):
    """The configuration cannot be used; the message is one line: file, place, what was expected."""


class GatewayTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[gateways.NAME]`: an account and a gateway of Cloudflare's, or the URL of another base."""

    account: str = ""
    gateway: str = "default"
    url: str = ""
    token: str = ""
    auth: TokenForm = "header"
    bare: bool = False
    """Send the token without `Bearer`."""


class ProviderTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[providers.NAME]`."""

    key: str = ""
    alias: str = ""
    """Which of the keys stored on the gateway to use; then none is sent."""
    direct: bool = False
    """Connect to the provider itself, not through the gateway."""


class SessionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sessions.NAME]`: what to open. What is left out is the provider's default, and what it does not know
    is left aside; `sessions.providers.settings` tells more of each.
    """

    kind: Literal["transcribe", "speak", "converse", "image"]
    provider: str = ""
    model: str = ""
    voice: str = ""
    language: str = ""
    sample_rate: Annotated[int, msgspec.Meta(ge=8000, le=48000)] | None = None
    """Hertz of the audio on the wire."""
    turn_detection: Literal["", "server_vad", "semantic_vad", "none"] = ""
    endpointing: Annotated[int, msgspec.Meta(ge=10, le=10_000)] | None = None
    """Milliseconds of silence that end an utterance."""
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """How loud speech has to be for `server_vad`."""
    eagerness: Literal["", "low", "medium", "high", "auto"] = ""
    """How soon a turn is taken to be over."""
    eot_threshold: Annotated[float, msgspec.Meta(ge=0.5, le=1)] | None = None
    eager_eot_threshold: Annotated[float, msgspec.Meta(ge=0.3, le=0.9)] | None = None
    eot_timeout: Annotated[int, msgspec.Meta(ge=500, le=60_000)] | None = None
    """Milliseconds of silence after which a turn ends in any case."""
    speakers: bool = False
    """Tell the speakers apart."""
    instructions: str = ""
    answers: Literal["", "spoken", "text"] = ""
    tools: str = ""
    """A JSON file of function definitions in OpenAI's form."""
    agent: str = ""
    size: str = ""
    """Of pictures: the provider's name for it."""
    block: Annotated[int, msgspec.Meta(ge=20, le=100)] | None = None
    """Milliseconds of microphone a message; none for the provider's own. Fewer cost more of the processor."""


class WorkspaceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[workspaces.NAME]`: sessions that open together."""

    sessions: tuple[str, ...]


class NetworkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[network]`."""

    ca: str = ""
    """A file of further certificate authorities (PEM), as of a company's proxy."""


class Config(msgspec.Struct, frozen=True):
    path: Path
    gateway: str = ""
    """The name of the gateway to use; empty: the environment's, else the embedded one."""
    gateways: dict[str, GatewayTable] = {}
    providers: dict[str, ProviderTable] = {}
    sessions: dict[str, SessionTable] = {}
    workspaces: dict[str, WorkspaceTable] = {}
    network: NetworkTable = NetworkTable()
    keys: dict[str, str] = {}
    """`[keys]`: an action's id to its keys in the deck; empty for none."""
    theme: str = ""
    """The deck's theme; empty for what was chosen in it, or suits the terminal."""

    def with_direct(self, provider: str, *, direct: bool) -> "Config":
        """Return the same, but for whether this provider is reached without the gateway."""
        table = self.providers.get(provider, ProviderTable())
        changed = msgspec.structs.replace(table, direct=direct)
        return msgspec.structs.replace(self, providers={**self.providers, provider: changed})


_TABLES: dict[str, Any] = {
    "gateways": GatewayTable,
    "providers": ProviderTable,
    "sessions": SessionTable,
    "workspaces": WorkspaceTable,
}


def default_path() -> Path:
    return user_config_path("voxdeck", appauthor=False) / "config.toml"


def load(path: Path | None = None) -> Config:
    """Read and check the file; without a `path` it may be missing. Raises BadConfig."""
    where = path or default_path()
    try:
        data = where.read_bytes()
    except FileNotFoundError:
        if path is not None:
            raise BadConfig(f"{where}: there is no such file") from None
        return Config(where)
    except OSError as error:
        raise BadConfig(f"{where}: {(error.strerror or 'cannot be read').lower()}") from None
    try:
        tables = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadConfig(f"{where}: it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{where}: {error}") from None
    return _checked(where, tables)


def _checked(path: Path, tables: dict[str, Any]) -> Config:
    fields: dict[str, Any] = {}
    for key, value in tables.items():
        if key in _TABLES:
            named = _convert(path, key, value, dict[str, Any])
            fields[key] = {
                name: _convert(path, f"{key}.{name}", table, _TABLES[key]) for name, table in named.items()
            }
        elif key == "network":
            fields[key] = _convert(path, key, value, NetworkTable)
        elif key in ("gateway", "theme"):
            fields[key] = _convert(path, key, value, str)
        elif key == "keys":
            fields[key] = _convert(path, key, value, dict[str, str])
        else:
            known = ", ".join(("gateway", "theme", "keys", "network", *_TABLES))
            raise BadConfig(f"{path}: {key}: unknown; expected one of: {known}")
    config = Config(path, **fields)
    _check_names(config)
    return config


def _convert(path: Path, place: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        why, _, inside = str(error).partition(" - at `$")
        raise BadConfig(f"{path}: {place}{inside.rstrip('`')}: {why}") from None


def _check_names(config: Config) -> None:
    path = config.path
    if config.gateway not in ("", EMBEDDED, *config.gateways):
        known = ", ".join((EMBEDDED, *config.gateways))
        raise BadConfig(f"{path}: gateway: {config.gateway!r} is not there; expected one of: {known}")
    for name, table in config.gateways.items():
        if bool(table.account) == bool(table.url):
            raise BadConfig(f"{path}: gateways.{name}: expected either account or url")
        _check_reference(path, f"gateways.{name}.token", table.token)
    for name, provider in config.providers.items():
        if name not in PROVIDERS:
            raise BadConfig(f"{path}: providers.{name}: unknown; expected one of: {', '.join(PROVIDERS)}")
        _check_reference(path, f"providers.{name}.key", provider.key)
    for name, workspace in config.workspaces.items():
        for session in workspace.sessions:
            if session not in config.sessions:
                raise BadConfig(f"{path}: workspaces.{name}.sessions: there is no session {session!r}")


def _check_reference(path: Path, place: str, reference: str) -> None:
    if not reference or reference.startswith(_REFERENCES):
        return
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadConfig(
            f"{path}: {place}: a key itself may stand here only if nobody else can read the file "
            f"(chmod 600); better name one: env:NAME, keyring:NAME or file:PATH"
        )


def secret(reference: str, place: str) -> Secret | None:
    """Return what a reference stands for; nothing for an empty one. Raises BadConfig."""
    if not reference:
        return None
    kind, _, name = reference.partition(":")
    if f"{kind}:" not in _REFERENCES:
        return Secret(reference)
    match kind:
        case "env":
            value = os.environ.get(name, "")
            lack = f"the variable {name} is not set"
        case "file":
            value, lack = _file(Path(name).expanduser())
        case _:
            value, lack = _keyring(name)
    if not value.strip():
        raise BadConfig(f"{place}: {lack or 'it is empty'}")
    return Secret(value.strip())


def _file(path: Path) -> tuple[str, str]:
    try:
        return path.read_text(encoding="utf-8"), f"{path} is empty"
    except (OSError, UnicodeDecodeError) as error:
        return "", f"{path}: {(getattr(error, 'strerror', None) or 'it cannot be read').lower()}"


def _keyring(name: str) -> tuple[str, str]:
    try:
        import keyring  # noqa: PLC0415 - 76 ms, and not everybody has one
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return "", "keyring is not installed: pip install 'voxdeck[keyring]'"
    try:
        return keyring.get_password(KEYRING_SERVICE, name) or "", f"the keyring holds no {name!r} for voxdeck"
    except KeyringError:
        return "", "this system has no keyring; use env:NAME or file:PATH"


def named_gateway(config: Config, name: str) -> Gateway | None:
    """Return a gateway of the configuration's; none for the embedded one. Raises BadConfig."""
    if name == EMBEDDED:
        return None
    if name not in config.gateways:
        known = ", ".join((EMBEDDED, *config.gateways))
        raise BadConfig(f"{config.path}: there is no gateway {name!r}; expected a URL or one of: {known}")
    return _from_table(config, name)


def chosen_gateway(config: Config, environment: Mapping[str, str] = os.environ) -> Gateway | None:
    """Return the gateway to use; none for the embedded one. Raises BadConfig."""
    if config.gateway:
        return named_gateway(config, config.gateway)
    account, name = environment.get(ACCOUNT_VARIABLE), environment.get(GATEWAY_VARIABLE)
    if not (account and name):
        return None
    return _made(f"{CLOUDFLARE}/{account}/{name}", environment_token(environment), place=ACCOUNT_VARIABLE)


def environment_token(environment: Mapping[str, str] = os.environ) -> Secret | None:
    token = next((value for name in TOKEN_VARIABLES if (value := environment.get(name))), None)
    return Secret(token) if token else None


def provider_key(config: Config, provider: str, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the provider's own key: the configuration's, else the environment's. Raises BadConfig."""
    table = config.providers.get(provider, ProviderTable())
    if table.alias:
        return None
    if table.key:
        return secret(table.key, f"{config.path}: providers.{provider}.key")
    value = next(
        (found for name in KEY_VARIABLES.get(provider, ()) if (found := environment.get(name))), None
    )
    return Secret(value) if value else None


def _from_table(config: Config, name: str) -> Gateway:
    table = config.gateways[name]
    token = secret(table.token, f"{config.path}: gateways.{name}.token") or environment_token()
    base = table.url or f"{CLOUDFLARE}/{table.account}/{table.gateway}"
    return _made(base, token, table.auth, bare=table.bare, place=f"{config.path}: gateways.{name}", name=name)


def _made(
    base: str,
    token: Secret | None,
    form: TokenForm = "header",
    *,
    bare: bool = False,
    place: str,
    name: str = "",
) -> Gateway:
    try:
        return gateway(base, token, form, name, bare=bare)
    except BadAddress as error:
        raise BadConfig(f"{place}: {error}") from None
