"""The embedded gateway takes every setting that the catalogue offers, and obeys those that can be heard."""

from pathlib import Path

import anyio
import pytest

from sessions.commands import MakeImage, SendText, Speak
from sessions.config import Config, SessionTable
from sessions.events import AnswerText, Audio, AudioEnd, Failed, Image, ImagesDone, Malformed, Problem
from sessions.gateway import Gateway
from sessions.openings import chosen, prepare
from sessions.providers.catalogue import OFFERS, Offer
from sessions.transport import Transport
from tests.providers.test_over_the_gateway import of
from tests.settings import sample
from tests.transport.conftest import transport
from tests.transport.test_session import Life

__all__ = ["transport"]


@pytest.mark.anyio
async def test_every_setting_is_taken(transport: Transport, embedded: Gateway, tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        for offer in OFFERS:
            tasks.start_soon(_open_with_all, transport, embedded, offer, tmp_path)


async def _open_with_all(transport: Transport, embedded: Gateway, offer: Offer, folder: Path) -> None:
    model = offer.models[0]
    values = {setting.name: sample(setting, folder) for setting in offer.settings_of(model)}
    if offer.provider == "elevenlabs" and offer.kind == "converse":
        values["language"] = "en"
    table = SessionTable(offer.kind, offer.provider, model, **values)  # type: ignore[arg-type]
    opening = prepare(Config(Path("x")), embedded, *chosen(table), embedded=True)
    life = Life(opening.codec())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, opening.address)
        await life.until(lambda: life.session.ready or bool(of(life, Failed)))
        match offer.kind:
            case "speak":
                life.session.send(Speak("greeting", "Hello."))
                await life.until(lambda: bool(of(life, AudioEnd)))
                assert {audio.rate for audio in of(life, Audio)} == {values["sample_rate"]}
            case "converse":
                life.session.send(SendText("turn", "Where is help?"))
                await life.until(lambda: bool(of(life, AnswerText)))
            case "image":
                life.session.send(MakeImage("job", "a lighthouse"))
                await life.until(lambda: bool(of(life, ImagesDone)))
                assert [(image.width, image.height) for image in of(life, Image)] == [(512, 512)]
        life.session.finish()
        await life.until_ended()
    assert not [event for event in life.events if isinstance(event, (Failed, Malformed, Problem))], offer
