"""Audio files, and everything that can be wrong with them."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sessions.audio.files import AudioFileError, bundled_recording, raw, read, write_wav
from sessions.audio.pcm import from_float

TONE = 0.5 * np.sin(np.arange(1600) / 5)


def fault(path: Path) -> str:
    with pytest.raises(AudioFileError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and len(message.splitlines()) == 1
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["tone.wav", "tone.flac"])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_wav_and_flac_are_read(tmp_path: Path, name: str, rate: int) -> None:
    soundfile.write(tmp_path / name, from_float(TONE), rate)
    clip = read(tmp_path / name)
    assert clip.rate == rate and clip.seconds == 1600 / rate
    assert np.array_equal(clip.samples, from_float(TONE))


def test_channels_are_mixed(tmp_path: Path) -> None:
    left, right = np.full(100, 0.5), np.full(100, -0.25)
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), 16000)
    assert np.abs(read(tmp_path / "stereo.wav").samples - 0.125 * 32768).max() < 1


def test_floats_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.array([0.0, 4.0, -4.0]), 16000, subtype="FLOAT")
    assert list(read(tmp_path / "loud.wav").samples) == [0, 32767, -32768]


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert fault(tmp_path / "missing.wav") == "no such file or directory"
    assert fault(tmp_path) == "is a directory"


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    assert fault(path) == "the file is empty"


def test_file_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(0), 16000)
    assert fault(path) == "it holds no sound (length 0)"


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"RIFF",
        b"\0" * 4096,
        b"fLaC" + b"\xff" * 100,
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + bytes(16),
    ],
)
def test_what_is_not_audio(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(content)
    assert fault(path) == "not an audio file that can be read; WAV and FLAC can"


def test_header_that_promises_more_than_memory_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, TONE, 16000)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff\xff\xff\xf0"  # the count of samples, 36 bits
    path.write_bytes(content)
    assert fault(path) == "not an audio file that can be read; WAV and FLAC can"


@pytest.mark.parametrize("rate", [1000, 1_000_000])
def test_rate_that_no_speech_has(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, TONE, rate)
    assert fault(path) == f"its sample rate of {rate} Hz is not usable"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    path = tmp_path / "broken.wav"
    soundfile.write(path, np.array([0.0, value]), 16000, subtype="FLOAT")
    assert fault(path) == "it holds samples that are not numbers"


def test_wav_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, TONE, 16000)
    path.write_bytes(path.read_bytes()[:-1600])
    assert read(path).samples.size == 800


def test_name_of_a_file_cannot_break_the_line(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError) as caught:
        read(tmp_path / "two\nlines\x1b[2J.wav")
    assert str(caught.value).isprintable()


def test_raw_samples() -> None:
    clip = raw(b"\x01\x00\xff\xff\x07", 8000, "standard input")
    assert list(clip.samples) == [1, -1] and clip.rate == 8000
    with pytest.raises(AudioFileError, match=r"^standard input: it holds no sound \(length 0\)$"):
        raw(b"\x01", 8000, "standard input")


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    pcm = from_float(TONE).tobytes()
    write_wav(tmp_path / "out.wav", pcm, 24000)
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24000)
    clip = read(tmp_path / "out.wav")
    assert clip.rate == 24000 and clip.samples.tobytes() == pcm


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing/out.wav", "no such file or directory"),
        (".", "is a directory"),
        ("a\nb/out.wav", "no such file or directory"),
    ],
)
def test_what_cannot_be_written_says_why(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(AudioFileError) as caught:
        write_wav(tmp_path / name, b"\0\0", 24000)
    assert str(caught.value).endswith(f": cannot be written: {why}")
    assert str(caught.value).isprintable()


def test_full_disk_is_told() -> None:
    with pytest.raises(AudioFileError, match="/dev/full: cannot be written: no space left on device"):
        write_wav(Path("/dev/full"), bytes(1_000_000), 24000)


def test_bundled_recording_is_speech() -> None:
    clip = bundled_recording()
    assert clip.rate == 16000 and 5 < clip.seconds < 60
    assert np.abs(clip.samples).max() > 1000
    assert not clip.samples[-clip.rate :].any(), "it ends with a pause"
