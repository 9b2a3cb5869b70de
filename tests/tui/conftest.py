"""What the tests of the screen share."""

import pytest

from tests.relay.conftest import folder, sshd  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _nothing_of_the_user(empty_home: object) -> None:
    """Workspaces are kept in the home folder: every deck begins in an empty one."""
