"""Filters and parameters, by the raw requests that a careful client would never send."""

import ccxt
import pytest

GOOD = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "60000",
    "newClientOrderId": "x",
}


async def refused(client, change):
    """The answer to the good order with these changes (None removes)."""
    request = {name: value for name, value in (GOOD | change).items() if value is not None}
    with pytest.raises(ccxt.BaseError) as raised:
        await client.privatePostOrder(request)
    return raised.value


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"price": "60000.001"}, "PRICE_FILTER"),
        ({"price": "0"}, "PRICE_FILTER"),
        ({"price": "2000000"}, "PRICE_FILTER"),
        ({"quantity": "0.000001"}, "LOT_SIZE"),
        ({"quantity": "0.010001"}, "LOT_SIZE"),
        ({"quantity": "90000"}, "LOT_SIZE"),
        ({"quantity": "0"}, "Invalid quantity"),
        ({"quantity": "0.00001"}, "NOTIONAL"),
        ({"quantity": "8000"}, "NOTIONAL"),
        ({"price": "5000"}, "PERCENT_PRICE_BY_SIDE"),
        ({"price": "900000"}, "PERCENT_PRICE_BY_SIDE"),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": "500"}, "MARKET_LOT_SIZE"),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": "0.00001"}, "NOTIONAL"),
    ],
)
async def test_filters(alice, change, text):
    error = await refused(alice, change)
    assert isinstance(error, ccxt.InvalidOrder | ccxt.BadRequest)
    assert text in str(error)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": None}, "-1102"),
        ({"symbol": "NOPE"}, "-1121"),
        ({"side": "LONG"}, "-1117"),
        ({"type": "STOP_LOSS"}, "-1116"),
        ({"price": None}, "-1102"),
        ({"quantity": None}, "-1102"),
        ({"timeInForce": None}, "-1102"),
        ({"timeInForce": "FOK"}, "-1115"),
        ({"quantity": "NaN"}, "-1100"),
        ({"quantity": "-1"}, "-1100"),
        ({"quantity": "1e3"}, "-1100"),
        ({"quantity": "0.000000001"}, "-1111"),
        ({"newClientOrderId": "x" * 37}, "-1100"),
        ({"newClientOrderId": "a b"}, "-1100"),
        ({"type": "MARKET", "price": None}, "-1106"),
        ({"type": "MARKET", "timeInForce": None}, "-1106"),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quoteOrderQty": "10"}, "-1128"),
        ({"selfTradePreventionMode": "NONE"}, "-2010"),
    ],
)
async def test_parameters(alice, change, code):
    assert f'"code":{code}' in str(await refused(alice, change))


async def test_more_than_the_balance(alice):
    error = await refused(alice, {"quantity": "5"})
    assert isinstance(error, ccxt.InsufficientFunds)
    error = await refused(alice, {"side": "SELL", "price": "80000"})
    assert isinstance(error, ccxt.InsufficientFunds)
    error = await refused(alice, {"type": "MARKET", "price": None, "timeInForce": None, "quantity": "5"})
    assert isinstance(error, ccxt.InsufficientFunds)


async def test_at_most_200_open_orders_in_a_symbol(alice, sim):
    sim.server.limits.orders = 1_000
    for number in range(200):
        await alice.privatePostOrder(GOOD | {"quantity": "0.001", "newClientOrderId": f"n{number}"})
    assert "MAX_NUM_ORDERS" in str(await refused(alice, {"quantity": "0.001"}))
    assert len(await alice.fetch_open_orders("BTC/USDT")) == 200


async def test_a_refusal_changes_nothing(alice, sim):
    before = sim.exchange.accounts.totals()
    await refused(alice, {"quantity": "5"})
    assert sim.exchange.accounts.totals() == before
    assert (await alice.fetch_balance())["USDT"] == {"free": 100_000.0, "used": 0.0, "total": 100_000.0}
