"""Views of sessions that have much to show: as in use, and not as after the start."""

import io
import json
import math
import time
from base64 import b64encode

import PIL.Image
import PIL.ImageDraw
from msgspec.structs import replace

from sessions.audio.view import Wave
from sessions.config import SessionTable
from sessions.events import Usage, Word
from sessions.state.journal import Journal, JournalView
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, Picture, SessionView, Speech, ToolRequest
from tests.tui.views import FAILED, deck, session


def wave(loud: float) -> Wave:
    """Words, and pauses between them."""
    peaks = (loud * abs(math.sin(at / 2)) * max(0.0, math.sin(at / 9)) for at in range(100))
    return Wave(tuple(peaks), 100)


def words(text: str, unsure: str = "") -> tuple[Word, ...]:
    return tuple(
        Word(word, at * 0.3, at * 0.3 + 0.25, 0.4 if word.strip(",.") in unsure.split() else 0.98)
        for at, word in enumerate(text.split())
    )


def said(text: str, start: float, speaker: int, unsure: str = "") -> Entry:
    return Entry("speech", text, start=start, words=words(text, unsure), speaker=speaker)


TRANSCRIPT = [
    said("Good morning, everyone. Shall we begin with the figures of the third quarter?", 0.4, 0),
    said("Yes. Revenue is up by eleven per cent, and most of that came from the Nordic countries.", 6.2, 1),
    said(
        "Bjarne Thorvaldsen signed for Aalborg in September, and so did the port.",
        13.8,
        1,
        "Thorvaldsen Aalborg",
    ),
    Entry("note", "reconnected; 1.2 s of sound were kept and sent again"),
    said("And what does the board think of it?", 61.5, 0),
    said(
        "They are content, with one reservation: the costs of the migration were higher than what was "
        "planned, because two of the old systems had to stay up until the end of the year.",
        64.9,
        2,
        "reservation",
    ),
    Entry("speech", "That was to be expected.", start=78.3, speaker=0, remark="unconfirmed"),
]
INTERIM = (Entry("speech", "We should come back", tail="to that in the next", start=81.0, speaker=2),)

SPEECH = (
    Speech("1", "Good evening. This is the late news.", "done", 0.182, 2.9, 2.9, complete=True),
    Speech("2", "A text that was stopped in the middle of it.", "cleared", 0.166, 1.2, 3.4),
    Speech(
        "3",
        "In Lyon the river has risen by forty centimetres since the morning. The quays are closed to cars, "
        "and the schools on the left bank open tomorrow at ten.",
        "playing",
        0.141,
        6.3,
        14.2,
        sentence=(68, 151),
        word=(72, 77),
    ),
    Speech("4", "The weather: rain in the west, and wind.", "queued"),
    Speech("5", "That was the news.", "queued"),
)

TALK = [
    Entry("user", "What is the weather like in Lyon, and shall I take an umbrella?", start=1.2),
    Entry("answer", "It rains there now, at fourteen degrees, and it will until the evening. Take one."),
    Entry("user", "And tomorrow?"),
    Entry("answer", "Tomorrow it is dry until", remark="stopped after 1.4 s"),
    Entry("note", "get_forecast was called and answered: 3 days"),
    Entry("user", "Compare it with Marseille, please: temperature, wind, and how much of the day it rains."),
]
ANSWER = (
    Entry("answer", "Marseille is sunnier. It has eighteen degrees there, and the mistral", tail="blows"),
)
CALL = ToolRequest(
    "c1", "get_weather", '{"city": "Marseille", "country": "FR", "days": 2, "units": "metric"}'
)
USAGE = Usage(1_204, 18_430, 9_800, 310, 6_120)


def painted(sky: str, ground: str) -> bytes:
    """A PNG file: a sun over a hill."""
    picture = PIL.Image.new("RGB", (96, 96), sky)
    pen = PIL.ImageDraw.Draw(picture)
    pen.rectangle((0, 56, 96, 96), ground)
    pen.ellipse((56, 12, 84, 40), "#ffd94a")
    pen.polygon(((8, 56), (36, 24), (64, 56)), "#a05810")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


