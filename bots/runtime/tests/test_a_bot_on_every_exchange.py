"""The runtime knows no exchange by name: the same bot trades on each of them, and its books equal the exchange's."""

import time
from decimal import Decimal
from typing import Any

import pytest

from bots.core.types import Ticker
from bots.models import Bot
from bots.runtime.tests.conftest import PRICE, World, until
from bots.selectors import bot_view
from bots.services import lifecycle
from exchanges.connector import polling
from exchanges.models import Credential
from exchanges.services import create_credential
from marketdata import bus
from marketdata.models import FollowedMarket


class Elsewhere:
    """A world's account on another exchange, and that exchange's prices on the bus."""

    def __init__(self, world: World, credential: Credential) -> None:
        self.world, self.credential = world, credential
        self.there = credential.venue
        self.price(PRICE)

    def price(self, price: Decimal | str) -> None:
        value = Decimal(price)
        self.world.sim.call(lambda e: e.set_price("BTCUSDT", value), exchange=self.there)
        ticker = Ticker("BTC/USDT", value, value, value, time.time_ns() // 1_000_000)
        channel = bus.channel_of(self.credential.venue, "BTC/USDT")
        self.world.redis.set(channel, bus.encode(ticker), px=60_000)
        self.world.redis.publish(channel, bus.encode(ticker))

    def open_ids(self) -> set[str]:
        uid = int(self.credential.account_uid)
        orders = self.world.sim.call(lambda e: e.open_orders(uid), exchange=self.there)
        return {order.client_id for order in orders}

    def moved(self) -> tuple[Decimal, Decimal]:
        """Base and quote that the account's trades moved, by the exchange's own book."""
        uid = int(self.credential.account_uid)
        trades = self.world.sim.call(lambda e: list(e.journal.trades.of(uid)), exchange=self.there)
        base = quote = Decimal(0)
        for trade in trades:
            sign = 1 if trade.side.value == "buy" else -1
            base += sign * trade.quantity
            quote -= sign * trade.price * trade.quantity
            base -= trade.commission if trade.commission_asset == "BTC" else 0
            quote -= trade.commission if trade.commission_asset == "USDT" else 0
        return base, quote


def all_placed(bot: Bot) -> set[str] | None:
    """The open orders, once each of the ten slots has one."""
    placed = {order.client_order_id for order in bot.orders.filter(status="open")}
    return placed if len(placed) == 10 else None


PLACES = [
    ("binance", "testnet", {}),
    ("bybit", "live", {}),
    ("bybit", "testnet", {}),
    ("mexc", "live", {"attest_no_withdrawal": True}),
    ("okx", "live", {"api_passphrase": "phrase"}),
]


@pytest.mark.parametrize(("exchange", "mode", "more"), PLACES)
def test_a_grid_bot_trades_there(world: World, monkeypatch: Any, exchange: str, mode: str, more: Any) -> None:
    monkeypatch.setattr(polling, "pause_of", lambda _facts: 0.1)
    credential = create_credential(
        user=world.user,
        exchange=exchange,
        label="there",
        api_key="demo" + "b" * 32,
        api_secret="s" * 32,
        mode=mode,
        **more,
    )
    at = Elsewhere(world, credential)
    bot = world.bot(credential=credential)
    assert FollowedMarket.objects.filter(exchange=credential.venue, symbol="BTC/USDT").exists()
    assert (bot_view(bot)["exchange"], bot_view(bot)["mode"]) == (exchange, mode)
    world.started(world.worker(), bot, orders=10)
    for price in ("64950", "66050", "63900", "65100"):
        at.price(price)
        until(lambda: all_placed(bot) == at.open_ids())
    lifecycle.stop_bot(bot=bot)
    until(lambda: not Bot.objects.get(pk=bot.pk).stopping)
    assert at.open_ids() == set()
    found, (base, quote) = Bot.objects.get(pk=bot.pk), at.moved()
    assert (found.base, found.cash - found.total_investment) == (base, quote)
    assert found.realized_pnl > 0
