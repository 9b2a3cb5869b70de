"""A transcription writes what it has heard into files."""

from pathlib import Path

import pytest

from sessions.audio.manager import AudioManager
from sessions.audio.settings import AudioSettings
from sessions.commands import ImpossibleCommand
from sessions.config import SessionTable
from sessions.events import Interim, Utterance
from sessions.live.actions import Export, Save
from sessions.live.transcribe import TranscribeSession
from sessions.providers.catalogue import find


@pytest.mark.anyio
async def test_a_transcript_is_exported(tmp_path: Path) -> None:
    offer, model = find("transcribe", None, None)
    audio = AudioManager(AudioSettings())
    transcription = TranscribeSession("transcribe", SessionTable("transcribe"), offer, model, audio)
    with pytest.raises(ImpossibleCommand, match="nothing to save"):
        await transcription.do(Export(tmp_path, "srt"))
    transcription.apply(Utterance("\x1b[2JHello there.", 0.5, 1.5), 0.0)
    transcription.apply(Interim("how are", 2.0, 2.5), 0.0)
    said = await transcription.do(Export(tmp_path, "srt"))
    (path,) = tmp_path.iterdir()  # noqa: ASYNC240
    assert str(path) in said and path.suffix == ".srt"
    settled = "1\n00:00:00,500 --> 00:00:01,500\n␛[2JHello there.\n\n"
    assert path.read_text() == settled, "subtitles hold nothing that may still be revised"
    await transcription.do(Save(tmp_path))
    (text,) = tmp_path.glob("*.txt")  # noqa: ASYNC240
    assert text.read_text() == "␛[2JHello there.\nhow are\n"
