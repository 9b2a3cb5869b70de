"""Mono samples to MP3, in pieces, with libsndfile's encoder (LAME, in soundfile's wheels since 0.12)."""

from typing import Any

from sessions.audio.pcm import Resampler, Samples


class Mp3Encoder:
    """Has what `wire_audio.Encoder` has; frames follow each other without a break."""

    def __init__(self, rate: int, sample_rate: int, kilobits: int) -> None:
        """`kilobits` a second, constant: up to 320, or 160 below 32 kHz."""
        self._rate = rate
        self._sample_rate = sample_rate
        # libsndfile counts a level of compression from 0, the highest rate, to 1, the lowest.
        highest, lowest = (320, 32) if sample_rate >= 32000 else (160, 8)
        self._level = min(0.999, (highest - kilobits) / (highest - lowest))
        self._begin()

    def push(self, samples: Samples) -> list[bytes]:
        self._file.write(self._resampler.push(samples))
        return self._sink.take()

    def flush(self) -> list[bytes]:
        """Return what encoding kept back; the next push begins anew."""
        self._file.write(self._resampler.flush())
        self._file.close()
        frames = self._sink.take()
        self._begin()
        return frames

    def _begin(self) -> None:
        import soundfile  # noqa: PLC0415 - loads libsndfile, which only MP3 needs here

        self._resampler = Resampler(self._rate, self._sample_rate)
        self._sink = _Sink()
        self._file: Any = soundfile.SoundFile(
            self._sink,
            "w",
            samplerate=self._sample_rate,
            channels=1,
            format="MP3",
            subtype="MPEG_LAYER_III",
            bitrate_mode="CONSTANT",
            compression_level=self._level,
        )


class _Sink:
    """A file that is written on and on, and never looked at again: it keeps nothing that was taken."""

    def __init__(self) -> None:
        self._at = 0
        self._size = 0
        self._new = bytearray()

    def take(self) -> list[bytes]:
        taken = bytes(self._new)
        self._new.clear()
        return [taken] if taken else []

    def write(self, data: bytes) -> int:
        # At its end libsndfile writes a header over the first frame, which is at the peer by then.
        if self._at == self._size:
            self._new += data
            self._size += len(data)
        self._at += len(data)
        return len(data)

    def read(self, size: int) -> bytes:
        return bytes(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at
