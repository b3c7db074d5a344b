"""On a slow, loaded machine seconds mean nothing: what the product gives up after a few of them gets a minute."""

from collections.abc import Iterator
from typing import Any

import pytest

from exchanges import background, limiter, market_data
from exchanges.connector import client, paper, socket

PATIENT: list[tuple[Any, str, float]] = [
    (client, "TIMEOUT_MS", 60_000),
    (client, "RECV_WINDOW_MS", 25_000),  # OKX takes no request that is older than thirty seconds
    (paper, "RECV_WINDOW_MS", 60_000),
    (paper, "QUOTE_FRESH_MS", 600_000),
    (paper, "SHARED_SECONDS", 600.0),
    (socket, "OPEN_TIMEOUT", 60.0),
    (socket, "HEARTBEAT", 60.0),
    (limiter, "REDIS_TIMEOUT", 60.0),
    (market_data, "SECONDS", 60.0),
    (background, "CLOSE_SECONDS", 60.0),
]


@pytest.fixture(scope="package", autouse=True)
def _patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, enough in PATIENT:
            patch.setattr(module, name, enough)
        yield
