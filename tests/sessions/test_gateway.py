"""Where to connect and with which credentials."""

from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.gateway import BEARER, Address, BadAddress, KeyForm, Route, TokenForm, address, gateway
from sessions.providers.catalogue import find
from sessions.providers.routes import Options
from sessions.secrets import Secret

CLOUDFLARE = "wss://gateway.ai.cloudflare.com/v1/0a1b2c/voice-gw"
TOKEN = "tok_9f3c-secret"
ROUTE = Route("/workers-ai", (("model", "@cf/deepgram/nova-3"),))


def reach(base: str = CLOUDFLARE, token: str | None = None, form: TokenForm = "header") -> Address:
    return address(gateway(base, Secret(token) if token is not None else None, form), ROUTE)


# URLs


@pytest.mark.parametrize(
    "base",
    [
        CLOUDFLARE,
        "wss://gateway.ai.cloudflare.com/v1/0a1b2c/default",
        "wss://ai.example.com",
        "ws://127.0.0.1:8787/v1/local/default",
        "ws://[::1]:8787/v1/local/default",
    ],
)
def test_route_is_put_below_the_base(base: str) -> None:
    assert reach(base).url == base + "/workers-ai?model=@cf/deepgram/nova-3"
    assert reach(f" {base}/ ").url == reach(base).url


def test_transcription_on_workers_ai() -> None:
    offer, model = find("transcribe", None, None)
    at = address(gateway(CLOUDFLARE), offer.route(Options(model), direct=False))
    assert at.shown == CLOUDFLARE + "/workers-ai"
    assert at.url.startswith(
        CLOUDFLARE + "/workers-ai?model=@cf/deepgram/nova-3&encoding=linear16&sample_rate=16000&"
    )
    assert at.headers == {} and at.subprotocols == ()


def test_conversation_with_openai() -> None:
    offer, model = find("converse", None, None)
    route = replace(offer.route(Options(model), direct=False), key=Secret("sk-test-key"))
    at = address(gateway(CLOUDFLARE), route)
    assert at.url == CLOUDFLARE + "/openai?model=gpt-realtime-2.1"
    assert at.headers == {"Authorization": "Bearer sk-test-key"}


def test_query_is_percent_encoded() -> None:
    route = Route("/openai", (("model", "my model&x=1"), ("keyterm", "a"), ("keyterm", "é")))
    at = address(gateway(CLOUDFLARE), route)
    assert at.url == CLOUDFLARE + "/openai?model=my%20model%26x%3D1&keyterm=a&keyterm=%C3%A9"


def test_query_that_cannot_be_encoded_is_named() -> None:
    with pytest.raises(BadAddress, match=r"^model: it contains a character that a URL cannot hold$"):
        address(gateway(CLOUDFLARE), Route("/openai", (("model", "caf\udce9"),)))


