"""Audio files: read as 16-bit mono, written as WAV. Every fault is one line that names the file."""

import io
import wave
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

from sessions.audio.pcm import Samples, from_float, samples_of
from sessions.text import one_line

RATES = range(4000, 384_001)
RECORDINGS = ("sense_0870", "sense_0880", "sense_0890")
_PAUSE = 1.0
_BLOCK = 1 << 16


class AudioFileError(Exception):
    """A file cannot be read or written as audio; the message is one line."""


@dataclass(frozen=True)
class Clip:
    """One-dimensional mono samples, 16-bit, at `rate` a second; never empty."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return self.samples.size / self.rate


def read(path: Path) -> Clip:
    """Read WAV, FLAC or whatever else libsndfile reads; channels are mixed. Raises AudioFileError."""
    name = one_line(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioFileError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None
    if not data:
        raise AudioFileError(f"{name}: the file is empty")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = file.samplerate
            # By blocks, because a header may promise more than memory can hold.
            blocks = [np.zeros((0, 1), np.float32)]
            while (block := file.read(_BLOCK, dtype="float32", always_2d=True)).size:
                blocks.append(block.mean(axis=1, keepdims=True))
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError):
        raise AudioFileError(f"{name}: not an audio file that can be read; WAV and FLAC can") from None
    if rate not in RATES:
        raise AudioFileError(f"{name}: its sample rate of {rate} Hz is not usable")
    mono = np.concatenate(blocks)[:, 0]
    if not mono.size:
        raise AudioFileError(f"{name}: it holds no sound (length 0)")
    if not np.isfinite(mono).all():
        raise AudioFileError(f"{name}: it holds samples that are not numbers")
    return Clip(from_float(mono), rate)


def raw(data: bytes, rate: int, name: str) -> Clip:
    """Take bytes as 16-bit little-endian mono. Raises AudioFileError when there is no sample."""
    samples = samples_of(data)
    if not samples.size:
        raise AudioFileError(f"{name}: it holds no sound (length 0)")
    return Clip(samples, rate)


def write_wav(path: Path, pcm: bytes, rate: int) -> None:
    """Write 16-bit mono samples. Raises AudioFileError."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    try:
        # Not by `wave`, which complains on stderr, too, when a file cannot be opened.
        path.write_bytes(out.getvalue())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise AudioFileError(f"{one_line(str(path))}: cannot be written: {why}") from None


def bundled_recording() -> Clip:
    """Return the recording that stands in for a microphone: three sentences read by a person."""
    folder = files("sessions.audio") / "recordings"
    parts: list[Samples] = []
    rate = 0
    for name in RECORDINGS:
        with (folder / f"{name}.wav").open("rb") as opened, wave.open(opened) as recording:
            rate = recording.getframerate()
            parts += [samples_of(recording.readframes(recording.getnframes()))]
            parts.append(np.zeros(int(_PAUSE * rate), np.int16))
    return Clip(np.concatenate(parts), rate)
