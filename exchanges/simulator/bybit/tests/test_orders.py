"""The whole round of an order, through ccxt."""

from decimal import Decimal

import ccxt
import pytest

from bots.core.types import Side
from exchanges.simulator.bybit.tests.conftest import near

BTC = "BTC/USDT"
D = Decimal


async def history(client, link):
    reply = await client.privateGetV5OrderHistory({"category": "spot", "orderLinkId": link})
    return reply["result"]["list"]


async def test_a_new_account_has_its_deposit(alice):
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_creating_only_acknowledges(alice, bybit):
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"clientOrderId": "one"})
    assert order["info"] == {"orderId": order["id"], "orderLinkId": "one"}
    assert order["status"] is None


async def test_a_resting_order_is_found_by_its_client_id_and_cancelled(alice, bybit):
    price = near(bybit, 0.99)
    created = await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "two"})
    (found,) = await alice.fetch_open_orders(BTC, params={"orderLinkId": "two"})
    assert (found["id"], found["clientOrderId"], found["status"]) == (created["id"], "two", "open")
    assert (found["price"], found["amount"], found["filled"]) == (price, 0.01, 0)
    assert (await alice.fetch_balance())["USDT"]["used"] == pytest.approx(0.01 * price)
    cancelled = await alice.cancel_order(None, BTC, {"orderLinkId": "two"})
    assert cancelled["id"] == created["id"]
    assert await alice.fetch_open_orders(BTC) == []
    (ended,) = await history(alice, "two")
    assert (ended["orderStatus"], ended["cancelType"]) == ("Cancelled", "CancelByUser")
    assert (await alice.fetch_closed_order(created["id"], BTC))["status"] == "canceled"


async def test_a_market_purchase_pays_its_fee_in_the_base_coin(alice):
    order = await alice.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "now"})
    (trade,) = await alice.fetch_my_trades(BTC)
    assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (order["id"], 0.01, "taker")
    assert trade["fee"] == {"cost": 0.00001, "currency": "BTC", "rate": 0.001}
    balance = await alice.fetch_balance()
    assert balance["BTC"]["total"] == 0.00999
    assert balance["USDT"]["total"] == pytest.approx(100_000 - trade["cost"])
    (ended,) = await history(alice, "now")
    assert (ended["orderStatus"], ended["cumFeeDetail"]) == ("Filled", {"BTC": "0.00001"})


async def test_a_market_purchase_by_cost_stays_within_it(alice):
    await alice.create_market_buy_order_with_cost(BTC, 1000)
    (trade,) = await alice.fetch_my_trades(BTC)
    assert 999 < trade["cost"] <= 1000


async def test_a_sale_pays_its_fee_in_the_quote_coin(alice):
    await alice.create_order(BTC, "market", "buy", 0.01)
    await alice.create_order(BTC, "market", "sell", 0.005)
    sold = (await alice.fetch_my_trades(BTC))[-1]
    assert (sold["side"], sold["fee"]["currency"]) == ("sell", "USDT")
    assert sold["fee"]["cost"] == pytest.approx(sold["cost"] * 0.001)


async def test_an_order_fills_in_parts(alice, bybit):
    price = near(bybit, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "parts"})
    bybit.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.004"))
    (part,) = await alice.fetch_open_orders(BTC, params={"orderLinkId": "parts"})
    assert (part["info"]["orderStatus"], part["filled"], part["remaining"]) == (
        "PartiallyFilled",
        0.004,
        0.006,
    )
    bybit.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.1"))
    (whole,) = await history(alice, "parts")
    assert (whole["orderStatus"], whole["cumExecQty"], whole["leavesQty"]) == ("Filled", "0.01", "0")
    trades = await alice.fetch_my_trades(BTC)
    assert [(trade["amount"], trade["takerOrMaker"]) for trade in trades] == [
        (0.004, "maker"),
        (0.006, "maker"),
    ]
    assert {trade["info"]["orderLinkId"] for trade in trades} == {"parts"}


async def test_what_is_cancelled_after_a_part_says_so(alice, bybit):
    price = near(bybit, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "part"})
    bybit.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.004"))
    await alice.cancel_order(None, BTC, {"orderLinkId": "part"})
    (ended,) = await history(alice, "part")
    assert (ended["orderStatus"], ended["cumExecQty"]) == ("PartiallyFilledCanceled", "0.004")


async def test_a_post_only_order_that_would_take_is_accepted_and_ends_untouched(alice, bybit):
    price = near(bybit, 1.004)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "late", "postOnly": True})
    assert await alice.fetch_open_orders(BTC) == []
    (ended,) = await history(alice, "late")
    assert (ended["orderStatus"], ended["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
    assert ended["timeInForce"] == "PostOnly"
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_a_post_only_order_that_rests_is_open(alice, bybit):
    await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"postOnly": True})
    (found,) = await alice.fetch_open_orders(BTC)
    assert found["postOnly"] is True


async def test_a_client_id_is_used_up_for_ever(alice, bybit):
    params = {"clientOrderId": "once"}
    created = await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), params)
    await alice.cancel_order(created["id"], BTC)
    with pytest.raises(ccxt.InvalidOrder, match="170141"):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), params)
    with pytest.raises(ccxt.InvalidOrder, match="170141"):
        await alice.create_order("ETH/USDT", "market", "buy", 0.1, None, params)


async def test_all_open_orders_are_cancelled_at_once(alice, bybit):
    for number in range(3):
        await alice.create_order(BTC, "limit", "buy", 0.001, near(bybit, 0.9 + number / 100))
    assert len(await alice.cancel_all_orders(BTC)) == 3
    assert await alice.fetch_open_orders(BTC) == []
    assert await alice.cancel_all_orders(BTC) == []


async def test_open_orders_are_paged_by_cursor(alice, bybit):
    for number in range(5):
        await alice.create_order(BTC, "limit", "buy", 0.001, near(bybit, 0.9 + number / 100))
    seen, cursor = [], ""
    while True:
        asked = {"category": "spot", "symbol": "BTCUSDT", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await alice.privateGetV5OrderRealtime(asked))["result"]
        seen += [order["orderId"] for order in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


async def test_executions_are_paged_by_cursor_and_bound_to_a_week(alice, bybit):
    for number in range(5):
        await alice.create_order(BTC if number % 2 else "ETH/USDT", "market", "buy", 0.1)
    seen, cursor = [], ""
    while True:
        asked = {"category": "spot", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await alice.privateGetV5ExecutionList(asked))["result"]
        seen += [trade["execId"] for trade in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    known = len(bybit.journal.trades.of(bybit.accounts.keys["demo-alice"].uid))
    assert len(seen) == len(set(seen)) == known
    week = 7 * 86_400_000
    assert await alice.fetch_my_trades(BTC, since=bybit.clock() - 2 * week) == []
    with pytest.raises(ccxt.BadRequest, match="7 days"):
        await alice.fetch_my_trades(BTC, since=1, params={"endTime": 2 + week})


async def test_another_account_sees_and_cancels_none_of_it(alice, clients, bybit):
    bob = clients("demo-bob", "secret of bob")
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"clientOrderId": "hers"})
    assert await bob.fetch_open_orders(BTC) == []
    assert await history(bob, "hers") == []
    with pytest.raises(ccxt.OrderNotFound, match="170213"):
        await bob.cancel_order(order["id"], BTC)
    await bob.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"clientOrderId": "hers"})
