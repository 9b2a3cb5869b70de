"""Encodings and WAV headers."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.local.wire_audio import AudioFormat, Decoder, Encoder, Encoding, UndecodableAudio


@pytest.mark.parametrize(
    ("encoding", "byte", "level"),
    [
        ("mulaw", 0xFF, 0),
        ("mulaw", 0x00, -32124),
        ("mulaw", 0x80, 32124),
        ("alaw", 0xD5, 8),
        ("alaw", 0x55, -8),
        ("alaw", 0xAA, 32256),
        ("alaw", 0x2A, -32256),
    ],
)
def test_g711_levels(encoding: Encoding, byte: int, level: int) -> None:
    assert AudioFormat(encoding, 8000).decode(bytes([byte])).tolist() == [level]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_g711_there_and_back(encoding: Encoding) -> None:
    audio_format = AudioFormat(encoding, 8000)
    levels = audio_format.decode(bytes(range(256)))
    assert audio_format.decode(audio_format.encode(levels)).tolist() == levels.tolist()
    samples = np.arange(-32768, 32767, 7).astype(np.int16)
    near = audio_format.decode(audio_format.encode(samples)).astype(int)
    assert np.all(np.abs(near - samples) <= np.maximum(16, np.abs(samples.astype(int)) / 16))


def test_channels_are_mixed() -> None:
    stereo = AudioFormat("linear16", 16000, channels=2)
    assert stereo.decode(np.array([100, 200, -50, 50], "<i2").tobytes()).tolist() == [150, 0]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_pieces_may_split_samples(payload: bytes, size: int) -> None:
    audio_format = AudioFormat("linear16", 16000, channels=2)
    decoder = Decoder(audio_format, 16000)
    pieces = [decoder.push(payload[at : at + size]) for at in range(0, len(payload), size)]
    whole = audio_format.decode(payload[: len(payload) // 4 * 4])
    assert np.concatenate([np.zeros(0, np.int16), *pieces]).tolist() == whole.tolist()


def wav(samples: list[int], rate: int = 16000, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(np.array(samples, "<i2").tobytes())
    return file.getvalue()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_wav_header_tells_the_format(size: int) -> None:
    samples = list(range(-300, 300))
    data = wav(samples)
    decoder = Decoder(None, 16000)
    pieces = [decoder.push(data[at : at + size]) for at in range(0, len(data), size)]
    assert np.concatenate(pieces).tolist() == samples


def test_a_wav_chunk_before_the_format_is_passed_over() -> None:
    data = wav([1, 2, 3])
    data = data[:12] + b"LIST\x03\x00\x00\x00abc\x00" + data[12:]
    assert Decoder(None, 16000).push(data).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [
        b"OggS" + bytes(60),
        b"RIFF\x00\x00\x00\x00AVI " + bytes(60),
        b"RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00",
        b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00abcd",
        wav([1, 2], width=1),
        wav([1, 2], rate=4000),
    ],
)
def test_other_beginnings_are_refused(data: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        Decoder(None, 16000).push(data)


def test_encoded_frames_are_at_most_100_ms_and_nothing_is_lost() -> None:
    encoder = Encoder(24000, AudioFormat("linear16", 8000))
    frames = [*encoder.push(np.ones(24000, np.int16)), *encoder.flush()]
    assert max(map(len, frames)) <= 1600
    assert abs(sum(map(len, frames)) - 16000) <= 8
    assert [*encoder.push(np.ones(240, np.int16)), *encoder.flush()], "the next utterance begins anew"
