"""Bots over the real simulator: services reach it through the unmodified ccxt client."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts.models import User
from bots.models import Bot
from bots.services import lifecycle, places
from exchanges import background
from exchanges.models import Credential
from exchanges.services import create_credential
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread

PRICE = Decimal(50_000)
BOTS = "/api/v1/bots"
GRID = {"lower_price": "45000", "upper_price": "55000", "grid_count": 20, "investment": "1000"}
DCA = {"amount": "100", "interval": "1h", "take_profit": "2"}
_keys = count(1)


@pytest.fixture(scope="session")
def simulator() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread(seed=1, limits=Limits(weight=10**9)) as running:
        yield running
        background.close()


@pytest.fixture(autouse=True)
def _fresh_redis() -> Iterator[None]:
    """Throttles, prices and Celery's queues: each test starts from nothing."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def patience(patient_with_exchanges: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange, candles and replays are waited for, however slow this machine is."""
    monkeypatch.setattr("bots.backtest.service.backtest.__defaults__", (600.0, 600.0))
    monkeypatch.setattr("bots.backtest.suggest.suggest.__kwdefaults__", {"patience": 600.0})


@pytest.fixture
def exchange(simulator: ThreadedSimulator, settings: Any, patience: None) -> ThreadedSimulator:
    """The exchange with BTC at 50,000 USDT."""
    settings.EXCHANGE_SIMULATOR = simulator.transport
    simulator.call(lambda e: e.set_price("BTCUSDT", PRICE))
    return simulator


@pytest.fixture
def within_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backtests are counted per day (UTC): none ends during the test."""
    monkeypatch.setattr(places, "_key", lambda user: f"backtests:{user.pk}:today")


def key_of(user: User) -> Credential:
    """A key to an account of its own with 100,000 USDT."""
    name = f"demo-{user.email.partition('@')[0]}-{next(_keys)}"
    secret = f"secret-of-{name}"
    return create_credential(user=user, exchange="binance", label="Main", api_key=name, api_secret=secret)


@pytest.fixture
def alices_key(alice: User, exchange: ThreadedSimulator) -> Credential:
    return key_of(alice)


@pytest.fixture
def bobs_key(bob: User, exchange: ThreadedSimulator) -> Credential:
    return key_of(bob)


@pytest.fixture
def alices_bot(alice: User, alices_key: Credential) -> Bot:
    return make_bot(alice, alices_key)


@pytest.fixture
def bobs_bot(bob: User, bobs_key: Credential) -> Bot:
    return make_bot(bob, bobs_key)


def make_bot(user: User, key: Credential, **changes: Any) -> Bot:
    values = {"name": "Grid", "strategy": "grid", "symbol": "BTC/USDT", "config": GRID} | changes
    return lifecycle.create_bot(user=user, credential=key, **values)


def body(key: Credential, **changes: Any) -> dict[str, Any]:
    """What POST /bots takes."""
    values = {"name": "My Grid Bot", "strategy": "grid", "symbol": "BTC/USDT", "config": GRID}
    return {"credential_id": str(key.pk), **values} | changes


def errors_of(response: Any) -> list[tuple[str, str | None]]:
    """(code, attr) of each error."""
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


Command = Callable[..., Any]


@pytest.fixture
def command(alices: APIClient, alices_bot: Bot) -> Command:
    """`command("start")` on Alice's bot, as Alice."""

    def send(name: str, data: Any = None, **options: Any) -> Any:
        return alices.post(f"{BOTS}/{alices_bot.pk}/{name}", data, **options)

    return send


def force(bot: Bot, **state: Any) -> Bot:
    """Puts the bot into a state that otherwise a runner brings about."""
    Bot.objects.filter(pk=bot.pk).update(**state)
    bot.refresh_from_db()
    return bot
