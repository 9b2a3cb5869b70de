"""The recording of a session: what it hears, what it says, or both."""

from collections.abc import Callable
from pathlib import Path

import anyio.to_thread

from sessions.audio.files import AudioFileError
from sessions.audio.manager import AudioManager
from sessions.audio.modes import Sides
from sessions.audio.pcm import Samples
from sessions.audio.recorder import Recorder
from sessions.live.ear import Ear


class Recording:
    """Begun and ended at any time. `trouble` takes a line when it ends by itself, as on a full disk."""

    def __init__(self, name: str, audio: AudioManager, ear: Ear, trouble: Callable[[str], None]) -> None:
        self._name, self._audio, self._ear, self._trouble = name, audio, ear, trouble
        self._recorder: Recorder | None = None

    @property
    def path(self) -> Path | None:
        """The file that is being written."""
        return self._recorder.path if self._recorder else None

    async def start(self, path: Path, sides: Sides) -> None:
        """Raises AudioFileError."""
        self._recorder = recorder = await anyio.to_thread.run_sync(Recorder, path, sides)
        self._ear.overhear = recorder.hear
        self._audio.mixer.listen(self._name, self._overhear)
        self._audio.beside(self._write, recorder)

    def stop(self) -> Recorder | None:
        """End it; return what was recorded."""
        recorder, self._recorder = self._recorder, None
        self._ear.overhear = None
        self._audio.mixer.unlisten(self._overhear)
        if recorder:
            recorder.close()
        return recorder

    async def _write(self, recorder: Recorder) -> None:
        try:
            await recorder.run()
        except AudioFileError as error:
            if recorder is self._recorder:
                self.stop()
            self._trouble(f"the recording has ended: {error}")

    def _overhear(self, frame: int, samples: Samples) -> None:
        """In the device's thread."""
        if recorder := self._recorder:
            recorder.say(samples, self._audio.mixer.time_of(frame))
