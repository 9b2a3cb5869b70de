"""Which session a Deepgram model is: by its id on Workers AI, or by Deepgram's own path and name."""

import re
from collections.abc import Callable
from functools import partial

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from sessions.local import refusals
from sessions.local.deepgram_flux import FluxSession
from sessions.local.deepgram_listen import ListenSession
from sessions.local.deepgram_speak import SPEAKERS, SpeakSession
from sessions.local.engines import Engines
from sessions.local.session import Query, Session

_PREFIX = "@cf/deepgram/"

WORKERS_AI: dict[str, Callable[[Query, Engines], Session]] = {
    f"{_PREFIX}nova-3": ListenSession,
    f"{_PREFIX}flux": partial(FluxSession, raw_only=True),
    **{model: partial(SpeakSession, model) for model in SPEAKERS},
}


def workers_ai(connection: HTTPConnection, engines: Engines) -> Session:
    model = connection.query_params.get("model", "")
    opening = WORKERS_AI.get(model)
    if opening is None:
        raise refusals.no_such_model(model)
    return opening(Query(connection.query_params), engines)


def listen_v1(connection: HTTPConnection, engines: Engines) -> Session:
    """`/v1/listen`; any of Deepgram's nova models is the one recogniser there is, without a name too."""
    name = connection.query_params.get("model", "nova-3").removeprefix(_PREFIX)
    if not re.fullmatch(r"nova-[23](-\w+)?", name):
        raise refusals.bad_parameter("model", f"no such model for /v1/listen: {name}")
    return ListenSession(Query(connection.query_params), engines)


def listen_v2(connection: HTTPConnection, engines: Engines) -> Session:
    """`/v2/listen`."""
    name = connection.query_params.get("model", "").removeprefix(_PREFIX)
    if name not in {"flux", "flux-general-en", "flux-general-multi"}:
        raise refusals.bad_parameter("model", f"no such model for /v2/listen: {name}")
    return FluxSession(Query(connection.query_params), engines, raw_only=False)


def speak_v1(connection: HTTPConnection, engines: Engines) -> Session:
    """`/v1/speak`; Deepgram's names, as aura-2-thalia-en, contain the speaker."""
    name = connection.query_params.get("model", "aura-asteria-en").removeprefix(_PREFIX)
    if (model := _PREFIX + name) in SPEAKERS:
        return SpeakSession(model, Query(connection.query_params), engines)
    parts = re.fullmatch(r"(aura(?:-2)?)-([a-z]+)-(en|es)", name)
    if parts is not None:
        family, speaker, language = parts.groups()
        model = f"{_PREFIX}aura-2-{language}" if family == "aura-2" else f"{_PREFIX}aura-1"
        if speaker in SPEAKERS.get(model, "").split() and (family, language) != ("aura", "es"):
            query = QueryParams([*connection.query_params.multi_items(), ("speaker", speaker)])
            return SpeakSession(model, Query(query), engines)
    raise refusals.bad_parameter("model", f"no such voice for /v1/speak: {name}")