def test_gateway_is_shown_by_its_host_unless_it_has_a_name() -> None:
    assert gateway("ws://127.0.0.1:8787/v1/a/b").shown == "127.0.0.1:8787"
    assert gateway("ws://127.0.0.1:8787/v1/a/b", name="embedded gateway").shown == "embedded gateway"


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("", "expected ws://"),
        ("gateway.ai.cloudflare.com/v1/a/b", "expected ws://"),
        ("https://gateway.ai.cloudflare.com/v1/a/b", "expected ws://"),
        ("ws://", "expected ws://"),
        ("wss:///v1/a/b", "expected ws://"),
        ("wss://host:99999/", "cannot be read"),
        ("wss://host:abc/", "cannot be read"),
        ("wss://[::1/", "cannot be read"),
        ("wss://[v1.a]/", "cannot be read"),
        ("wss://1.2.3.999/", "cannot be read"),
        ("wss://user:password@host/", "tokens go elsewhere"),
        ("wss://host/v1?token=abc", "tokens go elsewhere"),
        ("wss://host/v1?", "tokens go elsewhere"),
        ("wss://host/v1#part", "tokens go elsewhere"),
        ("wss://host/a b", "a URL cannot hold"),
        ("wss://host/a\nb", "a URL cannot hold"),
        ("wss://host/\x1b[2J", "a URL cannot hold"),
        ("wss://hôst/", "a URL cannot hold"),
        ("wss://host\\v1", "a URL cannot hold"),
    ],
)
def test_bad_url_gets_one_clear_line(base: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        gateway(base)
    assert str(caught.value).startswith("gateway URL: ")
    assert str(caught.value).isprintable()


@given(st.text(st.sampled_from("wsh:/.1[]@?#%a-~ é\n'\\")) | st.text())
def test_gateway_that_is_accepted_makes_a_url_that_the_client_takes(rest: str) -> None:
    with suppress(BadAddress):
        at = address(gateway("wss://" + rest), ROUTE)
        assert httpx.URL(at.url).path.endswith("/workers-ai")


# Credentials


@pytest.mark.parametrize("token", [TOKEN, f"Bearer {TOKEN}", f"bearer {TOKEN}", f" Bearer  {TOKEN}\n"])
def test_token_goes_as_bearer_once(token: str) -> None:
    assert reach(token=token).headers == {"cf-aig-authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("token", [TOKEN, f"Bearer {TOKEN}"])
def test_subprotocol_carries_the_bare_token(token: str) -> None:
    at = reach(token=token, form="subprotocol")
    assert at.subprotocols == (f"cf-aig-authorization.{TOKEN}",)
    assert at.headers == {}


def test_token_goes_bare_where_the_gateway_wants_it_so() -> None:
    at = address(gateway(CLOUDFLARE, Secret(f"Bearer {TOKEN}"), bare=True), ROUTE)
    assert at.headers == {"cf-aig-authorization": TOKEN}


BY_SUBPROTOCOL = KeyForm(
    "Authorization", "Key ", subprotocol="openai-insecure-api-key.", beside=("realtime",)
)


def test_key_goes_by_header_with_its_scheme() -> None:
    at = address(gateway(CLOUDFLARE), Route("/fal", key_form=BY_SUBPROTOCOL, key=Secret("id:secret")))
    assert at.headers == {"Authorization": "Key id:secret"} and at.subprotocols == ()


def test_key_goes_by_subprotocol_before_the_token_where_no_header_can_be_sent() -> None:
    by_subprotocol = gateway(CLOUDFLARE, Secret(TOKEN), "subprotocol")
    at = address(by_subprotocol, Route("/openai", key_form=BY_SUBPROTOCOL, key=Secret("sk-test")))
    assert at.headers == {}
    assert at.subprotocols == (
        "realtime",
        "openai-insecure-api-key.sk-test",
        f"cf-aig-authorization.{TOKEN}",
    )
    with pytest.raises(BadAddress, match=r"^provider key: .* send it by header$"):
        address(by_subprotocol, Route("/fal", key_form=BY_SUBPROTOCOL, key=Secret("id:secret")))


def test_key_goes_by_query_where_the_provider_takes_it_there() -> None:
    route = Route("/google", key_form=KeyForm(query="api_key"), key=Secret("a&b"))
    assert (
        address(gateway(CLOUDFLARE, None, "subprotocol"), route).url == CLOUDFLARE + "/google?api_key=a%26b"
    )


def test_key_that_no_form_is_known_for_is_not_sent() -> None:
    at = address(gateway(CLOUDFLARE), Route("/workers-ai", key=Secret(TOKEN)))
    assert at.headers == {} and TOKEN not in at.url


def test_stored_key_is_named_by_its_alias() -> None:
    at = address(gateway(CLOUDFLARE), Route("/openai", alias="work"))
    assert at.headers == {"cf-aig-byok-alias": "work"}


def test_provider_is_reached_directly_without_what_is_the_gateways() -> None:
    route = Route("/v1/realtime", (), BY_SUBPROTOCOL, Secret("sk-test"), "work", "wss://api.openai.com")
    at = address(gateway(CLOUDFLARE, Secret(TOKEN), "subprotocol"), route)
    assert at.shown == "wss://api.openai.com/v1/realtime"
    assert at.headers == {"Authorization": "Key sk-test"} and at.subprotocols == ()


def test_provider_key_is_not_doubled_either() -> None:
    at = address(gateway(CLOUDFLARE), Route("/openai", key_form=BEARER, key=Secret("Bearer sk-test-key")))
    assert at.headers == {"Authorization": "Bearer sk-test-key"}


@pytest.mark.parametrize("form", ["header", "subprotocol"])
@pytest.mark.parametrize("token", ["", "  ", "Bearer", "Bearer "])
def test_empty_token_is_refused(token: str, form: TokenForm) -> None:
    with pytest.raises(BadAddress, match="gateway token: it is empty"):
        reach(token=token, form=form)


@pytest.mark.parametrize("token", ["tok\nX-Other: 1", "tök", "tok\0", "tok\x7f", "tok\udce9"])
def test_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(BadAddress, match="gateway token: it contains a character that a header cannot hold"):
        reach(token=token)


@pytest.mark.parametrize("token", ["id:secret", "a b", "a/b", "a=b", "a,b", "tök"])
def test_token_that_no_subprotocol_can_hold_is_refused(token: str) -> None:
    with pytest.raises(BadAddress, match="send it by header"):
        reach(token=token, form="subprotocol")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8787", "127.1.2.3", "[::1]:8787"])
def test_token_may_go_unencrypted_on_this_machine(host: str) -> None:
    assert reach(f"ws://{host}/v1/a/b", TOKEN).headers


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "[2001:db8::1]"])
def test_credentials_do_not_leave_this_machine_unencrypted(host: str) -> None:
    with pytest.raises(BadAddress, match="the token unencrypted to "):
        gateway(f"ws://{host}/v1/a/b", Secret(TOKEN))
    without_token = gateway(f"ws://{host}/v1/a/b")
    assert address(without_token, ROUTE).headers == {}
    with pytest.raises(BadAddress, match="the key unencrypted to"):
        address(without_token, Route("/openai", key_form=BEARER, key=Secret("sk-test-key")))


