"""What was answered is remembered, whatever becomes of the process."""

import asyncio
import signal
from decimal import Decimal

import ccxt.pro
import pytest

from bots.core.types import Side
from exchanges.connector.transport import client_session
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.market import Market
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.tests.conftest import OPTIONS
from exchanges.simulator.tests.processes import ended, simulator_process

MINUTE = 60_000
D = Decimal


class Clock:
    now = 1_800_000_000_000

    def __call__(self):
        return self.now


def place(exchange, uid, factor, client_id, quantity="0.01", side=Side.BUY):
    venue = exchange.venue("BTCUSDT")
    price = venue.rules.on_tick(float(venue.price) * factor)
    return exchange.place(uid, NewOrder("BTCUSDT", side, Kind.LIMIT, client_id, price, D(quantity)))[0]


def state(exchange, uid):
    def shown(order):
        return {name: getattr(order, name) for name in order.__slots__ if name != "book"}

    return {
        "price": {symbol: venue.price for symbol, venue in exchange.venues.items()},
        "open": [shown(order) for order in exchange.open_orders(uid)],
        "orders": [shown(order) for order in exchange.journal.orders.of(uid)],
        "trades": exchange.journal.trades.of(uid),
        "funds": {a: (f.free, f.locked) for a, f in exchange.accounts.by_uid[uid].funds.items()},
        "totals": exchange.accounts.totals(),
        "candles": exchange.venue("BTCUSDT").candles.rows(0, 2**62).tolist(),
        "key": exchange.accounts.keys["demo"],
    }


def test_a_restart_keeps_everything(tmp_path):
    clock = Clock()
    exchange = Exchange(clock=clock, home=tmp_path, seed=4)
    uid = exchange.create_account("demo", "secret").uid
    for number, factor in enumerate((0.99, 0.98, 0.97, 1.01)):
        place(exchange, uid, factor, f"c{number}")
    clock.now += 90_000
    exchange.walk(
        "BTCUSDT",
        exchange.venue("BTCUSDT").rules.on_tick(float(exchange.venue("BTCUSDT").price) * 0.985),
        None,
    )
    before = state(exchange, uid)
    exchange.close()
    again = Exchange(clock=clock, home=tmp_path, seed=4)
    assert state(again, uid) == before
    assert place(again, uid, 0.9, "next").id == before["orders"][-1]["id"] + 1
    again.close()


def test_priority_in_the_book_survives(tmp_path):
    clock = Clock()
    exchange = Exchange(clock=clock, home=tmp_path)
    uids = [exchange.create_account(f"demo{n}", "s").uid for n in range(2)]
    orders = [place(exchange, uid, 0.99, "c") for uid in uids]
    exchange.close()
    again = Exchange(clock=clock, home=tmp_path)
    again.trade("BTCUSDT", Side.SELL, orders[0].price, D("0.01"))
    assert [len(again.open_orders(uid)) for uid in uids] == [0, 1]
    again.close()


def test_time_goes_on_while_the_exchange_is_down(tmp_path):
    clock = Clock()
    exchange = Exchange(clock=clock, home=tmp_path, seed=2)
    uid = exchange.create_account("demo", "secret").uid
    for number in range(1, 9):
        place(exchange, uid, 1 - number / 1000, f"b{number}", quantity="0.02")
    down_at, price = clock.now, exchange.venue("BTCUSDT").price
    exchange.close()
    clock.now += 600 * MINUTE + 31_000
    again = Exchange(clock=clock, home=tmp_path, seed=2)
    Market(again)
    rows = again.venue("BTCUSDT").candles.rows(down_at - down_at % MINUTE, clock.now + 1)
    assert rows[0, 1] == int(price.scaleb(8))
    assert (rows[1:, 0] - rows[:-1, 0] == MINUTE).all()
    assert rows[-1, 0] == clock.now - clock.now % MINUTE
    trades = again.journal.trades.of(uid)
    low = Decimal(int(rows[:, 3].min())).scaleb(-8)
    filled = {order.price for order in again.journal.orders.of(uid) if not order.status.is_open}
    assert filled == {order.price for order in again.journal.orders.of(uid) if order.price >= low}
    assert filled
    assert all(down_at < trade.time < clock.now and trade.is_maker for trade in trades)
    assert [trade.price for trade in trades] == sorted((trade.price for trade in trades), reverse=True)
    totals = again.accounts.totals()
    assert totals.pop("USDT") == 100_000
    assert not any(totals.values())
    again.close()


@pytest.mark.processes
async def test_no_answered_order_is_lost_to_sigkill(tmp_path):
    async with simulator_process(tmp_path) as (process, port):
        answered = await trade_until_killed(process, port, tmp_path)
    async with simulator_process(tmp_path) as (process, _):
        assert await ended(process, signal.SIGTERM) == 0
    exchange = Exchange(clock=Clock(), home=tmp_path / "binance")
    uid = exchange.accounts.keys["demo-kill"].uid
    known = [str(order.id) for order in exchange.journal.orders.of(uid)]
    assert known[: len(answered)] == answered
    assert len(known) <= len(answered) + 1  # the last answer may have been lost on its way
    exchange.close()


async def trade_until_killed(process, port, home):
    """The ids of the orders that were answered."""
    transport = {"host": "127.0.0.1", "port": port, "ca": str(home / "ca.pem")}
    answered, enough = [], asyncio.Event()

    async def trade():
        async with client_session(transport) as session:
            keys = {"apiKey": "demo-kill", "secret": "s"}
            client = ccxt.pro.binance(
                {**keys, "session": session, "enableRateLimit": False, "options": OPTIONS}
            )
            try:
                while True:
                    price = (await client.fetch_ticker("BTC/USDT"))["last"] * 0.9
                    order = await client.create_order("BTC/USDT", "limit", "buy", 0.001, price)
                    answered.append(order["id"])
                    if len(answered) == 20:
                        enough.set()
            except ccxt.NetworkError:
                return
            finally:
                await client.close()

    trading = asyncio.create_task(trade())
    async with asyncio.timeout(60):
        await enough.wait()
    assert await ended(process, signal.SIGKILL) == -signal.SIGKILL
    await trading
    return answered
