from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts import services, tokens
from accounts.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles and allauth count in the cache: each test starts from nothing."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    return services.register(email="alice@example.org", password=PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    return services.register(email="bob@example.org", password=PASSWORD)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def pages() -> Client:
    return Client()


@pytest.fixture
def bearing() -> Callable[[str], APIClient]:
    def client(access: str) -> APIClient:
        return APIClient(headers={"Authorization": f"Bearer {access}"})

    return client


@pytest.fixture
def alices(alice: User, bearing: Callable[[str], APIClient]) -> APIClient:
    return bearing(tokens.issue(user=alice).access)


def only_error(response: Any) -> tuple[str, str | None]:
    """Code and field of the one error of a response."""
    (error,) = response.json()["errors"]
    assert set(error) == {"code", "detail", "attr"}
    return error["code"], error["attr"]
