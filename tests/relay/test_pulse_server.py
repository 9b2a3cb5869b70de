"""A PulseAudio server that the user has forwarded by hand."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sessions.audio import directory
from sessions.audio.pulse import FOLDER
from sessions.gateway import Gateway
from sessions.live.actions import Say
from tests.audio.conftest import Pulse
from tests.live.test_engine import phase, ready, running, until
from tests.relay.conftest import Sshd


@pytest.fixture
def forwarded(pulse: Pulse, sshd: Sshd, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The server, through ssh, as it is seen at the other end: nothing but a socket tells of it."""
    path = FOLDER / f"pulse-{secrets.token_hex(4)}.sock"
    local = pulse.environment["PULSE_SERVER"].removeprefix("unix:")
    sshd.tunnel(sshd.forwarding(f"{path}:{local}", "-N"), path)
    for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    yield path
    path.unlink(missing_ok=True)


def test_it_is_found_and_played_on(pulse: Pulse, forwarded: Path, embedded: Gateway) -> None:
    assert f"unix:{forwarded}" in directory.look().servers
    with pulse.heard() as heard, running(embedded) as engine:
        view = until(engine, lambda view: ready(view) and view.audio.output.live)
        assert view.audio.output.route == "pulseaudio" and str(forwarded) in view.audio.output.name
        engine.post("speak", Say("It is heard through the tunnel.")).result(5)
        until(engine, lambda view: phase(view, 0) == "done")
    assert np.abs(heard.samples).max() > 3000
