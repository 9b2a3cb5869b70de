"""A session's life with the real codecs, against servers that follow a script."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from sessions import session as limits
from sessions import transport as transport_limits
from sessions.commands import Finish, ImpossibleCommand, SendAudio, SendText, Speak
from sessions.events import (
    AnswerText,
    Audio,
    AudioEnd,
    Closed,
    Connecting,
    Event,
    Failed,
    Final,
    Malformed,
    Problem,
    Raw,
    Ready,
    Utterance,
)
from sessions.gateway import Address
from sessions.providers import deepgram_listen
from sessions.providers.codec import Codec
from sessions.providers.deepgram_listen import ListenCodec
from sessions.providers.deepgram_speak import SpeakCodec
from sessions.providers.openai_realtime import RealtimeCodec
from sessions.secrets import Secret
from sessions.session import Session
from sessions.transport import Transport
from tests.faults import (
    BINARY,
    TEXT,
    Peer,
    Script,
    answering,
    closing,
    frame,
    header,
    response,
    serving,
    text,
    upgraded,
)

pytestmark = pytest.mark.anyio

CREATED = text('{"type":"session.created","session":{"id":"sess_1","type":"realtime"}}')
TIMEOUT = 5.0


class Life:
    """A session and what it told."""

    def __init__(self, codec: Codec, timeout: float = TIMEOUT) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self.ended = anyio.Event()
        self._news = anyio.Event()
        self.session = Session(codec, self._hear, timeout)

    def _hear(self, t: float, event: Event) -> None:
        assert not self.ended.is_set(), f"{event} came after the end"
        self.events.append(event)
        self.times.append(t)
        self._news.set()
        if isinstance(event, (Closed, Failed)):
            self.ended.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not reached():
                self._news = anyio.Event()
                await self._news.wait()

    async def until_ready(self) -> None:
        await self.until(lambda: self.session.ready)

    async def until_ended(self) -> None:
        with anyio.fail_after(10):
            await self.ended.wait()

    @property
    def end(self) -> Event:
        assert isinstance(self.events[-1], (Closed, Failed))
        assert self.times == sorted(self.times)
        return self.events[-1]


async def lived(transport: Transport, codec: Codec, script: Script, timeout: float = TIMEOUT) -> Life:
    """Live a whole life, to which the server puts the end."""
    life = Life(codec, timeout)
    with anyio.fail_after(20):
        async with serving(script) as server:
            await life.session.run(transport, server.address)
    assert isinstance(life.events[0], Connecting)
    return life


def living(
    transport: Transport, codec: Codec, script: Script
) -> AbstractAsyncContextManager[tuple[Life, Peer]]:
    """A ready session under way, and the server's side of it."""

    @asynccontextmanager
    async def run() -> Any:
        life = Life(codec)
        async with serving(script) as server, anyio.create_task_group() as tasks:
            tasks.start_soon(life.session.run, transport, server.address)
            await life.until_ready()
            yield life, server.peers[0]
            tasks.cancel_scope.cancel()

    return run()


async def failure(transport: Transport, codec: Codec, script: Script, timeout: float = TIMEOUT) -> Failed:
    end = (await lived(transport, codec, script, timeout)).end
    assert isinstance(end, Failed)
    assert "\n" not in end.message
    assert len(end.message) < 600
    return end


def closes(*frames: bytes, code: int, reason: str = "") -> Script:
    return upgraded(*frames, closing(code, reason))


