from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles and allauth count in the cache: each test starts from nothing."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def pages() -> Client:
    return Client()


def only_error(response: Any) -> tuple[str, str | None]:
    """Code and field of the one error of a response."""
    (error,) = response.json()["errors"]
    assert set(error) == {"code", "detail", "attr"}
    return error["code"], error["attr"]
