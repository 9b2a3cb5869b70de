from collections.abc import AsyncIterator

import pytest

from sessions.transport import Transport


@pytest.fixture
async def transport(anyio_backend: str) -> AsyncIterator[Transport]:
    transport = Transport()
    yield transport
    await transport.aclose()
