"""What these tests share."""

import pytest
from hypothesis import HealthCheck, settings

from sessions import secrets

# A loaded machine must not fail a test.
settings.register_profile(
    "voxdeck", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("voxdeck")


@pytest.fixture(autouse=True)
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test declares a secret is an ordinary word in the next."""
    monkeypatch.setattr(secrets, "_known", set())
