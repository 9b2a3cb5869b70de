"""From what a user asks for to what can be opened: offer, options, address, and what is lacking."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from sessions.config import KEY_VARIABLES, BadConfig, Config, ProviderTable, SessionTable, provider_key
from sessions.gateway import Address, Gateway, address
from sessions.providers.catalogue import Offer, UnknownModel, find
from sessions.providers.codec import Codec
from sessions.providers.routes import Options
from sessions.providers.settings import WrongValue

NOWHERE = Gateway("wss://direct.invalid")
"""Stands for the gateway of those who connect to providers directly; nothing is ever sent there."""


class Lacking(Exception):
    """Something is needed that is not there; the message is one line that says what and where from."""


class BadSetting(BadConfig):
    """One of a session's settings cannot be used: its name, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


class _Function(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function definition of OpenAI's, as far as every provider takes it."""

    type: Literal["function"]
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
    description: str = ""
    parameters: dict[str, Any] = {}
    """A JSON schema."""


@dataclass(frozen=True)
class Opening:
    """A session, ready to be connected."""

    offer: Offer
    options: Options
    address: Address

    def codec(self) -> Codec:
        return self.offer.codec(self.options)


def chosen(table: SessionTable) -> tuple[Offer, Options]:
    """Return the offer and its options; what the model does not take is left aside.

    Raises UnknownModel, or BadSetting for what the provider would refuse.
    """
    offer, model = find(table.kind, table.provider or None, table.model or None)
    options: dict[str, Any] = {}
    for setting in offer.settings_of(model):
        value = options[setting.name] = getattr(table, setting.name)
        try:
            setting.check(value)
        except WrongValue as error:
            raise BadSetting(setting.name, str(error)) from None
    block, answers = options.pop("block", None), options.pop("answers", "")
    options["tools"] = _tools(options.get("tools", ""))
    return offer, Options(
        model=model, speech=answers != "text", block=block / 1000 if block else None, **options
    )


def _tools(path: str) -> tuple[dict[str, Any], ...]:
    """Read function definitions. Raises BadSetting."""
    if not path:
        return ()
    try:
        found = msgspec.json.decode(Path(path).expanduser().read_bytes(), type=list[_Function])
    except OSError as error:
        raise BadSetting("tools", f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (msgspec.DecodeError, UnicodeError, ValueError, RuntimeError, RecursionError) as error:
        why, _, place = str(error).partition(" - at `$")
        where = f" at {place.rstrip('`')}" if place else ""
        raise BadSetting("tools", f"{path}: expected a JSON list of functions: {why}{where}") from None
    names = [function.name for function in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadSetting("tools", f"{path}: there are two functions {twice!r}")
    return tuple(msgspec.to_builtins(function) for function in found)


def prepare(
    config: Config, gateway: Gateway, offer: Offer, options: Options, *, embedded: bool = False
) -> Opening:
    """Put an offer together. The embedded gateway needs no keys, and is given none.

    Raises Lacking, BadConfig or BadAddress.
    """
    if embedded:
        agent = options.agent or ("local" if offer.wants_agent else "")
        chosen = _with_defaults(offer, options, agent)
        return Opening(offer, chosen, address(gateway, offer.route(chosen, direct=False)))
    lack = lacking(config, gateway, offer, options)
    if lack:
        raise Lacking(f"it lacks {lack}")
    table = config.providers.get(offer.provider, ProviderTable())
    chosen = _with_defaults(offer, options, options.agent)
    route = offer.route(chosen, direct=table.direct)
    key = provider_key(config, offer.provider)
    where = address(gateway, replace(route, key=key, alias="" if table.direct else table.alias))
    return Opening(offer, chosen, where)


def lacking(config: Config, gateway: Gateway | None, offer: Offer, options: Options) -> str:
    """Return what is missing to open an offer, in one line; nothing if nothing is.

    The embedded gateway, which is none here, needs nothing. What only a try can tell: whether the gateway
    stores the provider's key, so that none is needed here (a key counts as missing only for those who connect
    directly); whether a key or token is right, still valid, and of an account that has credit and may use the
    model; whether the gateway passes on the provider's path, and whether either can be reached; whether the
    model, the voice and the agent exist, and what of its settings the agent lets be changed.
    """
    if gateway is None:
        return ""
    table = config.providers.get(offer.provider, ProviderTable())
    if table.direct and not offer.direct:
        return f"a gateway: {offer.provider} can be reached through one only"
    if offer.wants_agent and not options.agent:
        return "an agent: give its id with --agent, or in its settings"
    try:
        key = provider_key(config, offer.provider)
    except BadConfig as error:
        return f"a key: {error}"
    if table.direct:
        variables = " or ".join(KEY_VARIABLES[offer.provider])
        return "" if key else f"a key: set {variables}"
    if gateway == NOWHERE:
        return "a gateway: set CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_GATEWAY, or give --gateway"
    if not offer.direct and gateway.token is None and _is_cloudflare(gateway):
        return "the gateway's token: set CLOUDFLARE_API_TOKEN"
    return ""


def lacks(config: Config, gateway: Gateway | None, table: SessionTable) -> str:
    """Return why a session cannot be opened, in one line, as far as that shows before it is tried.

    May wait for the system's keyring.
    """
    try:
        offer, options = chosen(table)
    except (UnknownModel, BadConfig) as error:
        return str(error)
    lack = lacking(config, gateway, offer, options)
    return f"needs {lack}" if lack else ""


def _is_cloudflare(gateway: Gateway) -> bool:
    """Whether models that run at Cloudflare are paid for by the gateway's token, as on its own host."""
    return (urlsplit(gateway.base).hostname or "").endswith(".cloudflare.com")


def _with_defaults(offer: Offer, options: Options, agent: str) -> Options:
    return replace(options, agent=agent, voice=options.voice or offer.default_voice)
