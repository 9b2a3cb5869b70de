"""Picture sessions: jobs over the real gateway, what breaks off, and what is fetched from where."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import pictures
from sessions.commands import ImpossibleCommand
from sessions.config import SessionTable, load
from sessions.engine import Engine
from sessions.events import Image
from sessions.gateway import Gateway
from sessions.live.actions import Open, Reopen, Save, Say
from sessions.live.deck import DeckPlan
from sessions.live.image import BROKEN_OFF
from sessions.pictures import NotFetched, ending_of, fetch
from sessions.state import pictures as state
from sessions.state.pictures import DROPPED, PictureList
from sessions.state.snapshot import DeckView, Picture
from tests.faults import Peer, answering, response, serving, text
from tests.live.test_engine import scripted, until

with_engine = pytest.mark.usefixtures("empty_home", "no_sound_card")


def picture_file(form: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", size, (200, 30, 60)).save(out, form)
    return out.getvalue()


@contextmanager
def painting(at: Gateway, *models: str) -> Iterator[Engine]:
    tables = [SessionTable("image", provider="fal", model=model, size="square") for model in models]
    sessions = tuple(Open(f"image{number}", table) for number, table in enumerate(tables))
    engine = Engine(DeckPlan(sessions, load(), at))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def phases(view: DeckView, session: int = 0) -> list[str]:
    return [picture.phase for picture in view.sessions[session].pictures]


@with_engine
def test_prompts_become_pictures_that_can_be_saved(embedded: Gateway, tmp_path: Path) -> None:
    models = ("fal-ai/fast-lightning-sdxl", "fal-ai/fast-lcm-diffusion/realtime")
    with painting(embedded, *models) as engine:
        until(engine, lambda view: len(view.sessions) == 2)
        with pytest.raises(ImpossibleCommand, match="no picture yet"):
            engine.post("image0", Save(tmp_path)).result(5)
        for name in ("image0", "image1"):
            engine.post(name, Say("a red fox")).result(5)
            engine.post(name, Say("a blue whale")).result(5)
        view = until(engine, lambda view: phases(view) == phases(view, 1) == ["done", "done"])
        for session in view.sessions:
            fox, whale = session.pictures
            assert (fox.prompt, whale.prompt) == ("a red fox", "a blue whale")
            assert fox.content != whale.content and fox.seconds and fox.seconds > 0
            assert session.latencies == (fox.seconds, whale.seconds)
        fox = view.sessions[0].pictures[0]
        engine.post("image0", Save(tmp_path, picture=fox.name)).result(5)
        (saved,) = tmp_path.glob("voxdeck-image-*.jpg")
        assert saved.read_bytes() == fox.content


@with_engine
@pytest.mark.parametrize(("resets", "why"), [(True, "connection ended"), (False, BROKEN_OFF)])
def test_a_broken_connection_fails_its_jobs_and_keeps_their_prompts(resets: bool, why: str) -> None:
    asked = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.frame()
        asked.set()
        if resets:
            peer.reset()
        else:
            await peer.until_gone()

    with scripted(script) as at, painting(at, "fal-ai/fast-lightning-sdxl") as engine:
        until(engine, lambda view: view.sessions[0].phase == "ready")
        engine.post("image0", Say("a red fox")).result(5)
        if not resets:
            assert asked.wait(20)
            engine.post("image0", Reopen()).result(5)
        view = until(engine, lambda view: phases(view) == ["failed"])
        (picture,) = view.sessions[0].pictures
        assert picture.prompt == "a red fox"
        assert why in picture.message


@with_engine
def test_pictures_that_are_only_named_are_fetched() -> None:
    content = picture_file()

    async def script(peer: Peer) -> None:
        head = await peer.read_head()
        if "upgrade: websocket" in head.lower():
            await peer.accept()
            await peer.frame()
            at = f"http://{peer.header('host')}"
            named = ",".join(f'{{"url":"{at}/{name}"}}' for name in ("picture", "missing"))
            await peer.send(text(f'{{"images":[{named}]}}'))
            await peer.until_gone()
        elif "/picture" in head:
            assert "authorization" not in head.lower() and "cookie" not in head.lower()
            await peer.send(response("200 OK", content, content_type="image/png"))
        else:
            await peer.send(response("404 Not Found"))

    with scripted(script) as at, painting(at, "fal-ai/fast-lightning-sdxl") as engine:
        until(engine, lambda view: view.sessions[0].phase == "ready")
        engine.post("image0", Say("a red fox")).result(5)
        view = until(engine, lambda view: phases(view) == ["done", "failed"])
        fox, missing = view.sessions[0].pictures
        assert fox.content == content
        assert missing.prompt == "a red fox" and missing.message.endswith("HTTP 404")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (response("302 Found", location="https://10.0.0.1/p.png"), "neither https nor of this machine"),
        (response("302 Found", location="http://127.0.0.1:1/p.png"), "neither https nor of this machine"),
        (response("302 Found", location="file:///etc/passwd"), "neither https nor of this machine"),
        (response("500 Oh [red]no[/]"), "HTTP 500"),
        (response("200 OK", b"x" * 101), "larger than"),
        (b"nonsense\x1b[2J\r\n\r\n", "could not be fetched"),
    ],
    ids=["private", "loopback", "file", "refused", "large", "nonsense"],
)
async def test_what_is_no_picture_of_the_open_net_is_not_fetched(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, why: str
) -> None:
    monkeypatch.setattr(pictures, "LARGEST", 100)
    async with serving(answering(reply)) as server:
        with pytest.raises(NotFetched, match=why) as caught:
            await fetch(f"http://127.0.0.1:{server.port}/p.png")
    assert str(caught.value).isprintable()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/p",
        "https://192.168.0.1/p",
        "https://[::1%25x]/p",
        "https://169.254.169.254/",
        "data:,",
        "\x00",
    ],
)
async def test_addresses_that_are_refused_before_any_connection(url: str) -> None:
    with pytest.raises(NotFetched):
        await fetch(url)


def test_the_ending_is_that_of_the_content() -> None:
    endings = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
    for form, ending in endings.items():
        assert ending_of(picture_file(form)) == ending
    assert ending_of(b"<script>") == ending_of(b"") == "img"


def test_the_oldest_pictures_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "KEPT", 25)
    made = PictureList()
    for number in range(4):
        made.ask(str(number), f"prompt {number}", float(number))
        name = made.answered(str(number))
        assert name
        made.came(name, Image(str(number), "image/png"), b"x" * 10, number + 0.5)
    kept = made.view(9.0)
    assert [len(picture.content) for picture in kept] == [0, 0, 10, 10]
    assert [picture.message for picture in kept] == [DROPPED, DROPPED, "", ""]
    assert [picture.prompt for picture in kept] == [f"prompt {number}" for number in range(4)]
    assert made.find("") == kept[3] and made.find("1") is None


@given(st.lists(st.tuples(st.sampled_from(("ask", "image", "over", "fail")), st.integers(0, 3))))
def test_answers_in_any_order_leave_every_prompt_with_one_outcome(steps: list[tuple[str, int]]) -> None:
    made, asked = PictureList(), set()
    for step, number in steps:
        job = str(number)
        match step:
            case "ask" if job not in asked:
                asked.add(job)
                made.ask(job, job, 0.0)
            case "image":
                if name := made.answered(job):
                    made.came(name, Image(job, "image/png"), b"x", 1.0)
            case "over":
                made.over(job, "over")
            case _:
                pass
    view: tuple[Picture, ...] = made.view(2.0)
    assert {picture.job for picture in view} == asked
    assert len({picture.name for picture in view}) == len(view)
    for picture in view:
        assert bool(picture.content) == (picture.phase == "done")
        assert bool(picture.message) == (picture.phase == "failed")
