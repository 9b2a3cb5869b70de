"""The engine's thread over real sockets: sessions side by side, faults, and a quick end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import psutil
import pytest
from anyio.from_thread import start_blocking_portal

from sessions.commands import ImpossibleCommand
from sessions.config import load
from sessions.engine import Engine
from sessions.gateway import Gateway, gateway
from sessions.live import retry
from sessions.live.actions import Reopen, Replay, Save, Say, Stop, ToggleListening, TogglePause
from sessions.live.deck import DeckPlan, plans
from sessions.secrets import Secret
from sessions.state.snapshot import DeckView, SessionView, Speech
from tests.faults import Peer, Script, closing, response, serving, text

pytestmark = pytest.mark.usefixtures("empty_home", "no_sound_card")


@contextmanager
def running(at: Gateway | None) -> Iterator[Engine]:
    engine = Engine(DeckPlan(plans(("transcribe", "speak", "converse")), load(), at))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def until(engine: Engine, reached: Callable[[DeckView], bool], limit: float = 20.0) -> DeckView:
    """Wait until the view is as wanted, and return it."""
    end = time.monotonic() + limit
    while not ((view := engine.view).sessions and reached(view)):
        assert time.monotonic() < end, f"not reached; the view is {view}"
        time.sleep(0.02)
    return view


def ready(view: DeckView) -> bool:
    return all(session.phase == "ready" for session in view.sessions)


def speak(view: DeckView) -> SessionView:
    return view.sessions[1]


def first(view: DeckView) -> Speech:
    return next(iter(speak(view).speech), Speech("", "", "queued"))


def phase(view: DeckView, number: int) -> str:
    """The phase of the utterance of this number; nothing while it is not in the view."""
    return next((speech.phase for speech in speak(view).speech[number:]), "")


def converse(view: DeckView) -> SessionView:
    return view.sessions[2]


def text_of(session: SessionView) -> str:
    entries = [*session.log, *session.live]
    return " ".join(f"{entry.text} {entry.tail}".strip() for entry in entries)


def test_the_recording_is_heard_first_as_interim_then_settled(embedded: Gateway) -> None:
    with running(embedded) as engine:
        first = until(engine, lambda view: bool(view.sessions[0].live))
        assert first.sessions[0].live[0].tail
        assert "recording" in first.audio.input.name
        settled = until(engine, lambda view: len(view.sessions[0].log) > 0)
        assert "leisure to consider" in settled.sessions[0].log[0].text


def test_a_text_is_spoken_and_its_progress_is_true(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("speak", Say("Hello there. This is the second sentence.")).result(5)
        playing = until(engine, lambda view: phase(view, 0) == "playing")
        speech = speak(playing).speech[0]
        assert speech.first_byte is not None and 0 <= speech.played <= speech.length
        marked = until(engine, lambda view: first(view).sentence == (13, 41))
        assert speak(marked).speech[0].played > 0.3
        done = until(engine, lambda view: phase(view, 0) == "done")
        assert speak(done).speech[0].played == pytest.approx(speak(done).speech[0].length)


def test_stopping_clears_what_was_to_come(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("speak", Say("A first sentence that takes its time to be spoken. And a second.")).result(
            5
        )
        engine.post("speak", Say("One that waits.")).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        engine.post("speak", Stop()).result(5)
        stopped = until(engine, lambda view: phase(view, 0) == "cleared")
        assert speak(stopped).speech[1].phase == "cleared"
        engine.post("speak", Say("It goes on.")).result(5)
        until(engine, lambda view: phase(view, 2) == "done")


def test_a_pause_holds_the_progress(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("speak", Say("This sentence is paused in its middle, and then it goes on.")).result(5)
        until(engine, lambda view: first(view).played > 0.3)
        engine.post("speak", TogglePause()).result(5)
        held = speak(until(engine, lambda view: phase(view, 0) == "paused")).speech[0].played
        time.sleep(0.4)
        assert speak(engine.view).speech[0].played == pytest.approx(held, abs=0.11)
        engine.post("speak", TogglePause()).result(5)
        until(engine, lambda view: phase(view, 0) == "done")


def test_speech_is_replayed_and_saved(embedded: Gateway, tmp_path: Path) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        with pytest.raises(ImpossibleCommand, match="nothing has been spoken"):
            engine.post("speak", Save(tmp_path)).result(5)
        engine.post("speak", Say("Hello.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")
        engine.post("speak", Replay()).result(5)
        until(engine, lambda view: phase(view, 0) == "playing")
        until(engine, lambda view: phase(view, 0) == "done")
        said = [engine.post("speak", Save(tmp_path)).result(5) for _ in range(2)]
        assert said[0] != said[1], "a file is never written over"
        assert len(list(tmp_path.glob("voxdeck-speak-*.wav"))) == 2


def test_a_question_is_answered_in_streamed_text_and_speech(embedded: Gateway, tmp_path: Path) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("converse", Say("Which keys are there?")).result(5)
        until(engine, lambda view: "F1" in text_of(converse(view)))
        assert converse(engine.view).log[0].role == "user"
        until(engine, lambda view: converse(view).answering)
        engine.post("converse", Stop()).result(5)
        stopped = until(engine, lambda view: not converse(view).answering)
        assert any("stopped" in (entry.remark or entry.text) for entry in converse(stopped).log)
        engine.post("converse", Save(tmp_path)).result(5)
        assert "You: Which keys" in next(tmp_path.glob("*.txt")).read_text()


def test_a_new_question_stops_the_answer_to_the_last(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("converse", Say("What is Voxdeck?")).result(5)
        until(engine, lambda view: converse(view).answering and "←" not in text_of(converse(view)))
        engine.post("converse", Say("How do I save?")).result(5)
        until(engine, lambda view: "Control S" in text_of(converse(view)))
        roles = [entry.role for entry in (*converse(engine.view).log, *converse(engine.view).live)]
        assert roles.count("user") == 2


def test_speaking_stops_the_answer(embedded: Gateway) -> None:
    """The recording goes into the conversation: its first words are a barge-in."""
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("transcribe", ToggleListening()).result(5)
        engine.post("converse", Say("What is Voxdeck?")).result(5)
        until(engine, lambda view: converse(view).answering)
        engine.post("converse", ToggleListening()).result(5)
        until(engine, lambda view: "stopped" in str([*converse(view).log, *converse(view).live]))
        until(engine, lambda view: "leisure" in text_of(converse(view)))


def test_two_panes_hear_one_microphone(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("converse", ToggleListening()).result(5)
        both = until(engine, lambda view: view.sessions[0].listening and view.sessions[2].listening)
        assert both.audio.input.open


def test_each_session_fails_alone_with_one_line() -> None:
    async def script(peer: Peer) -> None:
        head = await peer.read_head()
        if "aura" in head:
            await peer.accept()
            await peer.until_gone()
        elif "nova" in head:
            await peer.accept(closing(1011, "it ended in ../#net0001"))
            await peer.until_gone()
        else:
            body = b'{"name":"AiGatewayError","internalCode":2009,"message":"Unauthorized"}'
            await peer.send(response("401 Unauthorized", body))

    with scripted(script) as at, running(at) as engine:
        view = until(
            engine, lambda view: [each.phase for each in view.sessions] == ["closed", "ready", "failed"]
        )
        listening, _, conversation = view.sessions
        assert "1011" in listening.notice and "no audio for 10 s" in listening.notice
        assert "401" in conversation.notice and "Unauthorized (2009)" in conversation.notice
        assert listening.notice.startswith("idle; ") and listening.notice.endswith("opens it again")
        assert listening.retry_at is None, "nothing was asked of it"
        assert conversation.notice.endswith("F5 reconnects") and conversation.retry_at is None
        assert "\n" not in listening.notice + conversation.notice


def test_a_gateway_that_is_not_there_is_said_in_each_pane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "DELAYS", (0.01, 0.01))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with running(gateway(f"ws://127.0.0.1:{port}/v1/a/g")) as engine:
        view = until(engine, lambda view: all(session.phase == "failed" for session in view.sessions))
        assert "connection refused" in view.sessions[0].notice
        with pytest.raises(ImpossibleCommand, match="F5 reconnects"):
            engine.post("speak", Say("kept by the pane")).result(5)


def test_a_wrong_token_shows_what_the_gateway_says(embedded: Gateway) -> None:
    with running(Gateway(embedded.base, Secret("not-the-token"))) as engine:
        view = until(engine, lambda view: all(session.phase == "failed" for session in view.sessions))
        for session in view.sessions:
            assert "401" in session.notice and "Unauthorized" in session.notice
            assert "not-the-token" not in session.notice


def test_a_session_is_connected_anew(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, ready)
        engine.post("speak", Say("Before.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")
        engine.post("speak", Reopen()).result(5)
        until(engine, lambda view: speak(view).phase == "ready" and len(speak(view).speech) == 1)
        engine.post("speak", Say("After.")).result(5)
        until(engine, lambda view: phase(view, 1) == "done")


def test_text_said_while_connecting_is_spoken_when_open(embedded: Gateway) -> None:
    with running(embedded) as engine:
        until(engine, lambda view: len(view.sessions) == 3)
        engine.post("speak", Say("Early.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")


def test_the_end_is_quick_and_leaves_nothing() -> None:
    before = set(threading.enumerate())
    others = psutil.Process().children()
    with running(None) as engine:
        assert all(session.cost == 0.0 for session in until(engine, ready).sessions)
        children = [child for child in psutil.Process().children(recursive=True) if child not in others]
        assert sum("sessions.local" in child.cmdline() for child in children) == 1
        begun = time.monotonic()
        engine.stop()
        took = time.monotonic() - begun
    assert took < 3.0  # the benchmark has the real figure
    assert {thread for thread in threading.enumerate() if not thread.daemon} <= before
    _, alive = psutil.wait_procs(children, 0)
    assert not alive


def test_a_peer_that_stops_reading_does_not_hold_up_the_end() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept(text('{"type":"session.created","session":{"id":"s"}}'))
        await anyio.sleep_forever()

    with scripted(script) as at:
        engine = Engine(DeckPlan(plans(("converse",)), load(), at))
        engine.start()
        until(engine, lambda view: view.sessions[0].phase == "ready")
        engine.post("converse", Say("word " * 4_000_000)).result(5)  # more than the sockets between take
        time.sleep(0.5)
        begun = time.monotonic()
        engine.stop()
        assert time.monotonic() - begun < 3.0


@contextmanager
def scripted(script: Script) -> Iterator[Gateway]:
    """A gateway that does as a script says."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(script)) as server:
        yield gateway(server.url)
