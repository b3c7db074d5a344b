"""The whole round of an order, through ccxt."""

from decimal import Decimal

import ccxt
import pytest

from bots.core.types import Side
from exchanges.simulator.okx.tests.conftest import near

BTC = "BTC/USDT"
D = Decimal


async def by_client_id(client, name):
    return await client.fetch_order(None, BTC, {"clientOrderId": name})


async def test_a_new_account_has_its_deposit(alice):
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_a_resting_order_is_found_by_its_client_id_and_cancelled(alice, okx):
    price = near(okx, 0.99)
    created = await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "two"})
    assert (created["clientOrderId"], created["status"]) == ("two", None)
    (found,) = await alice.fetch_open_orders(BTC)
    assert (found["id"], found["clientOrderId"], found["status"]) == (created["id"], "two", "open")
    assert (found["price"], found["amount"], found["filled"]) == (price, 0.01, 0)
    assert [order["id"] for order in await alice.fetch_open_orders()] == [created["id"]]
    assert (await by_client_id(alice, "two"))["id"] == created["id"]
    assert (await alice.cancel_order(None, BTC, {"clientOrderId": "two"}))["id"] == created["id"]
    assert (await alice.fetch_order(created["id"], BTC))["status"] == "canceled"
    assert await alice.fetch_open_orders(BTC) == []
    assert [order["id"] for order in await alice.fetch_canceled_orders(BTC)] == [created["id"]]
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_fees_are_taken_from_what_was_received(alice):
    await alice.create_order(BTC, "market", "buy", 0.01)
    await alice.create_order(BTC, "market", "sell", 0.005)
    bought, sold = await alice.fetch_my_trades(BTC)
    assert bought["fee"] == {"cost": 0.00001, "currency": "BTC"}
    assert sold["fee"]["currency"] == "USDT"
    assert sold["fee"]["cost"] == pytest.approx(sold["cost"] * 0.001)
    balance = await alice.fetch_balance()
    assert balance["BTC"]["total"] == pytest.approx(0.00499)
    order = await alice.fetch_order(bought["order"], BTC)
    assert (order["status"], order["fee"]) == ("closed", {"cost": 0.00001, "currency": "BTC"})


async def test_a_market_purchase_by_cost_stays_within_it(alice):
    await alice.create_market_buy_order_with_cost(BTC, 1000)
    (trade,) = await alice.fetch_my_trades(BTC)
    assert 999 < trade["cost"] <= 1000


async def test_an_order_fills_in_parts(alice, okx):
    price = near(okx, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "parts"})
    okx.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.004"))
    part = await by_client_id(alice, "parts")
    assert (part["status"], part["filled"], part["info"]["state"]) == ("open", 0.004, "partially_filled")
    okx.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.1"))
    whole = await by_client_id(alice, "parts")
    assert (whole["status"], whole["filled"], whole["average"]) == ("closed", 0.01, price)
    trades = await alice.fetch_order_trades(whole["id"], BTC)
    assert [(trade["amount"], trade["takerOrMaker"]) for trade in trades] == [
        (0.004, "maker"),
        (0.006, "maker"),
    ]
    assert {trade["info"]["clOrdId"] for trade in trades} == {"parts"}


async def test_a_post_only_order_that_would_take_is_accepted_and_ends_untouched(alice, okx):
    params = {"clientOrderId": "late", "postOnly": True}
    await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 1.01), params)
    ended = await by_client_id(alice, "late")
    assert (ended["status"], ended["filled"], ended["info"]["cancelSource"]) == ("canceled", 0, "31")


async def test_a_client_id_is_unique_among_open_orders(alice, okx):
    params = {"clientOrderId": "once"}
    created = await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99), params)
    with pytest.raises(ccxt.InvalidOrder, match="51016"):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99), params)
    await alice.cancel_order(created["id"], BTC)
    again = await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99), params)
    assert (await by_client_id(alice, "once"))["id"] == again["id"]


async def test_fills_are_paged_by_bill(alice, okx):
    for number in range(5):
        await alice.create_order(BTC if number % 2 else "ETH/USDT", "market", "buy", 0.1)
    seen, after = [], ""
    while True:
        asked = {"instType": "SPOT", "limit": 2} | ({"after": after} if after else {})
        page = (await alice.privateGetTradeFillsHistory(asked))["data"]
        if not page:
            break
        seen += [(fill["instId"], fill["tradeId"]) for fill in page]
        after = page[-1]["billId"]
    known = okx.journal.trades.of(okx.accounts.keys["demo-alice"].uid)
    assert len(seen) == len(set(seen)) == len(known)


async def test_another_account_sees_and_cancels_none_of_it(alice, clients, okx):
    bob = clients("demo-bob", "secret of bob")
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99), {"clientOrderId": "hers"})
    assert await bob.fetch_open_orders(BTC) == []
    with pytest.raises(ccxt.OrderNotFound, match="51603"):
        await by_client_id(bob, "hers")
    with pytest.raises(ccxt.OrderNotFound, match="51400"):
        await bob.cancel_order(order["id"], BTC)
