"""Postgres or Valkey killed and kept away, under bots that trade: nothing is opened without the one, all trade on
without the other, nothing is lost, and everything comes back by itself. `STORES_AWAY=60` keeps them away for longer."""

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from tests.stack import Stack, eventually, running_stack, until
from tests.test_kill_the_worker import UNKNOWN, Fleet

AWAY = float(os.environ.get("STORES_AWAY", "10"))  # seconds
ON_THE_WAY = 5  # seconds in which an order that was committed before the death may still arrive
BACK = 120  # seconds: the supervisor tries again every 10 s at the latest, for the store and for the bots' worker
EVERY = 120  # seconds; beat has work for the queue every 30
# What a store reads when it starts, in `services`.
READ_FIRST = {"postgres": "postgres/postgresql.conf", "valkey": "valkey/dump.rdb"}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """On a stack of its own: the logs of the shared one tell of no error."""
    with running_stack() as stack:
        fleet = Fleet.assemble(stack, "stores", 2, 6)
        fleet.start()
        eventually(fleet.are_at_work, UNKNOWN)
        yield fleet
        fleet.stop()
        fleet.books_agree()


def test_without_postgres_nothing_is_opened(fleet: Fleet) -> None:
    stack, before = fleet.stack, fleet.newest()
    with away(stack, "postgres"):
        began = time.monotonic()
        time.sleep(ON_THE_WAY)
        sent = orders_sent(fleet)
        fleet.push("SELL")
        assert missing(stack)["database"]
        time.sleep(max(0.0, began + AWAY - time.monotonic()))
        assert orders_sent(fleet) == sent
    everything_is_back(fleet, before)


async def test_without_valkey_bots_trade_on(fleet: Fleet) -> None:
    """A page that is open meanwhile is live again afterwards, on the same socket."""
    url, protocol = f"{fleet.stack.url}/ws/live", f"bearer.{fleet.trader.token}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=[protocol]) as socket:
        assert json.loads(await socket.receive_str(timeout=UNKNOWN))["type"] == "snapshot"  # it stands
        work = asyncio.create_task(asyncio.to_thread(without_valkey, fleet))
        await hears_a_price_after(socket, work)
        await work


def without_valkey(fleet: Fleet) -> None:
    stack, trader, before = fleet.stack, fleet.trader, fleet.newest()
    with away(stack, "valkey"):
        began = time.monotonic()
        fleet.push("BUY")
        assert set(missing(stack)) == {"broker"}
        eventually(lambda: fleet.are_at_work(since=before), UNKNOWN)
        # A user's word is heard all the same; who is started waits for the queue.
        stopped = fleet.bots[0]
        trader.post(f"bots/{stopped}/stop")
        until(lambda: trader.have_stopped(stopped), UNKNOWN, "the stop")
        before = fleet.newest()
        assert trader.post(f"bots/{stopped}/start")["status"] == "running"
        fleet.push("SELL", without=stopped)
        time.sleep(max(0.0, began + AWAY - time.monotonic()))
    everything_is_back(fleet, before)


def test_both_killed_at_once(fleet: Fleet) -> None:
    """The supervisor has them back within a second or two."""
    before = fleet.newest()
    killed = {name: fleet.stack.kill(name) for name in READ_FIRST}
    fleet.push("BUY")
    for name, pid in killed.items():
        fleet.stack.successor(name, pid)
    everything_is_back(fleet, before)


# --- steps ---


@contextmanager
def away(stack: Stack, name: str) -> Iterator[None]:
    """Killed, and unable to start until the block ends, however often the supervisor tries."""
    file = stack.home / "services" / READ_FIRST[name]
    before = file.read_bytes() if file.exists() else None
    file.write_text("nonsense\n")
    stack.kill(name)
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)


def everything_is_back(fleet: Fleet, before: int) -> None:
    """All processes, the queue, and every bot: each has answered what the market did since order `before`."""
    stack, began = fleet.stack, time.monotonic()
    done = tasks_done(stack)
    until(lambda: not missing(stack), BACK, "readiness")
    until(lambda: stack.script("status").returncode == 0, BACK, "all processes")
    print(f"all processes were up {time.monotonic() - began:.1f} s after the way back was free")
    eventually(lambda: fleet.are_at_work(since=before), UNKNOWN)
    print(f"all bots were at work {time.monotonic() - began:.1f} s after it")
    until(lambda: tasks_done(stack) > done, EVERY, "work done from the queue")
    eventually(fleet.books_agree, BACK)


def missing(stack: Stack) -> dict[str, str]:
    """What /readyz misses."""
    try:
        with urllib.request.urlopen(f"{stack.url}/readyz", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            found = json.load(error)
    return dict(found["missing"])


def orders_sent(fleet: Fleet) -> int:
    """How many requests to open an order have reached the exchange, accepted or not."""
    keys = [key.api_key for key in fleet.trader.keys.values()]
    rows = [row for key in keys for row in fleet.stack.control(f"requests?exchange=binance&api_key={key}")]
    return sum(row["method"] == "POST" for row in rows)


def tasks_done(stack: Stack) -> int:
    """By the worker for all that is short, as beat asks for it."""
    return (stack.home / "logs" / "worker.log").read_text().count(" succeeded in ")


async def hears_a_price_after(socket: aiohttp.ClientWebSocketResponse, work: "asyncio.Task[None]") -> None:
    """Reads meanwhile, too: the server hangs up on who answers no ping."""
    ended = 0.0
    while True:
        event = json.loads(await socket.receive_str(timeout=AWAY + BACK))
        if work.done():
            ended = ended or time.time() * 1000
            if event["type"] == "price" and event["time"] > ended:
                return
