"""The whole round of an order, through ccxt."""

from decimal import Decimal

import ccxt
import pytest

from bots.core.types import Side
from exchanges.simulator.mexc.tests.conftest import near

BTC = "BTC/USDT"
D = Decimal


async def by_client_id(client, name):
    return await client.fetch_order(None, BTC, {"clientOrderId": name})


async def test_a_new_account_has_its_deposit(alice):
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_the_reply_to_a_new_order_has_no_client_id(alice, mexc):
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(mexc, 0.99), {"clientOrderId": "one"})
    assert (order["clientOrderId"], order["status"]) == (None, None)
    assert "clientOrderId" not in order["info"]
    assert order["id"].startswith("C02__")


async def test_a_resting_order_is_found_by_its_client_id_and_cancelled(alice, mexc):
    price = near(mexc, 0.99)
    created = await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "two"})
    (found,) = await alice.fetch_open_orders(BTC)
    assert (found["id"], found["clientOrderId"], found["status"]) == (created["id"], "two", "open")
    assert (found["price"], found["amount"], found["filled"]) == (price, 0.01, 0)
    assert (await by_client_id(alice, "two"))["id"] == created["id"]
    cancelled = await alice.cancel_order(None, BTC, {"clientOrderId": "two"})
    assert (cancelled["id"], cancelled["status"]) == (created["id"], "canceled")
    assert await alice.fetch_open_orders(BTC) == []
    assert (await alice.fetch_order(created["id"], BTC))["status"] == "canceled"
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (100_000, 0)


async def test_a_taker_pays_its_fee_in_the_quote_coin_whatever_the_side(alice):
    await alice.create_order(BTC, "market", "buy", 0.01)
    await alice.create_order(BTC, "market", "sell", 0.005)
    bought, sold = await alice.fetch_my_trades(BTC)
    for trade in (bought, sold):
        assert trade["fee"]["currency"] == "USDT"
        assert trade["fee"]["cost"] == pytest.approx(trade["cost"] * 0.0002, abs=1e-7)
    balance = await alice.fetch_balance()
    assert balance["BTC"]["total"] == 0.005
    paid = bought["cost"] + bought["fee"]["cost"] - sold["cost"] + sold["fee"]["cost"]
    assert balance["USDT"]["total"] == pytest.approx(100_000 - paid, abs=1e-6)
    assert balance["USDT"]["used"] == 0


async def test_a_resting_purchase_keeps_the_fee_aside_and_a_maker_pays_none(alice, mexc):
    price = near(mexc, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price)
    assert (await alice.fetch_balance())["USDT"]["used"] == pytest.approx(0.01 * price * 1.0002)
    mexc.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.004"))
    assert (await alice.fetch_balance())["USDT"]["used"] == pytest.approx(0.006 * price * 1.0002)
    mexc.trade("BTCUSDT", Side.SELL, D(str(price)), D("1"))
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["used"], balance["BTC"]["total"]) == (0, 0.01)
    assert balance["USDT"]["total"] == pytest.approx(100_000 - 0.01 * price)
    trades = await alice.fetch_my_trades(BTC)
    assert [(trade["amount"], trade["takerOrMaker"], trade["fee"]["cost"]) for trade in trades] == [
        (0.004, "maker", 0),
        (0.006, "maker", 0),
    ]
    assert not any(total for asset, total in mexc.accounts.totals().items() if asset != "USDT")


async def test_trades_carry_no_client_id(alice):
    created = await alice.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "mine"})
    (trade,) = await alice.fetch_my_trades(BTC)
    assert (trade["order"], trade["info"]["clientOrderId"]) == (created["id"], None)
    (again,) = await alice.fetch_order_trades(created["id"], BTC)
    assert again["id"] == trade["id"]


async def test_a_market_purchase_by_cost_stays_within_it(alice):
    await alice.create_market_buy_order_with_cost(BTC, 1000)
    (trade,) = await alice.fetch_my_trades(BTC)
    assert 999 < trade["cost"] <= 1000


async def test_an_order_fills_in_parts_and_what_is_then_cancelled_says_so(alice, mexc):
    price = near(mexc, 0.99)
    await alice.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "parts"})
    mexc.trade("BTCUSDT", Side.SELL, D(str(price)), D("0.004"))
    part = await by_client_id(alice, "parts")
    assert (part["status"], part["filled"], part["info"]["status"]) == ("open", 0.004, "PARTIALLY_FILLED")
    await alice.cancel_order(part["id"], BTC)
    ended = await by_client_id(alice, "parts")
    assert (ended["info"]["status"], ended["filled"]) == ("PARTIALLY_CANCELED", 0.004)


async def test_a_client_id_may_be_used_again_at_once(alice, mexc):
    """Nobody knows what MEXC does; a client that resends is not saved by it here."""
    params = {"clientOrderId": "twice"}
    first, second = [
        await alice.create_order(BTC, "limit", "buy", 0.01, near(mexc, 0.99), params) for _ in range(2)
    ]
    assert {order["id"] for order in await alice.fetch_open_orders(BTC)} == {first["id"], second["id"]}
    assert (await by_client_id(alice, "twice"))["id"] == second["id"]
    await alice.cancel_order(first["id"], BTC)
    assert (await by_client_id(alice, "twice"))["id"] == second["id"]
    await alice.cancel_order(second["id"], BTC)
    assert await alice.fetch_open_orders(BTC) == []


async def test_a_post_only_order_that_would_take_ends_untouched(alice, mexc):
    params = {"clientOrderId": "late", "postOnly": True}
    await alice.create_order(BTC, "limit", "buy", 0.01, near(mexc, 1.01), params)
    ended = await by_client_id(alice, "late")
    assert (ended["status"], ended["filled"], ended["info"]["type"]) == ("canceled", 0, "LIMIT_MAKER")


async def test_the_rest_of_an_immediate_order_is_cancelled(alice, mexc):
    ask = float(mexc.venue("BTCUSDT").quote().best(Side.SELL))
    params = {"clientOrderId": "now", "timeInForce": "IOC"}
    await alice.create_order(BTC, "limit", "buy", 1.4, ask, params)
    ended = await by_client_id(alice, "now")
    assert (ended["info"]["status"], 0 < ended["filled"] < 1.4) == ("PARTIALLY_CANCELED", True)
    assert (await alice.fetch_balance())["USDT"]["used"] == 0


async def test_all_open_orders_are_cancelled_at_once(alice, mexc):
    for number in range(3):
        await alice.create_order(BTC, "limit", "buy", 0.001, near(mexc, 0.9 + number / 100))
    assert len(await alice.cancel_all_orders(BTC)) == 3
    assert await alice.fetch_open_orders(BTC) == []
    assert len(await alice.fetch_orders(BTC)) == 3


async def test_another_account_sees_and_cancels_none_of_it(alice, clients, mexc):
    bob = clients("demo-bob", "secret of bob")
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(mexc, 0.99), {"clientOrderId": "hers"})
    assert await bob.fetch_open_orders(BTC) == []
    with pytest.raises(ccxt.ExchangeError, match="-2013"):
        await by_client_id(bob, "hers")
    with pytest.raises(ccxt.BadRequest, match="-2011"):
        await bob.cancel_order(order["id"], BTC)
