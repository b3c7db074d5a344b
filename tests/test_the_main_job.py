"""What AutoGrid is for, over HTTP alone: a new user, a key, a bot, fills, a stop, and an exchange left clean."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.books import Account
from tests.stack import Stack, eventually, until
from tests.trader import Refused, Trader

PATIENCE = 120  # seconds


def example_config(price: Decimal) -> dict[str, Any]:
    """The design document's example (40,000 to 48,000), around the price of the simulated market."""
    share = price / 44_000
    lower, upper = (str(round(level * share)) for level in (40_000, 48_000))
    return {"lower_price": lower, "upper_price": upper, "grid_count": 20, "investment": 1000}


def test_everything_is_green(stack: Stack) -> None:
    status = stack.script("status")
    assert status.returncode == 0, status.stdout
    assert "bots       up" in status.stdout


def test_a_new_user_runs_the_example_bot(stack: Stack) -> None:
    user = stack.register("grid")
    credential = user.add_key("demo-the-main-job-of-a-grid", "secret-of-the-grid-user-4711")
    config = example_config(user.price("BTC/USDT"))
    asked = {"credential_id": credential, "strategy": "grid", "symbol": "BTC/USDT", "config": config}
    report = user.post("bots/preflight", asked)
    assert report["ok"], report

    bot = user.create(credential, "grid", "BTC/USDT", config, "My Grid Bot")
    assert user.bot(bot)["status"] == "stopped"
    began = time.monotonic()
    assert user.post(f"bots/{bot}/start")["status"] == "running"
    until(lambda: user.get(f"bots/{bot}/fills")["fills"], PATIENCE, "the initial purchase")
    print(f"the first fill came {time.monotonic() - began:.2f} s after the request to start")
    eventually(lambda: every_slot_is_explained(user, bot, 20), PATIENCE)

    swing(stack, user, "BTC/USDT", lambda: fills(user, bot, "sell") > 0 and fills(user, bot, "buy") > 1)
    eventually(lambda: every_slot_is_explained(user, bot, 20), PATIENCE)
    lines = user.get(f"bots/{bot}/stats")
    shown = user.bot(bot)
    assert shown["status"] == "running"
    assert Decimal(lines["grid_profit"]) + Decimal(lines["other_realized"]) == Decimal(shown["realized_pnl"])

    stop(stack, user, bot)
    Account(stack, user, credential).check()


def test_a_dca_bot_buys_by_the_clock(stack: Stack) -> None:
    user = stack.register("dca")
    credential = user.add_key("demo-the-main-job-of-a-dca", "secret-of-the-dca-user-4712")
    config = {"amount": "20", "interval": 3, "take_profit": "1.5", "price_drop": "3", "max_orders": 2}
    bot = user.create(credential, "dca", "ETH/USDT", config, "Every three seconds")
    assert user.post(f"bots/{bot}/start")["status"] == "running"

    until(lambda: len(buys_by_the_clock(user, bot)) >= 3, PATIENCE, "three buys")
    times = sorted(order["cycle"] for order in buys_by_the_clock(user, bot))
    assert times == list(range(times[0], times[0] + len(times))), "a buy was skipped or doubled"
    eventually(lambda: every_slot_is_explained(user, bot, 4), PATIENCE)

    stop(stack, user, bot)
    Account(stack, user, credential).check()


def test_a_key_that_may_withdraw_is_refused(stack: Stack) -> None:
    user = stack.register("careless")
    with pytest.raises(Refused) as refused:
        user.add_key("demo-key-that-may-withdraw", "secret-of-the-careless-4713")
    assert refused.value.status == 400
    assert [(error["code"], error["attr"]) for error in refused.value.errors] == [
        ("withdraw_enabled", "api_key")
    ]
    assert user.all("credentials") == []


def test_an_outsider_finds_nothing(stack: Stack) -> None:
    owner, outsider = stack.register("owner"), stack.register("outsider")
    credential = owner.add_key("demo-key-of-the-owner", "secret-of-the-owner-4714")
    config = example_config(owner.price("BTC/USDT"))
    bot = owner.create(credential, "grid", "BTC/USDT", config, "Mine")
    for method, path in (("get", f"bots/{bot}"), ("post", f"bots/{bot}/start"), ("get", f"bots/{bot}/fills")):
        with pytest.raises(Refused) as refused:
            getattr(outsider, method)(path)
        assert refused.value.status == 404
    with pytest.raises(Refused) as refused:
        Trader(owner.base, "").get("bots")
    assert refused.value.status == 401


