"""Real speech with its words, and how many of them were heard wrongly."""

import wave
from collections.abc import Sequence
from pathlib import Path

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

RECORDINGS = Path(__file__).parents[1] / "sessions" / "audio" / "recordings"


def recording(name: str) -> bytes:
    """Samples at 16 kHz."""
    with wave.open(str(RECORDINGS / f"{name}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


def transcripts() -> dict[str, str]:
    """What is said in each recording."""
    lines = (RECORDINGS / "transcripts.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def word_errors(said: Sequence[str], heard: Sequence[str]) -> float:
    """Word error rate over all."""
    normalize = EnglishTextNormalizer()
    reference, hypothesis = ([normalize(text.replace("-", " ")) for text in texts] for texts in (said, heard))
    return float(jiwer.wer(reference, hypothesis))