# Of such colours that something is left of them in 16.
DAY, NIGHT = painted("#10a8c0", "#108a20"), painted("#1010a0", "#0a7a20")
PICTURES = (
    Picture("1", "a hill under a yellow sun", "done", "image/png", DAY, seconds=0.94, name="1"),
    Picture(
        "2",
        "the same hill at night, and the moon as a coin",
        "done",
        "image/png",
        NIGHT,
        seconds=1.26,
        name="2",
    ),
    Picture(
        "3",
        "a hill that no rule allows",
        "failed",
        message="refused: the prompt breaks the provider's rules",
        name="3",
    ),
    Picture("4", "a hill in the snow, seen from the valley", "waiting", seconds=2.3, name="4"),
)


def frames() -> JournalView:
    """The wire of a conversation, both ways."""
    journal, sound = Journal(), b64encode(bytes(range(0, 250, 5)) * 96).decode()
    journal.add(0.0, "received", json.dumps({"type": "session.created", "event_id": "e1"}))
    update = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["audio"]}}
    journal.add(0.031, "sent", json.dumps(update))
    for number in range(30):
        append = {"type": "input_audio_buffer.append", "audio": sound}
        journal.add(0.1 + number / 10, "sent", json.dumps(append))
    item = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_audio", "transcript": "It rains."}],
    }
    done = {"type": "response.done", "response": {"id": "r1", "status": "completed", "output": [item]}}
    journal.add(3.31, "received", json.dumps({"type": "response.output_audio.delta", "delta": sound}))
    journal.add(3.402, "received", json.dumps(done))
    return journal.view()


def transcription(**fields: object) -> SessionView:
    known: dict[str, object] = {
        "provider": "deepgram",
        "model": "nova-3",
        "log": TRANSCRIPT,
        "live": INTERIM,
        "latencies": (0.31, 0.29, 0.35, 0.33, 0.52, 0.3, 0.28, 0.312),
        "cost": 0.0113,
        "heard": wave(0.5),
    }
    return session("transcribe", **{**known, **fields})  # type: ignore[arg-type]


def speaking(**fields: object) -> SessionView:
    known: dict[str, object] = {
        "provider": "elevenlabs",
        "model": "eleven_flash_v2_5",
        "speech": SPEECH,
        "latencies": (0.182, 0.166, 0.141),
        "said": wave(0.6),
    }
    return session("speak", **{**known, **fields})  # type: ignore[arg-type]


def conversation(**fields: object) -> SessionView:
    known: dict[str, object] = {
        "log": TALK,
        "live": ANSWER,
        "answering": True,
        "latencies": (0.62, 0.48, 0.81, 0.55),
        "usage": USAGE,
        "cost": 0.3172,
        "said": wave(0.6),
        "frames": frames(),
        # Half a minute before it would be told otherwise.
        "expires_at": time.monotonic() + 52.4 * 60,
        "table": SessionTable("converse", "openai", "gpt-realtime-2.1", instructions="Be brief, and kind."),
    }
    return session("converse", **{**known, **fields})  # type: ignore[arg-type]


def agent() -> SessionView:
    log = [
        Entry("answer", "Hello, this is the library. How can I help you?"),
        Entry("user", "Is the new atlas there?"),
        Entry("answer", "It is, on the second floor. I can keep it for you until Friday."),
    ]
    return session(
        "converse-2",
        kind="converse",
        provider="elevenlabs",
        model="agent",
        log=log,
        listening=True,
        microphone="voice",
        heard=wave(0.4),
        latencies=(0.9, 1.1, 0.87),
    )


def images(pictures: tuple[Picture, ...] = PICTURES) -> SessionView:
    known = [each.seconds for each in pictures if each.phase == "done" and each.seconds]
    return session(
        "image",
        provider="fal",
        model="fal-ai/fast-lightning-sdxl",
        pictures=pictures,
        latencies=tuple(known),
    )


def in_phases() -> DeckView:
    """Sessions that failed, that are about to connect anew, and that are closed."""
    failed, _, closed = FAILED.sessions
    retrying = speaking(
        speech=SPEECH[:1],
        phase="retrying",
        notice="lost: closed 1012; the other side is restarting: reconnect; F5 reconnects at once",
        # It is told in whole seconds, and this is drawn at once.
        retry_at=time.monotonic() + 3.4,
    )
    return deck(failed, retrying, replace(closed, notice="closed (1008): idle for too long; F5 reconnects"))
