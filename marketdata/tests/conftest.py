from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from exchanges.tests.patience import _patience

__all__ = ["_patience"]


@pytest.fixture
def redis_flushed(settings: Any) -> Iterator[None]:
    """No price, pause or count of another test is remembered."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield
        client.flushdb()