async def test_the_live_socket_tells_what_happens(stack: Stack) -> None:
    user = await asyncio.to_thread(stack.register, "watcher")
    credential = await asyncio.to_thread(
        user.add_key, "demo-key-of-the-watcher", "secret-of-the-watcher-4715"
    )
    config = example_config(await asyncio.to_thread(user.price, "BTC/USDT"))
    bot = await asyncio.to_thread(user.create, credential, "grid", "BTC/USDT", config, "Watched")

    async with aiohttp.ClientSession() as session:
        protocol = f"bearer.{user.token}"
        async with session.ws_connect(f"{stack.url}/ws/live", protocols=[protocol]) as socket:
            snapshot = await heard(socket)
            assert snapshot["type"] == "snapshot"
            assert [shown["id"] for shown in snapshot["bots"]] == [bot]
            await asyncio.to_thread(user.post, f"bots/{bot}/start")
            ear = Ear(socket, snapshot["seq"])
            told = ear.told
            while len(told) < 5 or sum(event["order"]["status"] == "open" for event in told["order"]) < 20:
                await ear.hear()
            # The market goes on: what the lists have and the socket has not told yet is still to come.
            fills = await asyncio.to_thread(user.all, f"bots/{bot}/fills")
            orders = await asyncio.to_thread(user.all, f"bots/{bot}/orders")
            booked = {row["trade_id"] for row in fills}
            placed = {row["id"] for row in orders if row["type"] == "limit"}
            while not (
                booked <= {event["fill"]["trade_id"] for event in told["fill"]}
                and placed <= {event["order"]["id"] for event in told["order"]}
            ):
                await ear.hear()
    assert set(told) == {"bot", "order", "fill", "pnl", "price"}
    for event in told["pnl"]:
        profit = Decimal(event["realized_pnl"]) + Decimal(event["unrealized_pnl"])
        assert profit == Decimal(event["equity"]) - config["investment"]
    await asyncio.to_thread(stop, stack, user, bot)


@dataclass
class Ear:
    """What the socket tells, by type, and its last number. A price is the socket's own and takes none."""

    socket: aiohttp.ClientWebSocketResponse
    number: int
    told: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    async def hear(self) -> None:
        event = await heard(self.socket)
        assert event["seq"] == self.number + (event["type"] != "price"), event
        self.number = event["seq"]
        self.told[event["type"]].append(event)


async def heard(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(await socket.receive_str(timeout=PATIENCE))
    return event


# --- steps ---


def fills(user: Trader, bot: str, side: str) -> int:
    return len(user.get(f"bots/{bot}/fills", side=side)["fills"])


def buys_by_the_clock(user: Trader, bot: str) -> list[dict[str, Any]]:
    return list(user.get(f"bots/{bot}/orders", slot=0, status="filled")["orders"])


def every_slot_is_explained(user: Trader, bot: str, slots: int) -> None:
    levels = [level for level in user.get(f"bots/{bot}/levels")["levels"] if level["slot"] >= 0]
    assert len(levels) == slots
    for level in levels:
        assert level["order_id"] or level["reason"], level
        assert level["state"] != "idle" or level["reason"], level


def swing(stack: Stack, user: Trader, symbol: str, enough: Callable[[], bool]) -> bool:
    """Moves the market up and down by little more than a level, until the bot has traded."""
    start = user.price(symbol)
    for share in ("1.012", "0.988") * 20:
        stack.move(symbol, start * Decimal(share))
        with suppress(AssertionError):
            return until(enough, 10, "fills on both sides")
    raise AssertionError("no fills on both sides")


def stop(stack: Stack, user: Trader, bot: str) -> None:
    """Stops the bot and asks the exchange itself what is left of it."""
    assert user.post(f"bots/{bot}/stop")["status"] == "stopped"
    until(lambda: user.have_stopped(bot), PATIENCE, "the stop")
    for key in user.keys.values():
        assert stack.control(f"orders?exchange=binance&open=true&api_key={key.api_key}") == []
