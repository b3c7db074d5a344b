from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tests.authenticator import App

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


@pytest.fixture
def app(alice: User, monkeypatch: pytest.MonkeyPatch) -> App:
    """Alice's second factor is on; the time of codes stands still unless a test moves it."""
    app = App(monkeypatch)
    app.switch_on(alice)
    return app


def long_ago(client: Client) -> None:
    """What this session confirmed, by signing in too, is over."""
    session = client.session
    session["signed_in_at"] = 0
    session.pop("account_authentication_methods", None)
    session.save()


def only_error(response: Any) -> tuple[str, str | None]:
    """Code and field of the one error of a response."""
    (error,) = response.json()["errors"]
    assert set(error) == {"code", "detail", "attr"}
    return error["code"], error["attr"]
