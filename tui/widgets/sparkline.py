"""Latencies, as a row of bars and in words."""

import statistics
from collections.abc import Sequence

from tui.widgets.waveform import LEVELS


def sparkline(values: Sequence[float], cells: int) -> str:
    """Draw the latest values, one a cell, against the largest of them; the smallest can still be seen."""
    shown = values[-cells:] if cells > 0 else ()
    most = max(shown, default=0.0) or 1.0
    return "".join(LEVELS[1 + round(7 * max(0.0, value) / most)] for value in shown)


def latency(seconds: float) -> str:
    """`245 ms`, `1.3 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def latency_words(values: Sequence[float]) -> str:
    """`last 245 ms · median 251 ms · p95 298 ms`."""
    if not values:
        return "none yet"
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return f"last {latency(values[-1])} · median {latency(statistics.median(values))} · p95 {latency(p95)}"