MARKER = "MARKERsecret0"
AROUND = st.text(st.sampled_from(" \n:/@=é,?#") | st.characters(codec="ascii"), max_size=4)


@given(
    AROUND,
    AROUND,
    st.sampled_from(["header", "subprotocol"]),
    st.sampled_from([BEARER, BY_SUBPROTOCOL, KeyForm(query="api_key")]),
    st.sampled_from([CLOUDFLARE, "ws://far"]),
)
def test_no_secret_shows(before: str, after: str, form: TokenForm, key_form: KeyForm, base: str) -> None:
    secret = Secret(before + MARKER + after)
    shown = [repr(secret), str(secret), f"{secret}"]
    try:
        at = gateway(base, secret, form)
        shown += [repr(at), at.shown]
        route = Route("/openai", (("model", "m"),), key_form, secret)
        shown.append(repr(route))
        where = address(at, route)
        shown += [repr(where), where.shown]
    except BadAddress as error:
        shown += [repr(error), str(error)]
    assert MARKER not in "".join(shown)


@given(AROUND, AROUND)
def test_secret_in_a_bad_url_is_not_repeated(before: str, after: str) -> None:
    for place in ("wss://host:{}/", "wss://x:{}@host/", "wss://host/?token={}", "wss://[{}]", "{}://host"):
        said = ""
        try:
            gateway(place.format(before + MARKER + after))
        except BadAddress as error:
            said = str(error)
        assert MARKER.lower() not in said.lower()


def test_key_in_a_query_does_not_show() -> None:
    at = address(gateway(CLOUDFLARE), Route("/google", (), KeyForm(query="api_key"), Secret(MARKER)))
    assert MARKER in at.url
    assert MARKER not in repr(at) + at.shown
