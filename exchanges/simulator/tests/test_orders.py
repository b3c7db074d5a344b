import asyncio
from decimal import Decimal

import ccxt
import pytest

from bots.core.types import Side
from exchanges.simulator.events import OrderChanged
from exchanges.simulator.orders import Status

BTC = "BTC/USDT"


def near(sim, factor):
    """A price on the tick, relative to the market's."""
    venue = sim.exchange.venue("BTCUSDT")
    return float(venue.rules.on_tick(float(venue.price) * factor))


async def test_a_market_order_is_filled_at_once_with_its_fills_and_fees(alice):
    order = await alice.create_order(BTC, "market", "buy", 0.01, params={"clientOrderId": "one"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.01, "one")
    assert order["fee"] == {"currency": "BTC", "cost": 0.00001}
    assert order["trades"]


async def test_a_market_order_by_quote_buys_whole_lots_for_no_more_than_that(alice):
    order = await alice.create_market_order_with_cost(BTC, "buy", 1000)
    assert 998 < order["cost"] <= 1000


async def test_a_resting_order_can_be_seen_and_cancelled_by_its_client_id(alice, sim):
    created = await alice.create_order(
        BTC, "limit", "buy", 0.01, near(sim, 0.99), {"clientOrderId": "two", "postOnly": True}
    )
    assert created["status"] == "open"
    assert [order["id"] for order in await alice.fetch_open_orders(BTC)] == [created["id"]]
    found = await alice.fetch_order(None, BTC, {"clientOrderId": "two"})
    assert (found["id"], found["status"], found["postOnly"]) == (created["id"], "open", True)
    cancelled = await alice.cancel_order(None, BTC, {"clientOrderId": "two"})
    assert (cancelled["status"], cancelled["info"]["origClientOrderId"]) == ("canceled", "two")
    assert (await alice.fetch_order(created["id"], BTC))["status"] == "canceled"
    assert await alice.fetch_open_orders(BTC) == []


async def test_resting_orders_fill_in_the_order_of_the_path(alice, sim):
    for number, factor in enumerate((0.97, 0.99, 0.98)):
        await alice.create_order(
            BTC, "limit", "buy", 0.01, near(sim, factor), {"clientOrderId": f"buy{number}"}
        )
    sim.exchange.set_price("BTCUSDT", Decimal(str(near(sim, 0.975))))
    trades = await alice.fetch_my_trades(BTC)
    assert [trade["price"] for trade in trades] == sorted((trade["price"] for trade in trades), reverse=True)
    assert [trade["takerOrMaker"] for trade in trades] == ["maker", "maker"]
    assert [order["clientOrderId"] for order in await alice.fetch_open_orders(BTC)] == ["buy0"]


async def test_an_order_fills_in_parts(alice, sim):
    price = near(sim, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "parts"})
    sim.exchange.trade("BTCUSDT", Side.SELL, Decimal(str(price)), Decimal("0.004"))
    part = await alice.fetch_order(None, BTC, {"clientOrderId": "parts"})
    assert (part["status"], part["filled"], part["info"]["status"]) == ("open", 0.004, "PARTIALLY_FILLED")
    sim.exchange.trade("BTCUSDT", Side.SELL, Decimal(str(price)), Decimal("0.1"))
    whole = await alice.fetch_order(None, BTC, {"clientOrderId": "parts"})
    assert (whole["status"], whole["filled"]) == ("closed", 0.01)
    assert [trade["amount"] for trade in await alice.fetch_order_trades(whole["id"], BTC)] == [0.004, 0.006]


async def test_a_marketable_limit_order_takes_at_the_better_price(alice, sim):
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(sim, 1.01))
    assert order["status"] == "closed"
    assert order["average"] < near(sim, 1.001)
    balance = await alice.fetch_balance()
    assert balance["USDT"]["used"] == 0
    assert balance["USDT"]["free"] == pytest.approx(100_000 - order["cost"], abs=1e-6)


async def test_the_rest_of_an_immediate_order_expires(alice, sim):
    price = float(sim.exchange.venue("BTCUSDT").quote().best(Side.SELL))
    order = await alice.create_order(BTC, "limit", "buy", 1.4, price, {"timeInForce": "IOC"})
    assert (order["status"], 0 < order["filled"] < 1.4) == ("expired", True)
    assert (await alice.fetch_balance())["USDT"]["used"] == 0


