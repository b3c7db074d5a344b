"""Real worker processes over a real database and queue, against a simulated exchange in a thread of the test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection
from redis import Redis

from accounts.services import register
from bots.core.types import Side, Ticker
from bots.models import Bot, Order
from bots.services import lifecycle
from exchanges.models import Credential
from exchanges.services import create_credential
from exchanges.simulator.faults import Faults
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread
from marketdata import bus
from tests.schedules import judge
from tests.schedules.watch import Watch

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "demo-key-of-the-crash-tests", "secret-of-the-crash-tests-4712"
PRICE = Decimal(60_000)
GRID = {
    "lower_price": "58000",
    "upper_price": "62000",
    "grid_count": 4,
    "investment": "2000",
    "post_only": False,
}
# What a fleet may shorten by its settings: the exchange's own window stays.
WINDOWS = {"AUTOGRID_RESOLVE_DELAY_MS": "1000", "AUTOGRID_BETWEEN_MISSES_MS": "1000"}


def until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return found


@dataclass
class Rig:
    sim: ThreadedSimulator
    redis: Redis
    credential: Credential
    logs: Path
    watch: Watch = field(default_factory=lambda: Watch((SECRET, KEY)))
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    # Processes

    def worker(self, kill_at: str = "never:1") -> "subprocess.Popen[bytes]":
        name = f"bots{len(self.workers)}"
        command = [sys.executable, "-m", "tests.crash.worker", "--kill-at", kill_at, "--name", name]
        with (self.logs / f"{name}.log").open("wb") as log:
            found = subprocess.Popen(command, cwd=ROOT, env=self._environment(), stdout=log, stderr=log)
        self.workers.append(found)
        return found

    def _environment(self) -> dict[str, str]:
        from django.conf import settings

        parts = urlsplit(os.environ["DATABASE_URL"])
        address = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
        return kept | WINDOWS | {
            "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
            "DATABASE_URL": address,
            "REDIS_URL": settings.REDIS_URL,
            "AUTOGRID_SIMULATOR": json.dumps(self.sim.transport),
        }  # fmt: skip

    def end_workers(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(60)

    # The exchange, the market and the user

    @property
    def faults(self) -> Faults:
        return self.sim._inner.faults

    def price(self, price: Decimal) -> None:
        self.sim.call(lambda exchange: exchange.set_price("BTCUSDT", price))
        ticker = Ticker("BTC/USDT", price, price, price, time.time_ns() // 1_000_000)
        channel = bus.channel_of("binance", "BTC/USDT")
        self.redis.set(channel, bus.encode(ticker), px=60_000)
        self.redis.publish(channel, bus.encode(ticker))

    def swing(self, rounds: int = 1) -> None:
        """Down through a buy and up through its sell."""
        for _ in range(rounds):
            for price in (Decimal(58_900), Decimal(60_100)):
                self.price(price)
                time.sleep(0.4)

    def bot(self) -> Bot:
        user = self.credential.user
        values = {"credential": self.credential, "strategy": "grid", "symbol": "BTC/USDT", "config": GRID}
        return lifecycle.create_bot(user=user, name="A bot", **values)

    def stop_all(self) -> None:
        for bot in Bot.objects.all():
            lifecycle.stop_bot(bot=bot)

    # The judge

    def books(self) -> judge.Books:
        uid = int(self.credential.account_uid)
        self.watch.posts.clear()
        for row in self.sim.call(lambda exchange: exchange.journal.requests.of(KEY)):
            name = row["parameters"].get("newClientOrderId", "")
            if row["method"] == "POST" and name.startswith("ag"):
                self.watch.posts[name] += 1
        self.watch.log.lines = [line for log in self.logs.iterdir() for line in log.read_text().splitlines()]
        self.watch.log.leaks = [line[:200] for line in self.watch.log.lines if SECRET in line or KEY in line]
        seen = self.sim.call(lambda exchange: judge.Seen.at(exchange, uid))
        return judge.Books(seen, self.credential, self.watch)

    def judged(self) -> list[str]:
        return judge.judged(self.books(), (*judge.ALWAYS, *judge.SETTLED))

    def settle(self, seconds: float) -> None:
        """Until all invariants hold; tells which do not."""
        deadline = time.monotonic() + seconds
        while broken := self.judged():
            assert time.monotonic() < deadline, "\n".join(broken)
            time.sleep(0.5)

    def has_orders(self, count: int) -> bool:
        return Order.objects.filter(status="open").count() >= count


@contextmanager
def opened(settings: Any, logs: Path) -> Iterator[Rig]:
    redis = Redis.from_url(settings.REDIS_URL)
    redis.flushdb()
    with simulator_in_thread(history_days=1) as sim:
        settings.EXCHANGE_SIMULATOR = sim.transport
        user = register(email="crash@example.org", password="correct horse battery")
        credential = create_credential(
            user=user, exchange="binance", label="key", api_key=KEY, api_secret=SECRET, mode="live"
        )
        rig = Rig(sim, redis, credential, logs)
        stranger = NewOrder("SOLUSDT", Side.BUY, Kind.LIMIT, judge.BY_HAND, Decimal(50), Decimal(1))
        sim.call(lambda exchange: exchange.place(int(credential.account_uid), stranger))
        sim.call(lambda exchange: exchange.listen(rig.watch.happened))
        rig.price(PRICE)
        try:
            yield rig
        finally:
            rig.end_workers()
            redis.close()
