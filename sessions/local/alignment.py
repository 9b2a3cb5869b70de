"""When words and letters sound, where an engine does not tell: estimates, shared out by length."""

from collections.abc import Sequence

import numpy as np

from sessions.audio.pcm import Samples

_AUDIBLE = 300
"""Peak of 16-bit samples, about -40 dB; quieter is the silence around a sentence."""

Span = tuple[float, float]
"""Start and end in seconds."""


def share(span: Span, lengths: Sequence[int]) -> list[Span]:
    """Divide a span into one after the other, as long as `lengths` are in proportion."""
    start, end = span
    bounds = start + (end - start) * np.cumsum([0, *lengths]) / max(1, sum(lengths))
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def word_spans(words: Sequence[str], span: Span) -> list[Span]:
    """Share a span out by letters; the gap after a word counts as one."""
    return share(span, [len(word) + 1 for word in words])


def audible(samples: Samples, rate: int) -> Span:
    """Return the span between the silences at both ends; all of it when there is nothing else."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) >= _AUDIBLE)
    if not len(loud):
        return 0.0, len(samples) / rate
    return float(loud[0]) / rate, float(loud[-1] + 1) / rate
