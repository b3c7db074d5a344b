"""OKX's own codes for what it will not do."""

import ccxt
import pytest

from exchanges.simulator.okx.tests.conftest import near

BTC = "BTC/USDT"
ORDER = {
    "instId": "BTC-USDT",
    "tdMode": "cash",
    "side": "buy",
    "ordType": "limit",
    "sz": "0.01",
    "px": "60000",
}
REFUSED = [
    ({"sz": "0.0100001"}, "51121"),
    ({"sz": "0.000001"}, "51020"),
    ({"sz": "500"}, "51004"),
    ({"sz": "0"}, "51000"),
    ({"px": "60000.001"}, "51000"),
    ({"px": "500"}, "51006"),
    ({"instId": "NO-USDT"}, "51001"),
    ({"side": "up"}, "51000"),
    ({"ordType": "stop"}, "51000"),
    ({"tdMode": "cross"}, "51010"),
    ({"clOrdId": "not_allowed"}, "51000"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
async def test_an_order_that_breaks_a_rule_is_refused_with_its_code(alice, okx, change, code):
    with pytest.raises(ccxt.BaseError, match=f'"sCode":"{code}"'):
        await alice.privatePostTradeOrder(ORDER | change)
    assert okx.open_orders(okx.accounts.keys["demo-alice"].uid) == []


async def test_what_the_account_does_not_have_cannot_be_spent(alice, okx):
    with pytest.raises(ccxt.InsufficientFunds, match="51008"):
        await alice.create_order(BTC, "limit", "buy", 10, near(okx, 0.99))
    with pytest.raises(ccxt.InsufficientFunds, match="51008"):
        await alice.create_order(BTC, "market", "sell", 0.01)


async def test_what_has_ended_cannot_be_cancelled(alice, okx):
    order = await alice.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99))
    await alice.cancel_order(order["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound, match="51401"):
        await alice.cancel_order(order["id"], BTC)
    filled = await alice.create_order(BTC, "market", "buy", 0.01)
    with pytest.raises(ccxt.OrderNotFound, match="51402"):
        await alice.cancel_order(filled["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound, match="51400"):
        await alice.cancel_order(None, BTC, {"clientOrderId": "none"})


async def test_a_wrong_secret_a_missing_passphrase_and_an_unknown_key_are_told_apart(clients):
    stranger = clients()
    with pytest.raises(ccxt.AuthenticationError, match="50113"):
        await clients(secret="wrong").privateGetAccountConfig()
    with pytest.raises(ccxt.AuthenticationError):
        await clients(password="").privateGetAccountConfig()
    stranger.apiKey = "stranger"
    with pytest.raises(ccxt.AuthenticationError, match="50111"):
        await stranger.privateGetAccountConfig()


async def test_a_passphrase_is_the_one_first_used(clients):
    await clients().privateGetAccountConfig()
    with pytest.raises(ccxt.AuthenticationError, match="50105"):
        await clients(password="another").privateGetAccountConfig()


async def test_keys_of_the_real_exchange_do_not_trade_in_its_demo(clients):
    client = clients()
    client.set_sandbox_mode(True)
    with pytest.raises(ccxt.AuthenticationError, match="50101"):
        await client.privateGetAccountConfig()


async def test_an_order_after_its_deadline_is_refused(clients, okx):
    client = clients(headers={"expTime": str(okx.clock() - 1)})
    with pytest.raises(ccxt.BaseError, match="51149"):
        await client.privatePostTradeOrder(ORDER)
    client.headers = {"expTime": str(okx.clock() + 60_000)}
    await client.privatePostTradeOrder(ORDER)


async def test_a_request_out_of_time_is_refused(clients, monkeypatch):
    client = clients()
    for off in (-31_000, 90_000):
        monkeypatch.setattr(client, "nonce", lambda off=off: ccxt.Exchange.milliseconds() + off)
        with pytest.raises(ccxt.InvalidNonce, match="50102"):
            await client.privateGetAccountConfig()


async def test_a_key_that_may_only_read_places_nothing(clients, okx):
    reader = clients("demo-readonly", "s")
    await reader.load_markets()
    with pytest.raises(ccxt.BaseError, match="50120"):
        await reader.create_order(BTC, "limit", "buy", 0.01, near(okx, 0.99))


@pytest.mark.parametrize(
    ("name", "rights", "ip"),
    [
        ("demo", "read_only,trade", "203.0.113.7"),
        ("demo-withdraw", "read_only,trade,withdraw", "203.0.113.7"),
        ("demo-readonly", "read_only", "203.0.113.7"),
        ("demo-noip", "read_only,trade", ""),
    ],
)
async def test_a_key_tells_what_it_may(clients, name, rights, ip):
    (config,) = (await clients(name, "s").privateGetAccountConfig())["data"]
    assert (config["perm"], config["ip"]) == (rights, ip)
