"""What the screen reads of the sound: immutable pictures of microphone, speaker, and what can be chosen."""

import msgspec

from sessions.audio.modes import Arbitration, EchoMode, Route

WAVE_STEP = 0.05
"""Seconds of sound in a peak of a `Wave`."""
WAVE_KEPT = 100
"""Peaks."""


class Wave(msgspec.Struct, frozen=True):
    """The shape of the last seconds of a stream."""

    peaks: tuple[float, ...] = ()
    """0..1, oldest first."""
    end: int = 0
    """How many there were in all, so that who draws knows which are new."""


class Choice(msgspec.Struct, frozen=True):
    """A microphone or speaker that can be chosen."""

    id: str
    """What choosing takes and what is remembered."""
    name: str
    route: Route
    detail: str = ""
    """As its rate and channels."""
    default: bool = False


class InputView(msgspec.Struct, frozen=True):
    """The microphone that sessions share."""

    name: str = ""
    route: Route = "none"
    chosen: str = ""
    """The id of what the user chose; empty for the default."""
    live: bool = False
    """Whether it is a device; else the bundled recording."""
    open: bool = False
    level: float = 0.0
    """Peak of the last moments, 0..1."""
    wave: Wave = Wave()
    clipping: bool = False
    silent_for: float = 0.0
    """Seconds without any sound."""
    lost: int = 0
    """Times that sound was lost, as the device tells."""
    notice: str = ""
    """One line: what is wrong with it, with the way out."""


class OutputView(msgspec.Struct, frozen=True):
    """The speaker that sessions share."""

    name: str = ""
    route: Route = "none"
    chosen: str = ""
    live: bool = False
    """Whether something is open; else speech goes nowhere, at real pace."""
    latency: float = 0.0
    """Seconds from the mixer to the ear."""
    level: float = 0.0
    wave: Wave = Wave()
    waiting: bool = False
    """It is gone, and speech waits for it."""
    underruns: int = 0
    """Times that the device got nothing in time."""
    notice: str = ""


class AudioView(msgspec.Struct, frozen=True):
    input: InputView = InputView()
    output: OutputView = OutputView()
    inputs: tuple[Choice, ...] = ()
    outputs: tuple[Choice, ...] = ()
    echo: EchoMode = "cancel"
    arbitration: Arbitration = "queue"
