"""A session that connects anew by itself: when it does, when it does not, and what is kept meanwhile."""

import json
import math
import threading
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import pytest

from sessions.config import SessionTable, load
from sessions.engine import Engine
from sessions.events import Closed, Connecting, Event, Failed, GoingAway, Ready, Resumable
from sessions.live import retry
from sessions.live.actions import Open, Reopen, Say, Stop
from sessions.live.deck import DeckPlan
from sessions.live.retry import Retry
from sessions.state.snapshot import SessionView
from tests.faults import BINARY, Peer, Script, closing, frame, response, text
from tests.live.test_engine import scripted, until

pytestmark = pytest.mark.usefixtures("empty_home", "no_sound_card")

BROKEN = Failed("the connection was lost", transient=True)
BUSY = Failed("refused with HTTP 429", 429, transient=True, retry_after=20.0)


def after(*events: Event, ready_for: float = 1.0) -> Retry:
    """The state at 1000 s, when the last event comes; a session is ready for so long before it ends."""
    followed = Retry()
    t = 1000.0 - ready_for * sum(isinstance(event, Ready) for event in events)
    for event in events:
        if isinstance(event, (Closed, Failed)) and followed._ready_at is not None:
            t += ready_for
        followed.apply(event, t)
    assert t == pytest.approx(1000.0)
    return followed


def wait_after(followed: Retry, t: float) -> float:
    """Let the connection break; return how long it takes until the next try."""
    followed.apply(BROKEN, t)
    return math.inf if followed.at is None else followed.at - t


OPENED = (Connecting("there"), Ready())


@pytest.mark.parametrize(
    "events",
    [
        (*OPENED, Closed(1000)),
        (*OPENED, Failed("closed with 1008", 1008)),
        (Connecting("there"), Failed("refused with HTTP 401", 401)),
        (Connecting("there"), Failed("refused", 429, transient=True, retry_after=3600.0)),
    ],
)
def test_what_will_not_change_by_itself_is_left_to_the_user(events: tuple[Event, ...]) -> None:
    assert after(*events).at is None


@pytest.mark.parametrize(
    ("events", "delay"),
    [
        ((*OPENED, BROKEN), 1.0),
        ((Connecting("there"), BROKEN), 1.0),
        ((Connecting("there"), BUSY), 20.0),
        ((*OPENED, GoingAway(5.0), Closed(1000)), 1.0),
        ((*OPENED, GoingAway(), Closed(1000)), 1.0),
    ],
)
def test_what_may_pass_is_tried_again(events: tuple[Event, ...], delay: float) -> None:
    at = after(*events).at
    assert at is not None
    assert delay * (1.0 - retry.SHORTENED) <= at - 1000.0 <= delay


def test_the_end_of_a_session_s_time_is_not_the_end() -> None:
    expiring = Ready(expires_at=time.time() + 4.0)
    assert after(Connecting("there"), expiring, Closed(1000, "expired")).at is not None
    lasting = Ready(expires_at=time.time() + 3600.0)
    assert after(Connecting("there"), lasting, Closed(1000, "bye")).at is None


def test_tries_become_rare_and_end() -> None:
    followed = Retry()
    waits = []
    for _ in retry.DELAYS:
        followed.apply(Connecting("there"), 100.0)
        followed.apply(Ready(), 100.0)
        waits.append(wait_after(followed, 101.0))
    assert math.isinf(wait_after(followed, 101.0))
    assert all(most * 0.75 <= wait <= most for wait, most in zip(waits, retry.DELAYS, strict=True))
    followed.begin_anew()
    assert wait_after(followed, 200.0) <= 1.0, "the user's wish begins the count anew"


def test_a_connection_that_held_begins_the_count_anew() -> None:
    many = (Connecting("there"), BROKEN) * len(retry.DELAYS)
    assert after(*many, *OPENED, BROKEN).at is None
    assert after(*many, *OPENED, BROKEN, ready_for=retry.STEADY).at is not None


def test_the_time_left_is_known_by_our_own_clock() -> None:
    followed, seen = Retry(), []
    for t, event in (
        (100.0, Ready(expires_at=time.time() + 600.0)),
        (200.0, GoingAway(10.0)),
        (205.0, BROKEN),
        (300.0, Ready(expires_at=time.time() - 600.0)),  # a clock that differs from ours
    ):
        followed.apply(event, t)
        seen.append(followed.expires_at)
    assert seen == [pytest.approx(700.0, abs=5.0), 210.0, None, None]


def test_a_handle_is_kept_until_it_is_refused_or_not_wanted() -> None:
    known = (*OPENED, Resumable("h"))
    assert after(*known, BROKEN, Connecting("there"), BROKEN).handle == "h"
    assert after(*known, BROKEN, Connecting("there"), Failed("no", 1008, transient=True)).handle == ""
    followed = after(*known, BROKEN)
    followed.begin_anew()
    assert followed.handle == "h"
    followed.apply(Connecting("there"), 1001.0)
    followed.apply(Ready(), 1002.0)
    followed.begin_anew()
    assert followed.handle == ""


# The whole engine, over sockets


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "DELAYS", (0.05, 0.05, 0.05))


