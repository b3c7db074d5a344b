"""What the tests of all apps share: Alice and Bob, their API clients, and hypothesis's profiles."""

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from rest_framework.test import APIClient

from accounts import services, tokens
from accounts.api.throttles import MinuteThrottle
from accounts.models import User

PASSWORD = "correct horse battery"

# Deterministic: a red run must be red again. HYPOTHESIS_PROFILE=search looks for new examples.
_slow = [HealthCheck.too_slow]
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=_slow)
settings.register_profile("search", max_examples=2000, deadline=None, suppress_health_check=_slow)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def alice(db: None) -> User:
    return services.register(email="alice@example.org", password=PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    """The outsider: what is Alice's must be 404 for him."""
    return services.register(email="bob@example.org", password=PASSWORD)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def bearing() -> Callable[[str], APIClient]:
    def client(access: str) -> APIClient:
        return APIClient(headers={"Authorization": f"Bearer {access}"})

    return client


@pytest.fixture
def alices(alice: User, bearing: Callable[[str], APIClient]) -> APIClient:
    return bearing(tokens.issue(user=alice).access)


@pytest.fixture
def bobs(bob: User, bearing: Callable[[str], APIClient]) -> APIClient:
    return bearing(tokens.issue(user=bob).access)


@pytest.fixture
def within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttles count per clock minute: theirs stands at twelve seconds, so that none ends during the test."""
    monkeypatch.setattr(MinuteThrottle, "now", staticmethod(lambda: 1_800_000_012.0))


@pytest.fixture
def patient_with_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are waited for, however slow this machine is."""
    monkeypatch.setattr("exchanges.market_data.SECONDS", 120.0)
    monkeypatch.setattr("exchanges.connector.client.TIMEOUT_MS", 60_000)
    monkeypatch.setattr("exchanges.connector.client.RECV_WINDOW_MS", 60_000)  # the most that Binance takes


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's browser. Playwright's own is never downloaded."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(
        "no Chromium on this machine: install one (Debian: apt-get install chromium) for the browser tests"
    )
