"""What a person does at the exchange, behind the back of a running bot."""

from decimal import Decimal

import ccxt
import pytest

from exchanges.simulator.tests.test_control import BTC, control, read

__all__ = ["control"]
D = Decimal
ALICE = {"exchange": "binance", "api_key": "demo-alice"}


async def post(control, path, status=200, **body):
    return await read(control, f"/control/{path}", status, method="POST", json=body)


async def test_a_balance_is_set(control, alice, sim):
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000)
    funds = await post(control, "balances", **ALICE, asset="USDT", free="12.5")
    assert (D(funds["free"]), D(funds["locked"])) == (D("12.5"), 600)
    balance = await alice.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (12.5, 600)
    with pytest.raises(ccxt.InsufficientFunds):
        await alice.create_order(BTC, "limit", "buy", 0.01, 60000)


async def test_filters_change_under_a_running_client(control, alice):
    assert (await alice.create_order(BTC, "limit", "buy", 0.00012, 60000.01))["id"]
    filters = await post(
        control, "filters", symbol="BTCUSDT", tick="0.1", lot="0.001", min_notional=100, max_orders=3
    )
    assert {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 3} in filters
    for _ in range(2):
        await alice.create_order(BTC, "limit", "buy", 0.002, 60000)
    for amount, price, name in ((0.01, 60000.01, "PRICE_FILTER"), (0.00012, 60000, "LOT_SIZE"),
                                (0.001, 60000, "NOTIONAL"), (0.002, 60000, "MAX_NUM_ORDERS")):  # fmt: skip
        with pytest.raises(ccxt.ExchangeError, match=name):
            await alice.create_order(BTC, "limit", "buy", amount, price)
    market = (await alice.load_markets(reload=True))[BTC]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 100


async def test_orders_are_cancelled_by_hand(control, alice):
    for name in ("one", "two", "three"):
        await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": name})
    (cancelled,) = await post(control, "cancel", **ALICE, client_id="two")
    assert (cancelled["clientOrderId"], cancelled["status"]) == ("two", "CANCELED")
    assert [each["clientOrderId"] for each in await alice.fetch_open_orders(BTC)] == ["one", "three"]
    assert await post(control, "cancel", **ALICE, symbol="ETHUSDT") == []
    assert len(await post(control, "cancel", **ALICE)) == 2
    assert (await alice.fetch_balance())["USDT"] == {"free": 100000, "used": 0, "total": 100000}


async def test_an_order_is_filled_by_hand_in_part_and_whole(control, alice, sim):
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "one"})
    order = await post(control, "fill", **ALICE, client_id="one", quantity="0.004")
    assert (order["status"], D(order["executedQty"])) == ("PARTIALLY_FILLED", D("0.004"))
    order = await post(control, "fill", **ALICE, client_id="one")
    assert (order["status"], D(order["executedQty"])) == ("FILLED", D("0.01"))
    assert {(trade["amount"], trade["price"]) for trade in await alice.fetch_my_trades(BTC)} == {
        (0.004, 60000), (0.006, 60000),
    }  # fmt: skip
    assert (await alice.fetch_balance())["USDT"]["total"] == 99400
    assert sum(sim.exchange.accounts.totals().values()) == 100000


WRONG = [
    ("balances", {"exchange": "binance", "api_key": "nobody", "asset": "USDT", "free": 1}, "api_key"),
    ("balances", {**ALICE, "asset": "", "free": 1}, "asset"),
    ("balances", {**ALICE, "asset": "USDT"}, "free"),
    ("balances", {**ALICE, "asset": "USDT", "free": -1}, "free"),
    ("balances", {**ALICE, "asset": "USDT", "free": "NaN"}, "free"),
    ("balances", {**ALICE, "exchange": "mtgox", "asset": "USDT", "free": 1}, "There is no exchange"),
    ("filters", {"symbol": "BTCUSDT"}, "Send symbol"),
    ("filters", {"symbol": "NOPE", "tick": 1}, "Invalid symbol"),
    ("filters", {"symbol": "BTCUSDT", "tick": 0}, "tick"),
    ("filters", {"symbol": "BTCUSDT", "tick": "0.0001"}, "tick and lot"),
    ("filters", {"symbol": "BTCUSDT", "lot": "x"}, "lot"),
    ("cancel", {**ALICE, "client_id": "none"}, "client_id"),
    ("cancel", {"client_id": "none"}, "api_key"),
    ("fill", {**ALICE, "client_id": "none"}, "client_id"),
    ("fill", {**ALICE, "client_id": "one", "quantity": "0.000001"}, "quantity"),
    ("fill", {**ALICE, "client_id": "one", "quantity": "0.02"}, "quantity"),
]


@pytest.mark.parametrize(("path", "body", "begins"), WRONG)
async def test_nonsense_is_refused_with_a_sentence(path, body, begins, control, alice):
    await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "one"})
    assert (await post(control, path, 400, **body))["error"].startswith(begins)