def driven(
    table: SessionTable, script: Script, drive: Callable[[Engine, Callable[[], SessionView]], None]
) -> None:
    """Run one session against a script while it is driven."""
    with scripted(script) as at:
        engine = Engine(DeckPlan((Open("it", table),), load(), at))
        engine.start()
        try:
            drive(engine, lambda: engine.view.sessions[0])
        finally:
            engine.stop()


def speaking(seen: list[str], go_on: threading.Event) -> Script:
    """The first connection breaks in its first utterance, the second is refused, the third speaks."""

    async def script(peer: Peer) -> None:
        seen.append(await peer.read_head())
        if len(seen) == 3:
            await anyio.to_thread.run_sync(go_on.wait, 20.0)
            await peer.send(response("503 Busy", b"", retry_after="0"))
            return
        await peer.accept()
        while True:
            _, payload = await peer.frame()
            said = json.loads(payload)
            if said["type"] == "Speak":
                seen.append(said["text"])
                if said["text"] == "Broken.":
                    await peer.send(closing(1012, "restart"))
                    return
                await peer.send(frame(BINARY, b"\0\0" * 240))
            elif said["type"] == "Flush":
                await peer.send(text('{"type":"Flushed"}'))

    return script


@pytest.mark.usefixtures("soon")
def test_what_is_typed_while_the_connection_is_broken_is_spoken_afterwards() -> None:
    seen, go_on = list[str](), threading.Event()

    def drive(engine: Engine, view: Callable[[], SessionView]) -> None:
        until(engine, lambda _: view().phase == "ready")
        engine.post("it", Say("Broken.")).result(5)
        until(engine, lambda _: view().phase != "ready")
        engine.post("it", Say("Kept.")).result(5)
        go_on.set()
        until(engine, lambda _: [each.phase for each in view().speech] == ["broken", "done"])
        notes = [entry.text for entry in view().log]
        assert notes[0].startswith("the connection broke: closed by the other side with 1012: restart")
        assert notes[1].startswith("connected again after ")
        shown = view()
        assert len(shown.latencies) == 1 and shown.retry_at is None
        assert shown.cost == 0.0, "nothing at this machine is charged"
        frames = [(each.direction, each.content) for each in shown.frames]
        assert ("sent", '{"type":"Speak","text":"Broken."}') in frames
        assert frames[-1] == ("received", '{"type":"Flushed"}')
        assert [each.at for each in shown.frames] == sorted(each.at for each in shown.frames)

    driven(SessionTable("speak"), speaking(seen, go_on), drive)
    assert [each for each in seen if "\r\n" not in each] == ["Broken.", "Kept."]
    assert len(seen) == 5


def test_a_session_that_was_closed_is_opened_by_what_is_asked_of_it() -> None:
    seen: list[str] = []

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.accept()
        seen.append("opened")
        if len(seen) == 1:
            await peer.send(closing(1000, "idle"))
            return
        while "Flush" not in seen[-1]:
            seen.append((await peer.frame())[1].decode())
        await peer.send(frame(BINARY, b"\0\0" * 240))
        await peer.send(text('{"type":"Flushed"}'))

    def drive(engine: Engine, view: Callable[[], SessionView]) -> None:
        until(engine, lambda _: view().phase == "closed")
        engine.post("it", Say("Once more.")).result(5)
        until(engine, lambda _: [each.phase for each in view().speech] == ["done"])

    driven(SessionTable("speak"), script, drive)
    assert any("Once more." in each for each in seen)


def test_f5_connects_at_once_and_stop_drops_what_waits() -> None:
    seen, go_on = list[str](), threading.Event()

    def drive(engine: Engine, view: Callable[[], SessionView]) -> None:
        until(engine, lambda _: view().phase == "ready")
        engine.post("it", Say("Broken.")).result(5)
        until(engine, lambda _: view().phase == "retrying")
        retry_at = view().retry_at
        assert retry_at is not None and view().notice.endswith("F5 reconnects at once")
        engine.post("it", Say("Unwanted.")).result(5)
        engine.post("it", Stop()).result(5)
        go_on.set()
        engine.post("it", Reopen()).result(5)
        until(engine, lambda _: len(seen) >= 3 and view().phase != "connecting")
        engine.post("it", Reopen()).result(5)
        until(engine, lambda _: view().phase == "ready")
        engine.post("it", Say("Wanted.")).result(5)
        until(engine, lambda _: [each.phase for each in view().speech] == ["broken", "cleared", "done"])

    driven(SessionTable("speak"), speaking(seen, go_on), drive)
    assert "Unwanted." not in seen


@pytest.mark.usefixtures("soon")
def test_gemini_goes_on_where_it_was() -> None:
    handles: list[str] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        setup = json.loads((await peer.frame())[1])["setup"]
        handles.append(setup["sessionResumption"].get("handle", ""))
        await peer.send(text('{"setupComplete":{"sessionId":"s"}}'))
        if len(handles) == 1:
            update = '{"sessionResumptionUpdate":{"newHandle":"the-handle","resumable":true}}'
            await peer.send(text(update), text('{"goAway":{"timeLeft":"1s"}}'), closing(1000))
        await peer.until_gone()

    def drive(engine: Engine, view: Callable[[], SessionView]) -> None:
        until(engine, lambda _: len(handles) == 2 and view().phase == "ready")
        assert view().log[-1].text == "connected again after 0 s, where it was"

    driven(SessionTable("converse", provider="google"), script, drive)
    assert handles == ["", "the-handle"]
