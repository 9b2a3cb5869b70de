"""What a pane's frame tells: its session, the state of it, latency, cost, and whatever is not as usual."""

import time
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.cells import cell_len

from sessions.state.snapshot import SessionView
from sessions.text import one_line
from tui.words import dollars, milliseconds, time_left

if TYPE_CHECKING:
    from tui.panes.pane import Pane

_TOLD_BEFORE = 600.0
"""Seconds before a session's end from which on the time left stands before other facts."""


def frame_title(pane: "Pane", view: SessionView, state: str, room: int) -> str:
    """`2 Speak · workers-ai aura-1 · ready`, with the model or the provider left out where room is short."""
    number = f"{pane.number} " if pane.number else ""
    grouped = "⇄ " if pane.grouped else ""
    name = f"{number}{grouped}{pane.name_shown}"
    model = one_line(view.model.rpartition("/")[2], 40)
    said = _phase(view) or state
    if view.phase == "failed":
        said = f"! {said}"
    short = said.partition(" (")[0]  # without the key that changes it
    forms = (
        f"{name} · {one_line(view.provider, 30)} {model} · {said}",
        f"{name} · {one_line(view.provider, 30)} {model} · {short}",
        f"{name} · {model} · {short}",
        f"{name} · {short}",
    )
    return next((form for form in forms if cell_len(form) <= room), forms[-1])


def _phase(view: SessionView) -> str:
    """The connection's state where it is not simply open."""
    if view.phase == "retrying":
        left = max(0.0, (view.retry_at or 0.0) - time.monotonic())
        return f"retrying in {left:.0f} s"
    return "" if view.phase == "ready" else view.phase


def facts(view: SessionView) -> list[str]:
    """Latency, cost so far, time left."""
    left = None if view.expires_at is None else view.expires_at - time.monotonic()
    ends = [] if left is None else [time_left(left)]
    latency = [milliseconds(view.latencies[-1])] if view.latencies else []
    cost = [dollars(view.cost)] if view.cost else []
    soon = left is not None and left < _TOLD_BEFORE
    return [*ends, *latency, *cost] if soon else [*latency, *cost, *ends]


def remarks_in(
    view: SessionView, remarks: list[str], known: list[str], room: int
) -> tuple[str, tuple[str, ...]]:
    """Return what stands in the frame's bottom line, and the remarks for which there is no room.

    The recording comes first, its file named where there is room for all; then remarks, then facts.
    """
    recording = [f"● rec {one_line(PurePath(view.recording).name, 50)}"] if view.recording else []
    short = ["● rec"] if view.recording else []
    for parts in ([*recording, *remarks, *known], [*short, *remarks, *known]):
        if cell_len(joined := _joined(parts)) <= room:
            return joined, ()
    told = [*short, *remarks]
    if cell_len(_joined(told)) <= room:
        for fact in known:
            if cell_len(_joined([*told, fact])) <= room:
                told.append(fact)
        return _joined(told), ()
    return _joined([*short, *known]), tuple(_lines(remarks, room - 2))


def _lines(remarks: list[str], room: int) -> list[str]:
    """The remarks, together where they have room on one line."""
    lines: list[str] = []
    for remark in remarks:
        together = _joined([*lines[-1:], remark])
        if lines and cell_len(together) <= room:
            lines[-1] = together
        else:
            lines.append(_joined([remark]))
    return lines


def _joined(parts: list[str]) -> str:
    return one_line(" · ".join(parts), 400)