def drops(*frames: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.send(*frames)
        await anyio.sleep(0.05)

    return script


def results(words: str, **fields: Any) -> bytes:
    channel = {"alternatives": [{"transcript": words}]}
    return text(json.dumps({"type": "Results", "channel": channel, "start": 0, "duration": 1, **fields}))


# The end before the session was ready


@pytest.mark.parametrize("code", [1000, 1008, 1011, 4000])
async def test_a_close_before_the_greeting_is_a_failure_whatever_its_code(
    transport: Transport, code: int
) -> None:
    end = await failure(transport, RealtimeCodec(), closes(code=code))
    assert end.message.startswith(f"ended before the session was ready: closed by the other side with {code}")
    assert end.code == code


async def test_a_101_and_then_a_drop(transport: Transport) -> None:
    end = await failure(transport, RealtimeCodec(), drops())
    assert end == Failed(
        "ended before the session was ready: the connection was dropped without a close frame; reconnect",
        transient=True,
    )


async def test_a_101_and_then_silence(transport: Transport) -> None:
    end = await failure(transport, RealtimeCodec(), upgraded(), timeout=0.4)
    assert "connected, but nothing was heard for 0.4 s" in end.message


async def test_messages_that_are_no_greeting_do_not_put_the_limit_off(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        while True:
            await peer.send(text('{"type":"rate_limits.updated"}'))
            await anyio.sleep(0.05)

    begun = time.perf_counter()
    await failure(transport, RealtimeCodec(), script, timeout=0.3)
    assert time.perf_counter() - begun < 5


async def test_a_wrong_key_at_openai_is_told_with_what_it_said(transport: Transport) -> None:
    error = {
        "type": "error",
        "error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key"},
    }
    script = closes(text(json.dumps(error)), code=3000, reason="invalid_request_error.invalid_api_key")
    life = await lived(transport, RealtimeCodec(), script)
    assert Problem("invalid_api_key", "Incorrect API key") in life.events
    assert life.end == Failed(
        "ended before the session was ready: closed by the other side with 3000: "
        "invalid_request_error.invalid_api_key; Incorrect API key; "
        "the provider key is wrong: check OPENAI_API_KEY",
        3000,
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            "401 Unauthorized",
            '{"error":[{"code":2009,"message":"Unauthorized"}],"internalCode":2009,"message":"Unauthorized"}',
            "refused with HTTP 401: Unauthorized (2009); retry after 7 s; "
            "the gateway token is missing or wrong: set CLOUDFLARE_API_TOKEN (permission AI Gateway: Run)",
        ),
        (
            "429 Too Many Requests",
            "slow\ndown",
            "refused with HTTP 429: slow down; retry after 7 s; too many requests: wait, then reconnect",
        ),
        (
            "503 Service Unavailable",
            "",
            "refused with HTTP 503; retry after 7 s; "
            "the gateway or the provider has trouble: reconnect later",
        ),
        ("302 Found", "", "refused with HTTP 302; retry after 7 s"),
    ],
)
async def test_a_refusal_is_one_line_with_status_words_and_advice(
    transport: Transport, status: str, body: str, expected: str
) -> None:
    script = answering(response(status, body.encode(), retry_after="7"))
    end = await failure(transport, RealtimeCodec(), script)
    assert (end.message, end.code, end.retry_after) == (expected, int(status[:3]), 7.0)
    assert end.transient == ("reconnect" in expected)


async def test_a_gateway_that_is_not_there(transport: Transport) -> None:
    async with serving(upgraded()) as server:
        gone = server.address
    life = Life(RealtimeCodec())
    await life.session.run(transport, gone)
    assert life.events == [
        Connecting(gone.shown),
        Failed(f"cannot reach {gone.shown}: connection refused", transient=True),
    ]


async def test_the_address_shown_is_the_one_without_credentials(transport: Transport) -> None:
    life = Life(ListenCodec())
    async with serving(closes(code=1000)) as server:
        await life.session.run(transport, Address(f"{server.url}?key=t0psecret", server.url))
    assert life.events[0] == Connecting(server.url)
    assert "t0psecret" not in repr(life.events)


# The end of a session that was ready


async def test_a_normal_close_is_the_session_s_end(transport: Transport) -> None:
    life = await lived(transport, RealtimeCodec(), closes(CREATED, code=1000, reason="bye"))
    assert life.events[2:] == [Ready("sess_1"), Closed(1000, "bye")]


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1008, "DATA-0000", "1008: DATA-0000; it could not read the data: check encoding and sample rate"),
        (1008, "no", "1008: no; the other side refused the session: check key, model and settings"),
        (1011, "Oops\x1b[2J", "1011: Oops␛[2J; the other side had a fault: reconnect"),
        (4000, "who knows", "4000: who knows"),
        (4000, "", "4000"),
    ],
)
async def test_another_close_is_a_failure_in_one_line(
    transport: Transport, code: int, reason: str, expected: str
) -> None:
    end = await failure(transport, ListenCodec(), closes(code=code, reason=reason))
    assert end == Failed(f"closed by the other side with {expected}", code, transient=code == 1011)


async def test_a_failure_repeats_the_last_problem(transport: Transport) -> None:
    problem = {"type": "Error", "code": "BAD", "description": "the audio is\nno audio"}
    end = await failure(transport, ListenCodec(), closes(text(json.dumps(problem)), code=1011))
    assert end.message == (
        "closed by the other side with 1011; the audio is no audio; the other side had a fault: reconnect"
    )


