"""The deck's client and the relay over a real socket: who is let in, and what becomes of the others.

The relay has no devices here; those are in `test_tunnel`.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.audio.pcm import RATE, Samples
from sessions.audio.relay.client import RelayClient, RelayRefused
from sessions.audio.relay.discovery import RelayAddress, sockets_of
from sessions.audio.relay.link import Link, Lost
from sessions.audio.relay.offer import Offer
from sessions.audio.relay.server import Relay
from sessions.audio.relay.wire import (
    VERSION,
    Captured,
    Credit,
    FromRelay,
    Hello,
    Message,
    Ping,
    Pong,
    Refused,
    Silence,
    Welcome,
    encode,
    from_deck,
    from_relay,
)
from sessions.secrets import Secret, redact
from tests.relay.conftest import Tone

pytestmark = pytest.mark.anyio

TOKEN = Secret("the-token-of-these-tests")
KEY = "a-key-of-another-deck"
NAME = f"voxdeck-relay-{TOKEN.reveal()}.sock"


async def until(reached: Callable[[], object]) -> None:
    with anyio.fail_after(10):
        while not reached():  # noqa: ASYNC110 - whatever it is, the other side does it
            await anyio.sleep(0.01)


def client(
    path: Path, states: list[str] | None = None, token: Secret = TOKEN, mixer: Tone | None = None
) -> RelayClient:
    def feed(samples: Samples, rate: int, at: float) -> None:
        raise AssertionError("nothing is to be fed")

    says = [] if states is None else states
    return RelayClient(RelayAddress("relay", "SSH relay", token, path), feed, mixer or Tone(), says.append)


def private_socket(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o600)
    return listening


class Served:
    """A relay that serves in `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.scope = anyio.CancelScope()

    async def run(self, relay: Relay | None = None) -> None:
        relay = relay or Relay(Offer("laptop", None, None), TOKEN, self.lines.append)
        with private_socket(self.path) as listening, self.scope:
            await relay.serve(listening)

    async def connect(self) -> Link:
        return Link(*await asyncio.open_unix_connection(sockets_of(self.path)[0]))

    async def send(self, data: bytes) -> None:
        """Connect as somebody who sends just this."""
        reader, writer = await asyncio.open_unix_connection(sockets_of(self.path)[0])
        with Link(reader, writer):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Served, TaskGroup]]:
    served = Served(folder / NAME)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served.run)
        await until(served.path.exists)
        yield served, tasks
        tasks.cancel_scope.cancel()


def connected(deck: RelayClient) -> Callable[[], bool]:
    return lambda: deck.state == "connected"


def served_so_far(served: Served, decks: int) -> Callable[[], bool]:
    return lambda: served.lines.count("the deck has ended; waiting for the next") == decks


async def answer(link: Link) -> FromRelay:
    return await link.receive(from_relay)


async def refusal(deck: RelayClient) -> str:
    with pytest.raises(RelayRefused) as refused:
        await deck.run()
    return str(refused.value)


async def test_a_deck_is_connected_and_learns_who_serves(folder: Path) -> None:
    async with serving(folder) as (served, tasks):
        states: list[str] = []
        deck = client(served.path, states)
        assert deck.state == "connecting"
        tasks.start_soon(deck.run)
        await until(lambda: deck.state == "connected")
        assert deck.name == "laptop"
        assert not deck.has_input and not deck.has_output
        assert states == ["connected to laptop"]
        await until(lambda: 0 < deck.round_trip < 5)


async def test_a_second_deck_is_refused_and_the_first_goes_on(folder: Path) -> None:
    async with serving(folder) as (served, tasks):
        first = client(served.path)
        tasks.start_soon(first.run)
        await until(lambda: first.state == "connected")
        assert await refusal(client(served.path)) == "another deck is connected to this relay"
        assert first.state == "connected"
        assert served.lines == ["connected", "refused a client: another deck is connected to this relay"]


async def test_a_wrong_token_is_refused_late_and_told_after_five(folder: Path) -> None:
    async with serving(folder) as (served, tasks):
        first = client(served.path)
        tasks.start_soon(first.run)
        await until(lambda: first.state == "connected")
        begun = anyio.current_time()
        wrong = Secret("not-the-token-of-these-tests")
        async with anyio.create_task_group() as others:
            for _ in range(5):
                others.start_soon(refusal, client(served.path, token=wrong))
        assert anyio.current_time() - begun >= 0.9
        assert first.state == "connected"
        assert sum("wrong token" in line for line in served.lines) == 6
        assert "5 wrong tokens were shown: somebody else may be trying to get in" in served.lines
        assert wrong.reveal() not in "".join(served.lines)


async def test_a_deck_that_ends_leaves_the_relay_to_the_next(folder: Path) -> None:
    async with serving(folder) as (served, _):
        for number in (1, 2):
            deck = client(served.path)
            with anyio.CancelScope() as life:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(deck.run)
                    await until(connected(deck))
                    life.cancel()
            await until(served_so_far(served, number))
        assert served.lines.count("connected") == 2


async def test_a_deck_can_leave_and_come_back(folder: Path) -> None:
    async with serving(folder) as (served, _):
        deck = client(served.path)
        for _ in range(3):
            async with anyio.create_task_group() as inner:
                inner.start_soon(deck.run)
                await until(connected(deck))
                inner.cancel_scope.cancel()
            assert deck.state == "connecting"
        await until(served_so_far(served, 3))
        assert served.lines.count("connected") == 3


async def test_a_deck_that_vanished_is_waited_for_alone(folder: Path) -> None:
    async with serving(folder) as (served, _):
        with await served.connect() as link:
            await link.send(Hello(VERSION, TOKEN.reveal(), KEY))
            assert isinstance(await answer(link), Welcome)
        await until(lambda: any("lost: the connection ended" in line for line in served.lines))
        assert "until just now" in await refusal(client(served.path))
        with await served.connect() as link:
            await link.send(Hello(VERSION, TOKEN.reveal(), KEY))
            assert isinstance(await answer(link), Welcome)


async def test_the_owner_that_comes_anew_takes_over_from_its_dead_connection(folder: Path) -> None:
    async with serving(folder) as (served, _):
        with await served.connect() as dead, await served.connect() as new:
            for link in (dead, new):
                await link.send(Hello(VERSION, TOKEN.reveal(), KEY))
                assert isinstance(await answer(link), Welcome)
            with pytest.raises(Lost):
                await answer(dead)
            await new.send(Ping(5))
            pong = await answer(new)
            assert isinstance(pong, Pong) and pong.sent == 5


async def test_a_silent_deck_counts_as_lost(folder: Path) -> None:
    async with serving(folder) as (served, _):
        with await served.connect() as link:
            await link.send(Hello(VERSION, TOKEN.reveal(), KEY))
            await until(lambda: any("lost: nothing was heard for 2 s" in line for line in served.lines))


async def test_the_end_of_the_relay_is_told_to_the_deck(folder: Path) -> None:
    states: list[str] = []
    async with serving(folder) as (served, tasks):
        deck = client(served.path, states)
        said: list[str] = []

        async def run() -> None:
            said.append(await refusal(deck))

        tasks.start_soon(run)
        await until(lambda: deck.state == "connected")
        served.scope.cancel()
        await until(lambda: said)
        assert said == ["the relay on the laptop has ended"]
        assert deck.state == "lost"


async def test_a_deck_waits_for_a_tunnel_and_removes_a_socket_without_one(folder: Path) -> None:
    path = folder / NAME
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    path.chmod(0o600)
    async with anyio.create_task_group() as tasks:
        deck = client(path)
        tasks.start_soon(deck.run)
        await until(lambda: not path.exists())
        served = Served(path)
        tasks.start_soon(served.run)
        await until(lambda: deck.state == "connected")
        tasks.cancel_scope.cancel()


async def test_the_token_is_shown_to_no_socket_of_somebody_else(folder: Path) -> None:
    async with serving(folder) as (served, tasks):
        served.path.chmod(0o666)
        deck = client(served.path)
        tasks.start_soon(deck.run)
        await anyio.sleep(1.2)
        assert deck.state == "connecting"
        assert served.lines == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.lists(st.binary(min_size=5, max_size=300), min_size=1, max_size=8))
def test_malformed_bytes_end_their_own_connection_only(folder: Path, garbage: list[bytes]) -> None:
    async def main() -> None:
        (folder / NAME).unlink(missing_ok=True)
        async with serving(folder) as (served, tasks):
            deck = client(served.path)
            tasks.start_soon(deck.run)
            await until(lambda: deck.state == "connected")
            for data in garbage:
                await served.send(data)
            assert deck.state == "connected"
            assert served.lines == ["connected"]

    anyio.run(main)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        (3).to_bytes(4) + b"\xc1\xc1\xc1",
        encode(Welcome("a", "b", "c", 1)),
        encode(Hello(VERSION, TOKEN.reveal(), KEY)),
        encode(Silence(3))[:-1] + b"\xff",
    ],
)
async def test_a_deck_that_speaks_nonsense_is_lost_in_one_line(folder: Path, data: bytes) -> None:
    async with serving(folder) as (served, _):
        await served.send(encode(Hello(VERSION, TOKEN.reveal(), KEY)) + data)
        await until(lambda: any(line.startswith("lost: ") for line in served.lines))
        assert all(line.isprintable() for line in served.lines)


# A relay that is not ours


async def refused_by(deck: RelayClient, *answers: Message) -> str:
    """Connect a deck to somebody who lets it in and then sends this; return why it was refused in the end."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with Link(reader, writer) as link, suppress(Lost):
            await link.receive(from_deck)
            await link.send(Welcome("evil\x1b[2J\nname", "mic\x07", "spk", 1), *answers)
            link.trust()
            while True:
                await link.receive(from_deck)

    assert deck.address.path
    deck.play(on=True)
    server = await asyncio.start_server(meet, sock=private_socket(deck.address.path))
    try:
        return await refusal(deck)
    finally:
        server.close()


async def test_what_a_relay_says_is_shown_as_one_harmless_line(folder: Path) -> None:
    deck = client(folder / NAME)
    assert (await refused_by(deck, Refused("go\x1b[31m\naway"))).isprintable()
    assert (deck.name + deck.input_name).isprintable()


async def test_sound_that_nobody_wanted_is_not_fed(folder: Path) -> None:
    captured = Captured(b"\1\2\3", 7, 1 << 53)
    assert await refused_by(client(folder / NAME), captured, Refused("done")) == "done"


async def test_endless_credit_does_not_drain_the_mixer(folder: Path) -> None:
    mixer = Tone()
    await refused_by(client(folder / NAME, mixer=mixer), Credit(1 << 50, 1, 1 << 53, 0), Refused("done"))
    assert 0 < mixer.pulled <= 0.5 * RATE


async def test_no_secret_is_in_what_is_shown(folder: Path) -> None:
    why = await refused_by(client(folder / NAME), Refused(f"your token is {TOKEN.reveal()}"))
    assert TOKEN.reveal() not in redact(why)
