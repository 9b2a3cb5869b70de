"""Files that are written whole or not at all."""

import stat
from pathlib import Path

import pytest

from sessions.files import write_whole


def test_a_file_takes_the_place_of_the_one_before_and_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "state.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_what_was_there_stays_where_it_cannot_be_replaced(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_whole(taken, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
    assert [each.name for each in taken.iterdir()] == ["inside"]
