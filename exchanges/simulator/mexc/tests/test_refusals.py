"""MEXC's own codes for what it will not do."""

import ccxt
import pytest

from exchanges.simulator.mexc.limits import Limits
from exchanges.simulator.mexc.tests.conftest import near

BTC = "BTC/USDT"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "60000"}
REFUSED = [
    ({"quantity": "0.0100001"}, "400"),
    ({"quantity": "0.00001"}, "30002"),
    ({"quantity": "100"}, "30003"),
    ({"quantity": "x"}, "700008"),
    ({"price": "60000.001"}, "400"),
    ({"price": "1"}, "30002"),
    ({"price": "500"}, "30087"),
    ({"price": ""}, "33333"),
    ({"symbol": "NOUSDT"}, "30014"),
    ({"side": "UP"}, "700008"),
    ({"type": "STOP"}, "30041"),
    ({"newClientOrderId": "x" * 33}, "700008"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
async def test_an_order_that_breaks_a_rule_is_refused_with_its_code(alice, mexc, change, code):
    with pytest.raises(ccxt.BaseError, match=f'"code":{code},'):
        await alice.spotPrivatePostOrder(ORDER | change)
    assert mexc.open_orders(mexc.accounts.keys["demo-alice"].uid) == []


async def test_what_the_account_does_not_have_cannot_be_spent(alice, mexc):
    with pytest.raises(ccxt.InsufficientFunds, match="30004"):
        await alice.create_order(BTC, "limit", "buy", 10, near(mexc, 0.99))
    with pytest.raises(ccxt.InsufficientFunds, match="30005"):
        await alice.create_order(BTC, "market", "sell", 0.01)


async def test_what_is_unknown_cannot_be_cancelled_or_found(alice):
    with pytest.raises(ccxt.BadRequest, match="-2011"):
        await alice.cancel_order(None, BTC, {"clientOrderId": "none"})
    with pytest.raises(ccxt.ExchangeError, match="-2013"):
        await alice.fetch_order("C02__1", BTC)
    with pytest.raises(ccxt.BadRequest, match="700004"):
        await alice.spotPrivateGetOrder({"symbol": "BTCUSDT"})


async def test_open_orders_are_of_named_symbols(alice):
    with pytest.raises(ccxt.BaseError, match="symbol"):
        await alice.fetch_open_orders()
    assert await alice.spotPrivateGetOpenOrders({"symbol": "BTCUSDT,ETHUSDT"}) == []


async def test_a_wrong_secret_and_an_unknown_key_are_told_apart(clients):
    stranger = clients()
    with pytest.raises(ccxt.AuthenticationError, match="700002"):
        await clients(secret="wrong").spotPrivateGetAccount()
    stranger.apiKey = "stranger"
    with pytest.raises(ccxt.BadRequest, match="10072"):
        await stranger.spotPrivateGetAccount()


async def test_a_request_out_of_time_is_refused(clients, monkeypatch):
    client = clients()
    for off in (-66_000, 60_000):
        monkeypatch.setattr(client, "nonce", lambda off=off: ccxt.Exchange.milliseconds() + off)
        with pytest.raises(ccxt.InvalidNonce, match="700003"):
            await client.spotPrivateGetAccount()
    client.options["recvWindow"] = 60_001
    with pytest.raises(ccxt.InvalidNonce, match="700005"):
        await client.spotPrivateGetAccount()


async def test_a_key_that_may_only_read_places_nothing(clients, mexc):
    reader = clients("demo-readonly", "s")
    await reader.load_markets()
    with pytest.raises(ccxt.AuthenticationError, match="700007"):
        await reader.create_order(BTC, "limit", "buy", 0.01, near(mexc, 0.99))


@pytest.mark.parametrize(
    ("name", "trades", "withdraws"),
    [("demo", True, False), ("demo-withdraw", True, True), ("demo-readonly", False, False)],
)
async def test_a_key_tells_what_it_may(clients, name, trades, withdraws):
    account = await clients(name, "s").spotPrivateGetAccount()
    assert (account["canTrade"], account["canWithdraw"]) == (trades, withdraws)


async def test_keys_of_one_account_name_the_same_account(clients, mexc):
    first = clients("demo", "s")
    mexc.add_key(mexc.accounts.keys["demo"].uid, "demo-second", "t")
    names = [
        await client.spotPrivateGetUid()
        for client in (first, clients("demo-second", "t"), clients("demo-x", "u"))
    ]
    assert names[0] == names[1] != names[2]


def test_more_than_the_limit_in_ten_seconds_is_too_much():
    limits = Limits(requests=20)
    for _ in range(2):
        limits.use("address", "GET /api/v3/account", 10, now=1_000)
    with pytest.raises(Exception, match="429"):
        limits.use("address", "GET /api/v3/account", 10, now=2_000)
    limits.use("address", "GET /api/v3/order", 10, now=2_000)
    limits.use("address", "GET /api/v3/account", 10, now=11_000)
