"""Faults of a session, each as one line for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.events import Closed, Failed
from sessions.failures import of_end, of_refusal
from sessions.secrets import MASK, Secret
from sessions.transport import ConnectionLost, Disconnected, Refused, TransportError

GATEWAY = {
    "success": False,
    "result": [],
    "messages": [],
    "error": [{"code": 2009, "message": "Unauthorized"}],
    "name": "AiGatewayError",
    "httpCode": 401,
    "internalCode": 2009,
    "message": "Unauthorized",
    "description": "Unauthorized",
}
AI_ERROR = {"name": "AiError", "internalCode": 5007, "message": "No such model @cf/deepgram/nova-9"}
REST = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}
OPENAI = {"error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Bad key."}}
CREDITS = {"error": {"type": "gateway_error", "code": None, "message": "Out of credits"}}
PAGE = "<!DOCTYPE html>\n<html lang='en'>\n<head><title>502: Bad &amp; gone\n</title></head><body>…</body>"


def refused(body: object, status: int = 418, retry_after: str | None = None) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    failed = of_refusal(Refused(status, text, retry_after))
    assert failed.code == status
    assert failed.retry_after is None or failed.retry_after >= 0
    return failed.message


# Refusals


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (GATEWAY, "Unauthorized (2009)"),
        (AI_ERROR, "No such model @cf/deepgram/nova-9 (5007)"),
        (REST, "Authentication error (10000)"),
        (OPENAI, "Bad key. (invalid_api_key)"),
        (CREDITS, "Out of credits"),
        ({"error": "model is busy"}, "model is busy"),
        ({"error": []}, '{"error": []}'),
        ({"message": {"de": "Nein"}}, '{"message": {"de": "Nein"}}'),
        ({"detail": "no"}, '{"detail": "no"}'),
        ("no\r\n such\x1b[31m thing", "no␍ such␛[31m thing"),
        (PAGE, "502: Bad & gone"),
        ("<html><body>Oops</body></html>", "a web page"),
        ('"just a string"', '"just a string"'),
    ],
)
def test_refusal_says_what_its_body_says(body: object, said: str) -> None:
    assert refused(body) == f"refused with HTTP 418: {said}"


def test_refusal_without_a_body_says_nothing_more() -> None:
    assert refused("") == "refused with HTTP 418"
    assert refused("\n") == "refused with HTTP 418"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check the model"),
        (401, "CLOUDFLARE_API_TOKEN"),
        (402, "credits"),
        (403, "AI Gateway: Run"),
        (404, "check the gateway URL"),
        (426, "serves no WebSocket"),
        (429, "wait"),
        (500, "reconnect later"),
        (503, "reconnect later"),
    ],
)
def test_refusal_advises_by_its_status(status: int, advice: str) -> None:
    assert advice in refused("no", status)


def test_refusal_says_how_long_to_wait() -> None:
    assert "; retry after 30 s; " in refused("no", 429, "30")
    assert "; retry after Wed, 25 Nov 2026 08:00:00 GMT; " in refused(
        "no", 503, "Wed, 25 Nov 2026 08:00:00 GMT"
    )


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (403, False), (404, False), (429, True), (503, True)],
)
def test_refusal_that_may_pass_is_told_from_one_that_will_not(status: int, transient: bool) -> None:
    failed = of_refusal(Refused(status, "", "7"))
    assert (failed.transient, failed.retry_after) == (transient, 7.0)
    assert of_refusal(Refused(status, "", "soon")).retry_after is None
    assert of_refusal(Refused(status, "", "Wed, 25 Nov 1998 08:00:00 GMT")).retry_after == 0.0


def test_secret_in_a_refusal_is_masked() -> None:
    Secret("swordfish")
    assert refused({"message": "swordfish is no token"}).endswith(f": {MASK} is no token")
    assert refused("<title>swordfish</title>", 502, "swordfish").count(MASK) == 2


NESTED = "[" * 100_000


@pytest.mark.parametrize("start", ["", '{"error":', '{"other":'])
def test_hostile_nesting_is_survived(start: str) -> None:
    assert refused(start + NESTED).startswith("refused with HTTP 418: ")


@given(st.text(), st.integers(300, 599), st.none() | st.text())
def test_refusal_is_always_one_short_line(body: str, status: int, retry_after: str | None) -> None:
    for text in (body, json.dumps({"message": body}), json.dumps({"error": {"message": body, "code": body}})):
        line = refused(text, status, retry_after)
        assert len(line.splitlines()) == 1
        assert len(line) < 500


# Ends


def end(
    error: TransportError, *, ready: bool = True, asked: bool = False, meaning: str = "", problem: str = ""
) -> Failed | Closed:
    return of_end(error, ready=ready, asked=asked, meaning=meaning, last_problem=problem)


@pytest.mark.parametrize("code", [1000, 1005])
def test_normal_close_is_an_end_as_asked_for(code: int) -> None:
    assert end(Disconnected(code, "bye\nbye")) == Closed(code, "bye bye")


@pytest.mark.parametrize("code", [1000, 1005, 1006])
def test_close_before_the_session_was_ready_is_a_fault_whatever_its_code(code: int) -> None:
    failed = end(Disconnected(code, ""), ready=False)
    assert failed == Failed(f"ended before the session was ready: closed by the other side with {code}", code)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (1001, "going away"),
        (1002, "did not understand"),
        (1003, "kind of data"),
        (1007, "could not read"),
        (1008, "check key, model and settings"),
        (1009, "too big"),
        (1011, "had a fault"),
        (1012, "restarting"),
        (1013, "overloaded"),
    ],
)
def test_close_advises_by_its_code(code: int, advice: str) -> None:
    failed = end(Disconnected(code, "because"))
    assert isinstance(failed, Failed) and failed.code == code
    assert failed.message.startswith(f"closed by the other side with {code}: because; ")
    assert advice in failed.message
    assert failed.transient == (code in (1001, 1011, 1012, 1013))


def test_provider_knows_better_what_its_close_means() -> None:
    failed = end(Disconnected(1011, "NET-0001"), meaning="it got no audio for 10 s")
    assert failed == Failed("closed by the other side with 1011: NET-0001; it got no audio for 10 s", 1011)
    expired = end(Disconnected(1008, "expired"), meaning="the session reached its time limit: reconnect")
    assert isinstance(expired, Failed) and expired.transient


def test_unknown_close_code_stands_for_itself() -> None:
    assert end(Disconnected(4000, "odd")) == Failed("closed by the other side with 4000: odd", 4000)


def test_what_the_provider_complained_of_just_before_is_told_once() -> None:
    failed = end(Disconnected(3000, "invalid_api_key"), ready=False, problem="Incorrect API key.")
    assert isinstance(failed, Failed) and failed.message.endswith("3000: invalid_api_key; Incorrect API key.")
    failed = end(Disconnected(3000, "no credit left"), problem="no credit")
    assert failed == Failed("closed by the other side with 3000: no credit left", 3000)


def test_lost_connection_can_be_made_again() -> None:
    lost = end(ConnectionLost("the connection was lost"))
    assert lost == Failed("the connection was lost; reconnect", transient=True)


def test_connection_that_breaks_after_our_goodbye_is_an_end() -> None:
    assert end(ConnectionLost("dropped"), asked=True) == Closed(1006, "dropped")
    assert isinstance(end(ConnectionLost("dropped"), asked=True, ready=False), Failed)
    assert isinstance(end(Disconnected(1011, ""), asked=True), Failed)


@given(st.text(), st.sampled_from([1000, 1006, 1008, 4000]), st.booleans())
def test_end_is_always_one_line_without_secrets(reason: str, code: int, ready: bool) -> None:
    Secret("swordfish")
    ended = end(Disconnected(code, f"{reason}swordfish{reason}"), ready=ready)
    line = ended.message if isinstance(ended, Failed) else ended.reason
    assert len(line.splitlines()) == 1
    assert "swordfish" not in line
