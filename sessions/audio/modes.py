"""The choices that a user has about sound, by the names under which they are shown and stored."""

from typing import Literal

MicrophoneMode = Literal["on", "muted", "push-to-talk", "voice"]
"""on: all is sent. muted: silence is sent. push-to-talk: sent while the user talks, which a key begins and
ends. voice: sent while there is speech. The last two begin with what was heard just before."""

Arbitration = Literal["queue", "mix", "solo", "duck"]
"""Which panes sound when several speak: one after another; all at once; the one in front, while the others
run unheard; all, with those behind the one in front lowered."""

EchoMode = Literal["cancel", "half-duplex", "off"]
"""What keeps the speaker out of the microphone: cancelling, silence while something sounds, nothing."""

Sides = Literal["input", "output", "both"]

Route = Literal["device", "pulseaudio", "relay", "file", "none"]
"""By what way sound comes in and goes out."""

MICROPHONE_MODES: tuple[MicrophoneMode, ...] = ("on", "muted", "push-to-talk", "voice")
ARBITRATIONS: tuple[Arbitration, ...] = ("queue", "mix", "solo", "duck")
ECHO_MODES: tuple[EchoMode, ...] = ("cancel", "half-duplex", "off")

LOUDEST = 2.0
SLOWEST, FASTEST = 0.5, 2.0
"""Volume (from 0) and speed: 1 is as it came."""
SHORTEST_BLOCK, LONGEST_BLOCK = 0.02, 0.1
"""Seconds of microphone a message. Fewer are sooner there and cost more of the processor (24 to 69 % of a
core for 50 connections, measured)."""
