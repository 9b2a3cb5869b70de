"""How sound is told in a few words, the same in title bar, frames and audio screen."""

import math

from sessions.audio.modes import Route
from sessions.audio.view import InputView, OutputView
from sessions.state.snapshot import SessionView
from sessions.text import one_line

SILENT_AFTER = 5.0
"""Seconds of an open microphone without any sound, from which on it is said."""

_ROUTES: dict[Route, str] = {
    "pulseaudio": "PulseAudio server",
    "relay": "relay",
    "file": "file",
    "none": "none",
}
_SHORT: dict[Route, str] = {**_ROUTES, "pulseaudio": "PulseAudio"}


def route_words(route: Route, name: str) -> str:
    """Tell by what way sound goes: `MacBook Microphone`, `relay (laptop)`, `none`."""
    name = one_line(name, 60)
    if route == "device":
        return name or "device"
    if route == "none" or not name:
        return _ROUTES[route]
    return name if name.lower().startswith(_SHORT[route].lower()) else f"{_ROUTES[route]} ({name})"


def route_in_a_word(route: Route, name: str) -> str:
    return one_line(name, 60) or "device" if route == "device" else _SHORT[route]


def decibels(level: float) -> str:
    """A level of 0..1 in dB below full scale."""
    return f"{20 * math.log10(min(1.0, level)):.0f} dB" if level > 0.0003 else "-∞ dB"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def times(count: int, what: str) -> str:
    """`1 underrun`, `3 underruns`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def milliseconds(seconds: float) -> str:
    """`48 ms`, `1.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def dollars(amount: float) -> str:
    """`$0.0012`, `$0.43`: at least two digits that say something."""
    return f"${amount:.2f}" if amount >= 0.1 else f"${amount:.4f}"


def time_left(seconds: float) -> str:
    """`58 min left`, `40 s left`."""
    seconds = max(0.0, seconds)
    return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"


def is_silent(view: InputView) -> bool:
    return view.open and view.silent_for >= SILENT_AFTER


def output_trouble(view: OutputView, *, short: bool = False) -> str:
    if not view.waiting:
        return ""
    return "gone, waiting" if short else "speaker gone: waiting"


def microphone_state(view: SessionView) -> str:
    """What a ready session does with what it hears."""
    if view.microphone == "push-to-talk":
        return "talking (Ctrl+L ends)" if view.hearing else "push-to-talk (Ctrl+L talks)"
    if not view.listening:
        return "not listening (Ctrl+L listens)"
    if view.microphone == "muted":
        return "muted (F8 unmutes)"
    if view.microphone == "voice":
        return "voice: hearing" if view.hearing else "voice: waits for speech"
    return "listening"
