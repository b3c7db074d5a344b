"""A worker in this process, on a real database, trading on the simulator through the unmodified client."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from redis import Redis

from accounts.models import User
from accounts.services import register
from bots.core.types import Ticker
from bots.models import Bot
from bots.runtime.worker import BotWorker
from bots.services import lifecycle
from exchanges.models import Credential
from exchanges.services import create_credential
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread
from marketdata import bus

GRID = {"lower_price": "60000", "upper_price": "70000", "grid_count": 10, "investment": "2000"}
PRICE = Decimal("65200")


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What `holds` answers once it is true; fails when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain")
        time.sleep(0.02)
    return found


@dataclass
class World:
    """The simulated exchange, its prices on the bus, and workers that run bots."""

    sim: ThreadedSimulator
    redis: Redis
    user: User
    credential: Credential
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(64))
    workers: list[BotWorker] = field(default_factory=list)

    def worker(self) -> BotWorker:
        worker = BotWorker()
        worker.start()
        self.workers.append(worker)
        return worker

    def price(self, price: Decimal | str, symbol: str = "BTC/USDT") -> None:
        """Moves the market there through all orders on the way, and tells the bus as the collector would."""
        value = Decimal(price)
        self.sim.call(lambda exchange: exchange.set_price(symbol.replace("/", ""), value))
        ticker = Ticker(symbol, value, value, value, time.time_ns() // 1_000_000)
        channel = bus.channel_of("binance", symbol)
        self.redis.set(channel, bus.encode(ticker), px=60_000)
        self.redis.publish(channel, bus.encode(ticker))

    def bot(self, config: dict[str, Any] | None = None, strategy: str = "grid", **more: Any) -> Bot:
        values = {"name": "A bot", "symbol": "BTC/USDT", "credential": self.credential, **more}
        return lifecycle.create_bot(user=self.user, strategy=strategy, config=config or GRID, **values)

    def run(self, worker: BotWorker, bot: Bot) -> "Any":
        """What the Celery task does, in a thread of its own."""

        def task() -> None:
            try:
                worker.run_bots([bot.pk])
            finally:
                connections.close_all()

        return self.pool.submit(task)

    def started(self, worker: BotWorker, bot: Bot, orders: int) -> "Any":
        """Starts the bot here and waits for its open orders."""
        lifecycle.start_bot(bot=bot)
        task = self.run(worker, bot)
        until(lambda: bot.orders.filter(status="open").count() == orders)
        return task

    def on_exchange(self, bot: Bot | None = None) -> list[Any]:
        """The open orders in the exchange's own book."""
        uid = int(self.credential.account_uid)
        return self.sim.call(lambda exchange: exchange.open_orders(uid))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.pool.shutdown(wait=True)


@contextmanager
def opened(settings: Any) -> Iterator[World]:
    redis = Redis.from_url(settings.REDIS_URL)
    redis.flushdb()
    with simulator_in_thread(history_days=1) as sim:
        settings.EXCHANGE_SIMULATOR = sim.transport
        user = register(email="alice@example.org", password="correct horse battery")
        credential = create_credential(
            user=user,
            exchange="binance",
            label="key",
            api_key="demo" + "a" * 32,
            api_secret="s" * 32,
            mode="live",
        )
        world = World(sim, redis, user, credential)
        world.price(PRICE)
        try:
            yield world
        finally:
            world.close()
            redis.close()


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[World]:
    with opened(settings) as found:
        yield found
