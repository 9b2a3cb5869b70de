"""Frames of every provider are read, and those of nobody do no harm."""

import json
from base64 import b64encode, urlsafe_b64encode

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessions.providers.codec import Frame, Kind
from sessions.secrets import Secret
from sessions.state.frame_text import as_record, as_text, hex_dump, rows, words
from sessions.state.frames import Number, Reader
from sessions.state.journal import Direction, WireFrame
from tests.sessions.test_text import BIDI, HOSTILE

KEY = "hunter2/hunter2é"
PCM = (1000 * np.sin(np.arange(480))).astype("<i2").tobytes()
B64 = b64encode(PCM).decode()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=20,
)
CONTENT: st.SearchStrategy[Frame] = (
    HOSTILE
    | st.binary(max_size=200)
    | JSON.map(json.dumps)
    | JSON.map(lambda value: json.dumps(value, ensure_ascii=False))
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.text(), st.binary() | st.floats() | st.text(), min_size=1, max_size=4).map(
        msgspec.msgpack.encode
    )
)


def received(content: Frame, direction: Direction = "received") -> WireFrame:
    return WireFrame(0, 0.0, direction, content)


@pytest.mark.parametrize(
    ("provider", "kind", "direction", "message", "name", "ms"),
    [
        ("openai", "converse", "sent", {"type": "a.append", "audio": B64}, "a.append", 20),
        ("openai", "converse", "received", {"type": "r.audio.delta", "delta": B64}, "r.audio.delta", 20),
        ("openai", "converse", "received", {"type": "r.text.delta", "delta": B64}, "r.text.delta", None),
        ("openai", "converse", "sent", {"type": "s", "session": {"audio": {"input": 1}}}, "s", None),
        ("cartesia", "speak", "received", {"type": "chunk", "data": B64}, "chunk", 20),
        ("elevenlabs", "speak", "received", {"audio": B64, "isFinal": None}, "audio, isFinal", 20),
        ("elevenlabs", "converse", "sent", {"user_audio_chunk": B64}, "user_audio_chunk", 30),
        (
            "elevenlabs",
            "converse",
            "received",
            {"type": "audio", "audio_event": {"audio_base_64": B64, "event_id": 1}},
            "audio",
            30,
        ),
        (
            "google",
            "converse",
            "sent",
            {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": B64}}},
            "realtimeInput.audio",
            30,
        ),
        (
            "google",
            "converse",
            "received",
            {
                "serverContent": {
                    "modelTurn": {
                        "parts": [{"inlineData": {"mimeType": "audio/pcm;rate=48000", "data": B64}}]
                    }
                }
            },
            "serverContent.modelTurn",
            10,
        ),
        (
            "deepgram",
            "transcribe",
            "received",
            {"type": "TurnInfo", "event": "Update"},
            "TurnInfo Update",
            None,
        ),
    ],
)
def test_kind_and_sound_of_the_providers(
    provider: str, kind: Kind, direction: Direction, message: object, name: str, ms: int | None
) -> None:
    for content in (json.dumps(message), json.dumps(message).encode()):
        reading = Reader(provider, kind).read(received(content, direction))
        assert reading.kind.replace(", ", " ") == name.replace(", ", " ")
        assert (reading.sound is None) == (ms is None)
        if reading.sound:
            assert reading.sound.seconds * 1000 == pytest.approx(ms)
            assert reading.sound.samples().tobytes() == PCM


def test_frames_of_bytes() -> None:
    sound = Reader("workers-ai", "transcribe").read(received(PCM, "sent")).sound
    assert sound and sound.seconds == 0.03 and max(sound.peaks(10)) == pytest.approx(0.03, abs=0.001)
    image = Reader("fal", "image")
    assert image.read(received(b"\x89PNG rest")).kind == "image/png"
    assert image.read(received(PCM)).kind == "binary"
    packed = image.read(received(msgspec.msgpack.encode({"images": [b"\x01" * 40], "seed": 7})))
    assert [words(row.value).text for row in rows(packed.value, set())][-1] == "7"
    assert "40 bytes" in [words(row.value).size for row in rows(packed.value, set())]


def test_the_formats_that_an_agent_tells_are_those_of_what_follows() -> None:
    reader = Reader("elevenlabs", "converse")
    told = {"agent_output_audio_format": "ulaw_8000", "user_input_audio_format": "pcm_48000"}
    reader.read(received(json.dumps({"conversation_initiation_metadata_event": told})))
    said = reader.read(
        received(json.dumps({"audio_event": {"audio_base_64": b64encode(b"\x80" * 80).decode()}}))
    )
    assert said.sound and said.sound.seconds == 0.01 and said.sound.peaks(1)[0] > 0.9
    heard = reader.read(received(json.dumps({"user_audio_chunk": B64}), "sent"))
    assert heard.sound and heard.sound.seconds == 0.01


def test_base64_of_urls_is_read_and_what_only_looks_like_it_has_no_samples() -> None:
    pcm = b"\xff\xfe\xfb" * 20
    reader = Reader("google", "converse")
    for text, samples in ((urlsafe_b64encode(pcm).decode(), 30), ("A" * 17, 0)):
        sound = reader.read(received(json.dumps({"audio": text}))).sound
        assert sound and sound.samples().size == samples and len(sound.peaks(7)) == 7


def test_numbers_are_shown_as_they_were_written() -> None:
    text = '{"a": 1.0, "b": 1e999, "c": ' + "9" * 5000 + ', "d": NaN, "e": -0}'
    value = Reader("openai", "converse").read(received(text)).value
    assert list(map(str, value.values())) == ["1.0", "1e999", "9" * 5000, "NaN", "-0"]
    assert all(isinstance(number, Number) for number in value.values())


@pytest.mark.parametrize("depth", [500, 900, 100_000])
@pytest.mark.parametrize("content", ['{"a":' * 3, "[" * 3, b"\x81\xa1a" * 3])
def test_depth_is_borne(depth: int, content: Frame) -> None:
    closing = {"[": "]", "{": "}"}
    deep = content[: len(content) // 3] * depth
    if isinstance(deep, str):
        deep += "1" + closing[deep[0]] * depth
    else:
        deep += b"\x01"
    _can_be_shown(received(deep))


@example("null", "openai", "converse")
@given(CONTENT, st.sampled_from(["openai", "elevenlabs", "fal"]), st.sampled_from(["converse", "image"]))
def test_any_content_can_be_shown_copied_and_saved(content: Frame, provider: str, kind: Kind) -> None:
    _can_be_shown(received(content), Reader(provider, kind))


def _can_be_shown(frame: WireFrame, reader: Reader | None = None) -> None:
    reading = (reader or Reader("openai", "converse")).read(frame)
    shown = [reading.kind]
    if reading.value is not msgspec.UNSET:
        listed = rows(reading.value, set())
        everything = rows(reading.value, {row.place for row in listed if row.folds and not row.open})
        assert len(everything) >= len(listed)
        for row in everything:
            told = words(row.value)
            shown += [told.text, told.size]
    elif isinstance(frame.content, bytes):
        shown += hex_dump(frame.content, 8)
    if reading.sound:
        assert len(reading.sound.peaks(13)) == 13
    for text in shown:
        _is_harmless(text)
    _is_harmless(as_text(frame, reading).replace("\n", " "))
    for media in (False, True):
        line = as_record(frame, reading, 0.0, media=media)
        _is_harmless(line)
        assert json.loads(line)["number"] == 0


def _is_harmless(text: str) -> None:
    assert not any(char < " " or "\x7f" <= char <= "\x9f" or char in BIDI for char in text), repr(text)
    text.encode()


@given(st.sampled_from([0, 10, 100, 290, 299, 300, 301, 20_000]), st.booleans())
def test_secrets_are_hidden_wherever_they_stand_and_however_they_are_written(
    at: int, ascii_only: bool
) -> None:
    Secret(KEY)
    filling = "x " * (at // 2)
    message = {"type": f"{filling}{KEY}", KEY: [f"{filling}{KEY}{filling}"], "say": f"\n{KEY}\x1b"}
    text = json.dumps(message, ensure_ascii=ascii_only)
    for content in (text, text.encode(), f"{filling}{KEY} and no JSON", f"{filling}{KEY}".encode() + b"\xff"):
        frame = received(content)
        reading = Reader("fal", "image").read(frame)
        shown = [reading.kind, as_text(frame, reading), as_record(frame, reading, 0.0, media=True)]
        if reading.value is not msgspec.UNSET:
            shown += [words(row.value).text for row in rows(reading.value, set())]
        elif isinstance(content, bytes):
            shown += ["".join(line[-16:] for line in hex_dump(content, 16))]
        for line in shown:
            assert "hunter2" not in line.replace("\\/", "/")


def test_sound_is_left_out_of_what_is_copied_and_saved_unless_asked() -> None:
    reader = Reader("openai", "converse")
    long = b64encode(PCM * 4).decode()
    frame = received(json.dumps({"type": "a.append", "audio": long}))
    reading = reader.read(frame)
    assert json.loads(as_text(frame, reading))["audio"] == f"({len(long):,} characters of base64)"
    assert long not in as_record(frame, reading, 0.0)
    assert json.loads(as_record(frame, reading, 0.0, media=True))["message"]["audio"] == long
    raw = received(PCM)
    assert "base64" not in json.loads(as_record(raw, reader.read(raw), 0.0))
    assert json.loads(as_record(raw, reader.read(raw), 0.0, media=True))["base64"] == B64


def test_folding() -> None:
    value = {"short": "a", "long": "b" * 61, "empty": {}, "many": list(range(60)), "few": [1, {"deep": None}]}
    listed = rows(value, set())
    assert [(row.key, row.folds, row.open) for row in listed] == [
        ("short", False, False),
        ("long", True, False),
        ("empty", False, False),
        ("many", True, False),
        ("few", True, True),
        ("0", False, False),
        ("1", True, True),
        ("deep", False, False),
    ]
    assert len(rows(value, {(3,)})) == len(listed) + 60
    assert len(rows(value, {(4,)})) == len(listed) - 3
    assert [words(row.value).text for row in rows(list(range(1500)), set())][-1] == "… 500 more"
    assert [words(row.value) for row in rows("text", set())] == [words("text")]
