"""Every offer over real sockets: prepared as for a real gateway, served by the embedded one."""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import anyio
import PIL.Image
import pytest

from sessions.audio import files
from sessions.audio.pcm import Blocks, Resampler
from sessions.commands import MakeImage, SendAudio, SendText, Speak
from sessions.config import KEY_VARIABLES, Config, ProviderTable
from sessions.events import (
    AnswerDone,
    AnswerText,
    Audio,
    AudioEnd,
    AudioWords,
    Closed,
    Connecting,
    Event,
    Failed,
    Final,
    Image,
    ImagesDone,
    Interim,
    Malformed,
    Opened,
    Problem,
    Raw,
    UserText,
    Utterance,
)
from sessions.gateway import Gateway, TokenForm
from sessions.openings import Opening, prepare
from sessions.providers.catalogue import OFFERS, Offer
from sessions.providers.codec import Codec, Kind
from sessions.providers.fal_http import FalHttpCodec
from sessions.providers.fal_realtime import FalRealtimeCodec
from sessions.providers.routes import Options
from sessions.secrets import Secret
from sessions.transport import Transport
from tests.faults import closing, serving, upgraded
from tests.transport.conftest import transport
from tests.transport.test_session import Life

__all__ = ["transport"]

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parents[2] / "sessions" / "audio" / "recordings"
FORMS: tuple[TokenForm, ...] = ("header", "subprotocol")
KEYS = Config(
    Path("config.toml"),
    providers={name: ProviderTable(key=f"key-of-{name}-0123456789") for name in KEY_VARIABLES},
)
T = TypeVar("T", bound=Event)


def _named(offer: Offer) -> str:
    return f"{offer.provider}-{offer.models[0].rpartition('/')[2]}"


@dataclass(frozen=True)
class Way:
    """One offer, its credentials in one form."""

    offer: Offer
    form: TokenForm

    def __str__(self) -> str:
        return f"{_named(self.offer)}-{self.form}"

    def opening(self, at: Gateway) -> Opening:
        agent = "an-agent" if self.offer.wants_agent else ""
        options = Options(self.offer.models[0], agent=agent)
        return prepare(KEYS, replace(at, token_form=self.form), self.offer, options)


WAYS = [Way(offer, form) for offer in OFFERS for form in FORMS]


def ways(kind: Kind) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", [way for way in WAYS if way.offer.kind == kind], ids=str)


every_way = pytest.mark.parametrize("way", WAYS, ids=str)


def of(life: Life, kind: type[T]) -> list[T]:
    return [event for event in life.events if isinstance(event, kind)]


def hear(life: Life, *, silence: float = 0.0) -> None:
    """Send the recording at the codec's rate, as fast as the line takes it."""
    codec = life.session.codec
    assert codec.input_rate is not None
    clip = files.read(RECORDINGS / "sense_0880.wav")
    resampler = Resampler(clip.rate, codec.input_rate)
    pcm = resampler.push(clip.samples).tobytes() + resampler.flush().tobytes()
    blocks = Blocks(2 * int(codec.input_rate * codec.input_block))
    for block in (*blocks.push(pcm + bytes(2 * int(codec.input_rate * silence))), blocks.flush()):
        if block:
            life.session.send(SendAudio(block))


async def finished(life: Life) -> None:
    """End the session in good order; nothing in it may have gone unread, or wrong."""
    life.session.finish()
    await life.until_ended()
    assert isinstance(life.end, Closed), life.end
    assert not [event for event in life.events if isinstance(event, (Malformed, Problem, Raw))]


@ways("transcribe")
async def test_a_recording_is_transcribed(transport: Transport, embedded: Gateway, way: Way) -> None:
    opening = way.opening(embedded)
    life = Life(opening.codec())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, opening.address)
        await life.until_ready()
        hear(life)
        await finished(life)
    assert "young man" in " ".join(heard.text for heard in of(life, Utterance)).lower()
    kinds = [type(event) for event in life.events]
    assert kinds.index(Interim) < kinds.index(Final) < kinds.index(Utterance)


