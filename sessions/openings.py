"""From what a user asks for to what can be opened: offer, options, address, and what is lacking."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sessions.config import KEY_VARIABLES, BadConfig, Config, ProviderTable, provider_key
from sessions.gateway import Address, Gateway, address
from sessions.providers.catalogue import Offer
from sessions.providers.codec import Codec
from sessions.providers.routes import Options

NOWHERE = Gateway("wss://direct.invalid")
"""Stands for the gateway of those who connect to providers directly; nothing is ever sent there."""


class Lacking(Exception):
    """Something is needed that is not there; the message is one line that says what and where from."""


@dataclass(frozen=True)
class Opening:
    """A session, ready to be connected."""

    offer: Offer
    options: Options
    address: Address

    def codec(self) -> Codec:
        return self.offer.codec(self.options)


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


def lacking(config: Config, gateway: Gateway, offer: Offer, options: Options) -> str:
    """Return what is missing to open an offer on a real gateway, in one line; nothing if nothing is.

    Where the gateway stores the provider's key, none is needed here, and that cannot be told from outside:
    a key counts as missing only for those who connect directly.
    """
    table = config.providers.get(offer.provider, ProviderTable())
    if table.direct and not offer.direct:
        return f"a gateway: {offer.provider} can be reached through one only"
    if offer.wants_agent and not options.agent:
        return "an agent: give its id with --agent, or as agent in the configuration"
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


def _is_cloudflare(gateway: Gateway) -> bool:
    """Whether models that run at Cloudflare are paid for by the gateway's token, as on its own host."""
    return (urlsplit(gateway.base).hostname or "").endswith(".cloudflare.com")


def _with_defaults(offer: Offer, options: Options, agent: str) -> Options:
    return replace(options, agent=agent, voice=options.voice or offer.default_voice)
