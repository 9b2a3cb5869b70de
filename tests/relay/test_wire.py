"""The wire: whole messages come out however the bytes were cut, and nothing else does."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.relay.wire import (
    FIRST_LIMIT,
    LIMIT,
    WIRE_RATE,
    Bye,
    Captured,
    Credit,
    FromDeck,
    Hello,
    Incoming,
    Malformed,
    Ping,
    Play,
    Pong,
    Refused,
    Silence,
    Trouble,
    Use,
    Welcome,
    encode,
    from_deck,
    from_relay,
)

counts = st.integers(0, 1 << 53)
texts = st.text(max_size=100)
sounds = st.binary(max_size=2000)
from_a_deck: st.SearchStrategy[FromDeck] = st.one_of(
    st.builds(Hello, counts, texts, texts),
    st.builds(Use, st.booleans(), st.booleans()),
    st.builds(Play, sounds),
    st.builds(Silence, st.integers(0, WIRE_RATE)),
    st.builds(Ping, counts),
    st.just(Bye()),
)


@given(messages=st.lists(from_a_deck, max_size=8), cuts=st.lists(st.integers(1, 500)))
def test_messages_come_out_however_they_are_cut(messages: list[FromDeck], cuts: list[int]) -> None:
    data = encode(*messages)
    incoming = Incoming()
    incoming.limit = LIMIT
    got = []
    for size in [*cuts, len(data)]:
        incoming.feed(data[:size])
        data = data[size:]
        while (message := incoming.next(from_deck)) is not None:
            got.append(message)
    assert got == messages


@pytest.mark.parametrize(
    "message",
    [
        Welcome("laptop", "microphone", "speaker", 12),
        Refused("no"),
        Captured(b"\x01\x02", 480, 99),
        Credit(1, 2, 3, 4),
        Trouble(""),
        Pong(1, 2),
    ],
)
def test_what_a_relay_says_comes_out(
    message: Welcome | Refused | Captured | Credit | Trouble | Pong,
) -> None:
    incoming = Incoming()
    incoming.feed(encode(message))
    assert incoming.next(from_relay) == message
    assert incoming.next(from_relay) is None


@given(st.binary(max_size=200))
def test_anything_else_is_malformed_or_not_there_yet(data: bytes) -> None:
    incoming = Incoming()
    incoming.feed(data)
    with suppress(Malformed):
        while incoming.next(from_deck) is not None:
            pass


@given(st.recursive(st.none() | counts | texts | sounds, lambda inner: st.lists(inner, max_size=4)))
def test_any_other_msgpack_is_malformed(value: object) -> None:
    body = msgspec.msgpack.encode(value)
    incoming = Incoming()
    incoming.feed(len(body).to_bytes(4) + body)
    try:
        message = incoming.next(from_deck)
    except Malformed:
        return
    assert isinstance(value, list) and isinstance(value[0], int) and message is not None


@pytest.mark.parametrize(
    ("trusted", "limit"),
    [pytest.param(False, FIRST_LIMIT, id="stranger"), pytest.param(True, LIMIT, id="deck")],
)
def test_a_long_message_is_refused_before_it_has_come(*, trusted: bool, limit: int) -> None:
    incoming = Incoming()
    if trusted:
        incoming.limit = LIMIT
    incoming.feed((limit + 1).to_bytes(4))
    with pytest.raises(Malformed, match=str(limit + 1)):
        incoming.next(from_deck)


@pytest.mark.parametrize("body", [[7, WIRE_RATE + 1], [7, -1], [6, bytes(2 * WIRE_RATE + 1)], [10, 1 << 60]])
def test_amounts_beyond_reason_are_malformed(body: list[object]) -> None:
    encoded = msgspec.msgpack.encode(body)
    incoming = Incoming()
    incoming.limit = LIMIT
    incoming.feed(len(encoded).to_bytes(4) + encoded)
    with pytest.raises(Malformed):
        incoming.next(from_deck)