@ways("speak")
async def test_a_text_is_spoken(transport: Transport, embedded: Gateway, way: Way) -> None:
    opening = way.opening(embedded)
    life = Life(opening.codec())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, opening.address)
        await life.until_ready()
        life.session.send(Speak("greeting", "Hello there, good morning."))
        await life.until(lambda: bool(of(life, AudioEnd)))
        await finished(life)
    audio = of(life, Audio)
    assert {piece.utterance for piece in audio} == {"greeting"}
    seconds = sum(len(piece.pcm) / (2 * piece.rate) for piece in audio)
    assert 0.5 < seconds < 10
    words = [word for event in of(life, AudioWords) for word in event.words]
    if way.offer.provider in {"cartesia", "elevenlabs"}:
        assert [word.text.strip(",.").lower() for word in words] == ["hello", "there", "good", "morning"]
        starts = [word.start for word in words]
        assert starts == sorted(starts)
        assert all(0 <= word.start <= word.end <= seconds + 0.1 for word in words)
    else:
        assert not words


@pytest.mark.parametrize("offer", [offer for offer in OFFERS if offer.kind == "converse"], ids=_named)
async def test_a_conversation_by_text_and_by_voice(
    transport: Transport, embedded: Gateway, offer: Offer
) -> None:
    """Both forms side by side: some providers end an answer only when its speech could have been heard."""
    async with anyio.create_task_group() as tasks:
        for form in FORMS:
            tasks.start_soon(_converse, transport, Way(offer, form).opening(embedded))


async def _converse(transport: Transport, opening: Opening) -> None:
    life = Life(opening.codec())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, opening.address)
        await life.until_ready()
        life.session.send(SendText("turn-1", "Where is help?"))
        await life.until(lambda: bool(of(life, Audio)))
        await life.until(lambda: bool(of(life, AnswerDone)))
        assert of(life, AnswerDone)[0].status == "completed"
        assert "help screen" in "".join(piece.delta for piece in of(life, AnswerText))
        assert sum(len(piece.pcm) / (2 * piece.rate) for piece in of(life, Audio)) > 0.5
        before = len(of(life, AnswerText))
        hear(life, silence=1.0)
        await life.until(lambda: len(of(life, AnswerText)) > before)
        # Gemini never says that a transcript is final; it is when the answer is over, or broken off.
        life.session.send(SendText("turn-2", "Where is help?"))
        await life.until(lambda: any(said.final for said in of(life, UserText)))
        await finished(life)
    assert "young man" in next(said.text for said in of(life, UserText) if said.final).lower()


def sized(codec: Codec, width: int, height: int) -> Codec:
    """The same codec, asking for a size."""
    assert isinstance(codec, (FalHttpCodec, FalRealtimeCodec))
    return type(codec)(format="png", image_size={"width": width, "height": height})


@ways("image")
async def test_a_prompt_becomes_a_picture_of_the_size_asked_for(
    transport: Transport, embedded: Gateway, way: Way
) -> None:
    opening = way.opening(embedded)
    life = Life(sized(opening.codec(), 384, 256))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.session.run, transport, opening.address)
        await life.until_ready()
        life.session.send(MakeImage("job-1", "a lighthouse in the fog"))
        await life.until(lambda: bool(of(life, ImagesDone)))
        await finished(life)
    (image,) = of(life, Image)
    with PIL.Image.open(io.BytesIO(image.content)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (384, 256))
    assert (image.job, image.media_type, image.width, image.height) == ("job-1", "image/png", 384, 256)


@every_way
async def test_a_wrong_token_is_refused_in_one_line(
    transport: Transport, embedded: Gateway, way: Way
) -> None:
    wrong = "a-token-that-fits-nothing"
    opening = way.opening(replace(embedded, token=Secret(wrong)))
    life = Life(opening.codec())
    await life.session.run(transport, opening.address)
    assert isinstance(life.end, Failed)
    assert life.end.code == 401
    assert "401" in life.end.message and "\n" not in life.end.message
    assert not of(life, Opened)
    assert wrong not in repr(life.events)


@pytest.mark.parametrize(
    "way",
    [
        way
        for way in WAYS
        if not way.opening(Gateway("ws://127.0.0.1", Secret("t0ken-of-nobody"))).codec().ready_on_open
    ],
    ids=str,
)
async def test_a_normal_close_before_the_provider_s_first_message_is_a_failure(
    transport: Transport, way: Way
) -> None:
    async with serving(upgraded(closing(1000))) as server:
        opening = way.opening(Gateway(server.url, Secret("a-token-for-anybody")))
        life = Life(opening.codec())
        await life.session.run(transport, opening.address)
    assert [type(event) for event in life.events] == [Connecting, Opened, Failed]
    assert "before the session was ready" in repr(life.end)
