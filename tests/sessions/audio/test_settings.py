"""What is remembered about sound."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.settings import AudioSettings, default_path, load, save


def test_what_was_saved_is_loaded(empty_home: Path) -> None:
    assert load() == AudioSettings()
    settings = AudioSettings("ALSA: mic", "none", "off", "duck")
    save(settings)
    assert load() == settings
    assert default_path().is_relative_to(empty_home)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"echo": "loud"}', b'{"input": 1}', b"\xff"])
def test_what_cannot_be_read_is_not_used(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audio.json"
    path.write_bytes(content)
    assert load(path) == AudioSettings()


def test_a_place_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save(AudioSettings(), tmp_path / "file" / "audio.json")
    assert load(tmp_path / "file" / "audio.json") == AudioSettings()


@given(st.binary(max_size=60))
def test_any_content_is_borne(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("settings") / "audio.json"
    path.write_bytes(content)
    assert isinstance(load(path), AudioSettings)
