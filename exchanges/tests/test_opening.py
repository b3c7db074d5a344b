"""The ways to an exchange: for pages and API on the background loop, for the runtime on its own."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction

from accounts.models import User
from bots.core import ports
from exchanges import background, hub, sealed, services
from exchanges.models import Credential, PermissionState
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread


@pytest.fixture(scope="module")
def sim() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as running:
        running.call(lambda exchange: exchange.set_price("BTCUSDT", Decimal(60_000)))
        yield running
        background.close()


@pytest.fixture(autouse=True)
def _at_the_simulator(sim: ThreadedSimulator, settings: Any) -> None:
    settings.EXCHANGE_SIMULATOR = sim.transport


@pytest.fixture
def credential(db: None) -> Credential:
    user = User.objects.create_user("alice@example.org", "x" * 12)
    return services.create_credential(
        user=user, exchange="binance", label="Main", api_key=f"demo-{uuid4().hex}", api_secret="secret"
    )


def test_pages_are_told_markets_prices_and_candles():
    assert services.market_of("binance", "BTC/USDT").tick == Decimal("0.01")
    assert "BTC/USDT" in [market.symbol for market in services.symbols_of("binance")]
    assert services.ticker_of("binance", "BTC/USDT").price == Decimal(60_000)
    assert services.fetch_candles("binance", "BTC/USDT", 1, 5) is not None


def test_what_is_not_listed_is_unknown():
    for exchange, symbol in (("binance", "NO/SUCH"), ("kraken", "BTC/USDT")):
        with pytest.raises(ports.UnknownSymbol):
            services.market_of(exchange, symbol)


def test_many_threads_may_ask_at_once():
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(services.market_of("binance", "ETH/USDT").symbol))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["ETH/USDT"] * 20


def test_after_a_close_the_loop_is_made_anew():
    assert services.symbols_of("binance")
    background.close()
    background.close()
    assert services.symbols_of("binance")


def test_what_takes_too_long_is_unavailable():
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ports.ExchangeUnavailable):
        background.run(never, 0.05)


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_the_exchange_holds_no_database_connection():
    ours = connections["default"]  # this thread's
    ours.ensure_connection()

    async def is_held() -> bool:
        return ours.connection is not None

    with transaction.atomic():
        assert background.run(is_held, 60)
    assert not background.run(is_held, 60)


def test_balances_are_told(credential):
    assert services.balances_of(credential)["USDT"].free == Decimal(100_000)


def test_a_refused_key_is_marked(credential, sim):
    api_key = sealed.api_key(credential)

    def change(exchange: Any) -> None:
        keys = exchange.accounts.keys
        keys[api_key] = replace(keys[api_key], secret="another")

    sim.call(change)
    with pytest.raises(ports.AccountRefused):
        services.balances_of(credential)
    credential.refresh_from_db()
    assert (credential.is_valid, credential.permission_state) == (False, PermissionState.ERROR)


def test_a_key_that_does_not_open_is_an_account_refused(credential):
    credential.api_secret_encrypted = b"\x01\x02k9" + b"x" * 40
    with pytest.raises(ports.AccountRefused, match="'k9'"):
        services.balances_of(credential)


async def test_the_runtime_opens_connectors_on_its_own_loop():
    try:
        public = await services.open_public("binance")
        assert (await public.market("BTC/USDT")).symbol == "BTC/USDT"
        with pytest.raises(ports.AccountRefused):
            await public.balances()
        assert await services.open_price_stream("binance") is not None
        await public.close()
        assert (await hub.hub()).markets.of("binance").fresh
    finally:
        await services.close_hub()


@pytest.mark.django_db
def test_a_connector_opens_with_its_credentials_keys(credential):
    async def balances() -> Any:
        try:
            connector = await services.open_connector(credential)
            stream = await services.open_account_stream(credential, connector)
            assert stream is not None
            found = await connector.balances()
            await connector.close()
            return found
        finally:
            await services.close_hub()

    assert asyncio.run(balances())["USDT"].free == Decimal(100_000)


def test_a_forked_child_has_a_loop_of_its_own():
    assert services.symbols_of("binance")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if services.symbols_of("binance") else 1
        finally:
            os._exit(status)
    alarm = threading.Timer(120, os.kill, (child, signal.SIGKILL))
    alarm.start()
    _, status = os.waitpid(child, 0)
    alarm.cancel()
    assert os.waitstatus_to_exitcode(status) == 0
    assert services.symbols_of("binance")


SCRIPT = """
import django
django.setup()
from django.conf import settings
settings.EXCHANGE_SIMULATOR = {transport}
from exchanges import background, market_data, services
market_data.SECONDS = background.CLOSE_SECONDS = 120.0
print(services.market_of("binance", "BTC/USDT").symbol)
"""


def test_a_process_that_asked_ends_without_a_murmur(sim):
    ended = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "-c",
            SCRIPT.format(transport=sim.transport),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=django_settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "BTC/USDT", "")