async def test_a_client_id_is_unique_among_open_orders_only(alice, sim):
    async def place():
        return await alice.create_order(BTC, "limit", "buy", 0.01, near(sim, 0.9), {"clientOrderId": "again"})

    first = await place()
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await place()
    await alice.cancel_order(first["id"], BTC)
    second = await place()
    assert (await alice.fetch_order(None, BTC, {"clientOrderId": "again"}))["id"] == second["id"]


async def test_a_post_only_order_that_would_take_is_refused(alice, sim):
    with pytest.raises(ccxt.OrderImmediatelyFillable, match="immediately match and take"):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(sim, 1.01), {"postOnly": True})
    assert await alice.fetch_open_orders(BTC) == []


async def test_what_is_unknown_cannot_be_cancelled_or_found(alice):
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await alice.cancel_order(None, BTC, {"clientOrderId": "none"})
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        await alice.fetch_order(None, BTC, {"clientOrderId": "none"})
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await alice.cancel_all_orders(BTC)


async def test_all_orders_are_cancelled_at_once(alice, sim):
    for factor in (0.9, 0.91, 0.92):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(sim, factor))
    assert {order["status"] for order in await alice.cancel_all_orders(BTC)} == {"canceled"}
    assert await alice.fetch_open_orders(BTC) == []
    assert len(await alice.fetch_orders(BTC)) == 3


async def test_another_account_sees_and_cancels_none_of_it(alice, clients, sim):
    bob = clients("demo-bob", "secret of bob")
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(sim, 0.9))
    assert await bob.fetch_open_orders(BTC) == []
    with pytest.raises(ccxt.OrderNotFound):
        await bob.cancel_order(order["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound):
        await bob.fetch_order(order["id"], BTC)


async def test_two_accounts_trade_with_each_other(alice, clients, sim):
    bob = clients("demo-bob", "secret of bob")
    await bob.create_order(BTC, "market", "buy", 0.01)
    price = float(sim.exchange.venue("BTCUSDT").mid)  # between the house's quotes
    await alice.create_order(BTC, "limit", "buy", 0.005, price)
    sold = await bob.create_order(BTC, "limit", "sell", 0.005, price)
    assert (sold["status"], sold["average"]) == ("closed", price)
    (hers,), his = await alice.fetch_my_trades(BTC), await bob.fetch_my_trades(BTC)
    assert hers["id"] == his[-1]["id"]
    assert (hers["takerOrMaker"], his[-1]["takerOrMaker"]) == ("maker", "taker")


async def test_an_account_does_not_trade_with_itself_its_resting_order_expires(alice, sim):
    await alice.create_order(BTC, "market", "buy", 0.02)
    inside = float(sim.exchange.venue("BTCUSDT").mid)
    resting = await alice.create_order(BTC, "limit", "buy", 0.01, inside)
    expired = asyncio.create_task(
        sim.event(lambda e: isinstance(e, OrderChanged) and e.status is Status.EXPIRED_IN_MATCH)
    )
    await asyncio.sleep(0)
    sold = await alice.create_order(BTC, "limit", "sell", 0.01, inside)
    await expired
    assert (sold["status"], sold["filled"]) == ("open", 0)
    found = await alice.fetch_order(resting["id"], BTC)
    assert (found["status"], found["info"]["status"]) == ("expired", "EXPIRED_IN_MATCH")


async def test_trades_are_paged_by_time_and_by_id(alice, sim):
    for _ in range(5):
        await alice.create_order(BTC, "market", "buy", 0.001)
    trades = await alice.fetch_my_trades(BTC)
    assert len(trades) == 5
    assert await alice.fetch_my_trades(BTC, limit=2) == trades[-2:]
    assert await alice.fetch_my_trades(BTC, trades[0]["timestamp"], 2) == trades[:2]
    assert await alice.fetch_my_trades(BTC, params={"fromId": trades[2]["id"]}) == trades[2:]
    with pytest.raises(ccxt.BaseError, match="-1128"):
        await alice.fetch_my_trades(BTC, trades[0]["timestamp"], params={"fromId": 1})
