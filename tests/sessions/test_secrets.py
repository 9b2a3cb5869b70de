"""The redactor: secrets that are known, and what looks like one."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sessions.secrets import MASK, Secret, redact


def test_known_secret_is_masked_wherever_it_stands() -> None:
    Secret("swordfish")
    assert redact("the word is swordfish, not swordfishes") == f"the word is {MASK}, not {MASK}es"


def test_known_secret_is_masked_without_its_bearer_and_in_a_url() -> None:
    Secret(" Bearer open/sesame+please ")
    assert redact("x-open/sesame+please-x") == f"x-{MASK}-x"
    assert redact("/p?x=open%2Fsesame%2Bplease") == f"/p?x={MASK}"
    assert redact("/p?x=open/sesame%2Bplease") == f"/p?x={MASK}"


def test_longer_secret_is_masked_whole() -> None:
    Secret("abracadabra")
    Secret("abracadabra-abracadabra")
    assert redact("abracadabra-abracadabra") == MASK


def test_short_word_is_not_taken_for_a_secret() -> None:
    Secret("a")
    assert redact("a day") == "a day"


def test_secret_need_not_be_text_that_utf8_can_hold() -> None:
    assert redact(f"<{Secret(chr(0xDCE9) * 9).reveal()}>") == f"<{MASK}>"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def-123", f"Authorization: Bearer {MASK}"),
        ("Authorization: Token 0123456789abcdef", f"Authorization: Token {MASK}"),
        ("Authorization: Key id:secret99", f"Authorization: Key {MASK}"),
        ("cf-aig-authorization: Bearer tok_9f3c_x", f"cf-aig-authorization: Bearer {MASK}"),
        ("cf-aig-authorization: tok_9f3c_x", f"cf-aig-authorization: {MASK}"),
        ("cf-aig-authorization.tok_9f3c_x, next", f"cf-aig-authorization.{MASK}, next"),
        ("xi-api-key.abcdef_99", f"xi-api-key.{MASK}"),
        ("fal-api-key.abcdef_99", f"fal-api-key.{MASK}"),
        ("realtime, openai-insecure-api-key.ek_0", "realtime, openai-insecure-api-key.ek_0"),
        ("realtime, openai-insecure-api-key.ek_0123", f"realtime, openai-insecure-api-key.{MASK}"),
        ("wss://host/google?api_key=abcdef&x=1", f"wss://host/google?api_key={MASK}&x=1"),
        ("wss://host/x?a=1&access_token=abcdef", f"wss://host/x?a=1&access_token={MASK}"),
        ("wss://host/x?key=abcdef", f"wss://host/x?key={MASK}"),
        ("api_key=abcdef", f"api_key={MASK}"),
        (
            "Incorrect API key provided: sk-proj-0123456789abc.",
            f"Incorrect API key provided: {MASK}.",
        ),
        ("sk-proj-****************wxyz", MASK),
        ("ek_0123456789abcdef", MASK),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "the gateway token is missing or wrong",
        "Missing token parameter",
        "the key provided here",
        "a task-oriented-assistant",
        "the bearer of news",
        "monkey=business",
        "?model=@cf/deepgram/nova-3",
    ],
)
def test_ordinary_words_are_left(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    ['say "the token abcdef9" now', "lines:\nsk-0123456789abcdef\tBearer abcdef", 'key abcdef9"', "\\"],
)
def test_redacted_json_is_still_json(text: str) -> None:
    masked = json.loads(redact(json.dumps({"text": text})))["text"]
    assert "abcdef" not in masked


@given(st.text(min_size=6), st.text(), st.text())
def test_no_known_secret_is_left(value: str, before: str, after: str) -> None:
    bare = Secret(value).bare()
    assume(len(bare) >= 6)
    assert bare not in redact(before + value + after).replace(MASK, "")


def test_secrets_are_equal_by_value() -> None:
    assert Secret("one-secret") == Secret("one-secret") != Secret("another-secret")
    assert len({Secret("one-secret"), Secret("one-secret")}) == 1
    assert Secret("one-secret") != "one-secret"
