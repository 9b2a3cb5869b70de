"""What several folders of tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from sessions.gateway import Gateway
from sessions.local.process import embedded_gateway
from sessions.secrets import Secret


@pytest.fixture
def no_sound_card(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A machine without PortAudio, so that the devices of the one at hand do not matter.

    For child processes, which look for devices, it is as where the library is missing.
    """
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    folder = tmp_path_factory.mktemp("no_portaudio")
    (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def embedded() -> Iterator[Gateway]:
    """The embedded gateway as its own process, with its token."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(embedded_gateway()) as running:
        yield Gateway(running.url, Secret(running.token), name="embedded gateway")


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has never run this, and whose environment holds no keys."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in list(os.environ):
        if name.startswith(("XDG_", "CLOUDFLARE_", "OPENAI_", "VOXDECK_", "SSH_")):
            monkeypatch.delenv(name)
    return home
