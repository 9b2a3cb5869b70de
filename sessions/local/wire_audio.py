"""Audio as the providers' wires carry it: raw encodings and WAV headers to mono samples, and back."""

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sessions.audio.pcm import Resampler, Samples, from_float

Encoding = Literal["linear16", "float32", "mulaw", "alaw"]


class UndecodableAudio(Exception):
    """The bytes are not what the session was told they are."""


def _mulaw_levels() -> Samples:
    """ITU-T G.711 mu-law: the 16-bit level of each of the 256 bytes."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.asarray(np.where(code & 0x80, -magnitude, magnitude), np.int16)


def _alaw_levels() -> Samples:
    """ITU-T G.711 A-law: the 16-bit level of each of the 256 bytes."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code & 0x70) >> 4
    mantissa = ((code & 0x0F) << 4) + np.where(exponent, 0x108, 8)
    magnitude = mantissa << np.maximum(exponent - 1, 0)
    return np.asarray(np.where(code & 0x80, magnitude, -magnitude), np.int16)


def _nearest(levels: Samples) -> NDArray[np.uint8]:
    """For each 16-bit sample, as an unsigned index, the byte whose level is nearest."""
    order = np.argsort(levels, kind="stable")
    middles = (levels[order][:-1].astype(np.int32) + levels[order][1:]) / 2
    samples = np.arange(65536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(middles, samples)].astype(np.uint8)


_LEVELS = {"mulaw": _mulaw_levels(), "alaw": _alaw_levels()}
_SAMPLE_SIZES = {"linear16": 2, "float32": 4, "mulaw": 1, "alaw": 1}
_BYTES = {name: _nearest(levels) for name, levels in _LEVELS.items()}


@dataclass(frozen=True)
class AudioFormat:
    encoding: Encoding
    sample_rate: int
    channels: int = 1

    @property
    def frame_size(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * _SAMPLE_SIZES[self.encoding]

    def encode(self, samples: Samples) -> bytes:
        """Mono samples to bytes."""
        if self.encoding == "linear16":
            return samples.astype("<i2").tobytes()
        if self.encoding == "float32":
            return (samples / 32768.0).astype("<f4").tobytes()
        return _BYTES[self.encoding][samples.view(np.uint16)].tobytes()

    def decode(self, payload: bytes) -> Samples:
        """Whole frames of bytes to mono samples; channels are mixed."""
        samples: Samples
        if self.encoding == "linear16":
            samples = np.frombuffer(payload, "<i2")
        elif self.encoding == "float32":
            samples = from_float(np.frombuffer(payload, "<f4"))
        else:
            samples = _LEVELS[self.encoding][np.frombuffer(payload, np.uint8)]
        if self.channels > 1:
            return np.asarray(samples.reshape(-1, self.channels).mean(axis=1), np.int16)
        return samples


class Decoder:
    """Bytes in pieces of any size to mono samples of one rate.

    Without a format the stream has to begin with a WAV header. Raises `UndecodableAudio`.
    """

    def __init__(self, audio_format: AudioFormat | None, rate: int) -> None:
        self._rate = rate
        self._rest = b""
        self._format: AudioFormat | None = None
        if audio_format is not None:
            self._begin(audio_format)

    def push(self, payload: bytes) -> Samples:
        data = self._rest + payload
        if self._format is None:
            header = wav_header(data)
            if header is None:
                self._rest = data
                return np.zeros(0, np.int16)
            audio_format, size = header
            self._begin(audio_format)
            data = data[size:]
        assert self._format is not None
        whole = len(data) // self._format.frame_size * self._format.frame_size
        self._rest = data[whole:]
        return self._resampler.push(self._format.decode(data[:whole]))

    def flush(self) -> Samples:
        """Return what resampling kept back; the stream is at its end."""
        return np.zeros(0, np.int16) if self._format is None else self._resampler.flush()

    def _begin(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._resampler = Resampler(audio_format.sample_rate, self._rate)


_WAV_ENCODINGS: dict[tuple[int, int], Encoding] = {(1, 16): "linear16", (6, 8): "alaw", (7, 8): "mulaw"}
_WAV_EXTENSIBLE = 0xFFFE


def wav_header(data: bytes) -> tuple[AudioFormat, int] | None:
    """Return the format and the header's size in bytes, or None while the header is incomplete."""
    if not data[:12].startswith(b"RIFF"[: len(data)]) or (len(data) >= 12 and data[8:12] != b"WAVE"):
        raise UndecodableAudio("without `encoding` the audio must begin with a WAV header")
    audio_format = None
    at = 12
    while len(data) >= at + 8:
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            if audio_format is None:
                raise UndecodableAudio("the WAV header has no format before its data")
            return audio_format, at
        if name == b"fmt ":
            if len(data) < at + size:
                return None
            audio_format = _wav_format(data[at : at + size])
        at += size + size % 2
    return None


def _wav_format(chunk: bytes) -> AudioFormat:
    if len(chunk) < 16:
        raise UndecodableAudio("the WAV header's format is cut short")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _WAV_EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    encoding = _WAV_ENCODINGS.get((tag, bits))
    if encoding is None or not 1 <= channels <= 8 or not 8000 <= rate <= 48000:
        raise UndecodableAudio("only 16-bit PCM, mu-law and A-law WAV at 8 to 48 kHz can be decoded")
    return AudioFormat(encoding, rate, channels)


class Encoder:
    """Mono samples of one rate to bytes, in frames of at most 100 ms."""

    def __init__(self, rate: int, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._rate = rate
        self._resampler = Resampler(rate, audio_format.sample_rate)

    def push(self, samples: Samples) -> list[bytes]:
        return self._frames(self._resampler.push(samples))

    def flush(self) -> list[bytes]:
        """Return what resampling kept back; the next push begins anew."""
        frames = self._frames(self._resampler.flush())
        self._resampler = Resampler(self._rate, self._format.sample_rate)
        return frames

    def _frames(self, samples: Samples) -> list[bytes]:
        payload = self._format.encode(samples)
        size = self._format.sample_rate // 10 * self._format.frame_size
        return [payload[at : at + size] for at in range(0, len(payload), size)]
