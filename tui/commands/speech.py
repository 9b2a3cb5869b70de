"""What is spoken, as the commands collect it."""

from typing import TYPE_CHECKING

from sessions.events import Audio, AudioEnd, Event
from tui.commands import headless

if TYPE_CHECKING:
    from sessions.audio.mixer import Mixer


SPOKEN = "speech"
"""What it is called in a mixer."""


class Speech:
    """Collects an utterance's audio, and plays it where there is a mixer."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.rate = 0
        self.asked = 0.0
        self.first_byte: float | None = None
        self.complete = False
        self._mixer: Mixer | None = None

    def play_with(self, mixer: "Mixer") -> None:
        """Play what comes."""
        self._mixer = mixer

    def hear(self, t: float, event: Event) -> None:
        match event:
            case Audio(utterance=name, pcm=pcm, rate=rate):
                self.pcm += pcm
                self.rate = rate
                if self.first_byte is None:
                    self.first_byte = t - self.asked
                if self._mixer:
                    self._mixer.add(name, SPOKEN, pcm, rate)
            case AudioEnd(utterance=name):
                self.complete = True
                if self._mixer:
                    self._mixer.end(name)
            case _:
                pass

    @property
    def seconds(self) -> float:
        return len(self.pcm) / (2 * self.rate) if self.rate else 0.0

    @property
    def first_byte_text(self) -> str:
        return (
            "no audio came"
            if self.first_byte is None
            else f"first byte after {self.first_byte * 1000:.0f} ms"
        )

    def write(self, path: object) -> None:
        from sessions.audio import files  # noqa: PLC0415 - numpy takes 70 ms, which text need not wait for

        if not self.pcm:
            raise headless.CommandFailed("the provider sent no audio for this text")
        try:
            files.write_wav(path, bytes(self.pcm), self.rate)  # type: ignore[arg-type]
        except files.AudioFileError as error:
            raise headless.CommandFailed(str(error)) from None
