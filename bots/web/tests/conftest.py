"""Alice, who owns; Bob, who looks on; both signed in, at the simulated exchange."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from bots.models import Bot
from bots.services import account_looks, lifecycle
from exchanges import background
from exchanges.models import Credential
from exchanges.services import create_credential
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread

GRID = {"lower_price": "60000", "upper_price": "72000", "grid_count": "12", "investment": "1000"}
DCA = {"amount": "100", "interval": "1d", "take_profit": "3"}
Making = Callable[..., Bot]


@pytest.fixture(scope="package")
def sim() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as running:
        running.call(lambda exchange: exchange.set_price("BTCUSDT", Decimal("65000")))
        yield running
        background.close()


@pytest.fixture
def at_the_simulator(
    sim: ThreadedSimulator, settings: Any, db: None, patient_with_exchanges: None
) -> Iterator[None]:
    settings.EXCHANGE_SIMULATOR = sim.transport
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The accounts that workers were sent to look at; none of them runs here."""
    found: list[UUID] = []
    monkeypatch.setattr(account_looks, "_send", found.extend)
    return found


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return signed_in(bob)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def key(alice: User, at_the_simulator: None) -> Credential:
    return create_credential(
        user=alice,
        exchange="binance",
        label="Main",
        api_key=f"demo-{alice.id.hex}",
        api_secret="s3cret-of-alice",
    )


@pytest.fixture
def making(key: Credential, monkeypatch: pytest.MonkeyPatch) -> Making:
    """Makes bots of Alice's. No worker runs here: what would be enqueued is left."""
    monkeypatch.setattr(lifecycle, "enqueue", lambda bot: None)

    def make(name: str = "Range", strategy: str = "grid", **values: Any) -> Bot:
        config = GRID if strategy == "grid" else DCA
        bot = lifecycle.create_bot(
            user=key.user, credential=key, name=name, strategy=strategy, symbol="BTC/USDT", config=config
        )
        Bot.objects.filter(id=bot.id).update(**values)
        bot.refresh_from_db()
        return bot

    return make