async def test_a_drop_at_the_first_frame_that_we_send(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()

    async with living(transport, ListenCodec(), script) as (life, _):
        life.session.send(SendAudio(b"\0" * 3200))
        await life.until_ended()
        assert life.end == Failed(
            "the connection was dropped without a close frame; reconnect", transient=True
        )


async def test_a_message_too_large_fails_the_session(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_limits, "MAX_MESSAGE", 1 << 20)
    end = await failure(transport, ListenCodec(), upgraded(header(TEXT, 40 << 20), b"x" * (2 << 20)))
    assert end.message == "given up: a message is larger than 1 MiB; reconnect"


async def test_words_that_were_not_settled_are_told_when_the_connection_breaks(transport: Transport) -> None:
    frames = (results("one", is_final=True), results("two"))
    life = await lived(transport, ListenCodec(), drops(*frames))
    assert [event.text for event in life.events if isinstance(event, Final)] == ["one"]
    utterance = life.events[-2]
    assert isinstance(utterance, Utterance)
    assert (utterance.text, utterance.confirmed) == ("one two", False)
    assert isinstance(life.end, Failed)


async def test_a_secret_in_a_close_reason_or_a_problem_is_not_told(transport: Transport) -> None:
    Secret("s3cr3t-of-mine")
    problem = text('{"type":"Error","code":"X","description":"key s3cr3t-of-mine is bad"}')
    end = await failure(transport, ListenCodec(), closes(problem, code=1008, reason="s3cr3t-of-mine"))
    assert "s3cr3t" not in end.message


# Commands


async def test_commands_before_ready_are_refused(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await go_on.wait()
        await peer.send(CREATED)
        await peer.until_closed()

    go_on = anyio.Event()
    life = Life(RealtimeCodec())
    command = SendText("item-1", "hello")
    with pytest.raises(ImpossibleCommand, match="not open"):
        life.session.send(command)
    async with serving(script) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, server.address)
        await life.until(lambda: bool(life.events))
        with pytest.raises(ImpossibleCommand, match="not open"):
            life.session.send(command)
        go_on.set()
        await life.until_ready()
        life.session.send(command)
        tasks.cancel_scope.cancel()


async def test_commands_after_the_end_are_refused(transport: Transport) -> None:
    life = await lived(transport, ListenCodec(), closes(code=1000))
    with pytest.raises(ImpossibleCommand):
        life.session.send(SendAudio(b"\0\0"))
    life.session.finish()
    with anyio.fail_after(1):
        await life.session.drained()


async def test_frames_leave_in_the_order_of_the_commands(transport: Transport) -> None:
    received: list[tuple[int, bytes]] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        while not received or received[-1][0] == BINARY:
            received.append(await peer.frame())
        await peer.send(closing(1000))

    async with living(transport, ListenCodec(), script) as (life, _):
        for number in range(100):
            life.session.send(SendAudio(bytes([number]) * 3200))
        life.session.finish()
        await life.until_ended()
        assert life.end == Closed(1000)
    assert received[:-1] == [(BINARY, bytes([number]) * 3200) for number in range(100)]
    assert json.loads(received[-1][1]) == {"type": "CloseStream"}


async def test_an_idle_session_is_kept_alive(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepgram_listen, "KEEPALIVE_EVERY", 0.3)
    monkeypatch.setattr(limits, "POLL_EVERY", 0.05)
    received: list[tuple[int, bytes]] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        while len(received) < 2:
            received.append(await peer.frame())
        await peer.send(closing(1000))

    life = await lived(transport, ListenCodec(), script)
    assert received == [(TEXT, b'{"type":"KeepAlive"}')] * 2
    assert life.times[-1] - life.times[0] > 0.5


async def test_finishing_where_the_provider_knows_a_goodbye(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        assert json.loads((await peer.frame())[1]) == {"type": "CloseStream"}
        await peer.send(results("the end", is_final=True, speech_final=True), closing(1000))
        await peer.frame()

    async with living(transport, ListenCodec(), script) as (life, _):
        life.session.finish()
        life.session.finish()
        await life.until_ended()
        assert [event.text for event in life.events if isinstance(event, Utterance)] == ["the end"]
        assert life.end == Closed(1000)


async def test_a_drop_instead_of_the_goodbye_is_a_failure(transport: Transport) -> None:
    """What the provider had still to say is lost."""

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()

    async with living(transport, ListenCodec(), script) as (life, _):
        life.session.finish()
        await life.until_ended()
        assert life.end == Failed(
            "the connection was dropped without a close frame; reconnect", transient=True
        )


@pytest.mark.parametrize("polite", [True, False])
async def test_finishing_where_the_provider_knows_none_sends_all_and_closes(
    transport: Transport, polite: bool
) -> None:
    received: list[str] = []

    async def script(peer: Peer) -> None:
        await peer.accept(at_once=CREATED)
        while not received or received[-1] != "response.create":
            received.append(json.loads((await peer.frame())[1])["type"])
        await (peer.until_closed() if polite else peer.until_gone())

    async with living(transport, RealtimeCodec(), script) as (life, _):
        life.session.send(SendText("item-1", "hello"))
        life.session.finish()
        await life.until_ended()
        assert life.end == (Closed(1000) if polite else Closed(1006, "closed"))
    assert received == ["session.update", "conversation.item.create", "response.create"]


async def test_a_peer_that_takes_nothing_holds_up_only_its_session(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_WAITING", 1 << 20)
    monkeypatch.setattr(transport_limits, "SEND_TIMEOUT", 1.0)

    async def script(peer: Peer) -> None:
        await peer.accept()
        await anyio.sleep_forever()

    async with living(transport, ListenCodec(), script) as (life, _):
        refusals = set()
        with anyio.fail_after(20):
            while not life.ended.is_set():
                try:
                    life.session.send(SendAudio(b"\0" * 32_000))
                    await anyio.lowlevel.checkpoint()
                except ImpossibleCommand as refusal:
                    refusals.add(str(refusal))
                    await life.session.drained()
        assert "the connection is too slow: too much is waiting to be sent" in refusals
        assert life.end == Failed("the other side took no data for 1 s; reconnect", transient=True)


# What comes


async def test_speech_comes_as_it_was_sent(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        assert json.loads((await peer.frame())[1]) == {"type": "Speak", "text": "Hello."}
        assert json.loads((await peer.frame())[1]) == {"type": "Flush"}
        await peer.send(frame(BINARY, b"abc"), frame(BINARY, b"def"), text('{"type":"Flushed"}'))
        assert json.loads((await peer.frame())[1]) == {"type": "Close"}
        await peer.send(closing(1000))

    async with living(transport, SpeakCodec(), script) as (life, _):
        life.session.send(Speak("one", "Hello."))
        await life.until(lambda: any(isinstance(event, AudioEnd) for event in life.events))
        life.session.send(Finish())
        await life.until_ended()
        audio = [event for event in life.events if isinstance(event, Audio)]
        assert b"".join(event.pcm for event in audio) == b"abcdef"
        assert {(event.utterance, event.rate) for event in audio} == {("one", 24000)}


async def test_what_cannot_be_read_is_told_and_survived(transport: Transport) -> None:
    frames = (
        CREATED,
        text("no json"),
        text('{"type":"session.created"}'),
        text("[" * 100_000),
        text('{"type":"brand.new","x":1}'),
        frame(BINARY, b"\xff\0"),
        text('{"type":"response.output_text.delta","response_id":"r","item_id":"i","delta":"fine"}'),
    )
    life = await lived(transport, RealtimeCodec(), closes(*frames, code=1000))
    assert len([event for event in life.events if isinstance(event, Malformed)]) == 4
    assert [event.kind for event in life.events if isinstance(event, Raw)] == ["brand.new"]
    assert [event.delta for event in life.events if isinstance(event, AnswerText)] == ["fine"]
    assert life.end == Closed(1000)


@pytest.mark.parametrize(
    "message",
    [results("word"), text("rubbish"), text(""), frame(BINARY, b"x" * 9999)],
    ids=["words", "rubbish", "empty", "audio"],
)
async def test_a_session_that_floods_leaves_room_for_others(transport: Transport, message: bytes) -> None:
    batch = message * max(1, 65536 // len(message))

    async def script(peer: Peer) -> None:
        await peer.accept()
        while True:
            await peer.send(batch)

    async with living(transport, ListenCodec(), script) as (life, _):
        before = len(life.events)
        gaps = []
        for _ in range(15):
            begun = time.perf_counter()
            await anyio.sleep(0.01)
            gaps.append(time.perf_counter() - begun)
        assert len(life.events) > before + 15
        life.session.send(SendAudio(b"\0\0"))
        assert not life.ended.is_set()
    assert sorted(gaps)[7] < 0.25, "a flooding peer costs much, but the loop goes on"
