import ccxt
import pytest

from exchanges.simulator.binance.auth import parse
from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.testing import running_simulator
from exchanges.simulator.tests.conftest import stop

BTC = "BTC/USDT"


async def test_a_wrong_secret_is_refused(clients, sim):
    sim.exchange.create_account("demo-carol", "the right one")
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        await clients("demo-carol", "a wrong one").fetch_balance()


async def test_an_unknown_key_is_refused(clients, sim):
    stranger = clients("demo-alice")
    stranger.apiKey = "stranger"
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await stranger.fetch_balance()


async def test_any_key_that_begins_with_demo_opens_an_account(clients, sim):
    client = clients("demo-alice")
    client.apiKey = "demo-never-seen"
    assert (await client.fetch_balance())["USDT"]["total"] == 100_000
    assert sim.exchange.accounts.keys["demo-never-seen"].secret is None


@pytest.mark.parametrize("moment", [-66_000, 60_000])
async def test_a_time_outside_the_window_is_refused(clients, monkeypatch, moment):
    client = clients()
    monkeypatch.setattr(client, "nonce", lambda: client.milliseconds() + moment)
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        await client.fetch_balance()


async def test_a_window_above_a_minute_is_refused(clients):
    with pytest.raises(ccxt.BaseError, match="-1131"):
        await clients().fetch_balance({"recvWindow": 60_001})


@pytest.mark.parametrize(
    ("api_key", "restrictions"),
    [
        ("demo-plain", (True, False, True)),
        ("demo-withdraw", (True, True, True)),
        ("demo-readonly", (True, False, False)),
        ("demo-noip", (False, False, True)),
    ],
)
async def test_the_name_of_a_key_says_what_it_may_do(clients, api_key, restrictions):
    found = await clients(api_key).sapiGetAccountApiRestrictions()
    names = ("ipRestrict", "enableWithdrawals", "enableSpotAndMarginTrading")
    assert tuple(found[name] for name in names) == restrictions


async def test_a_read_only_key_reads_and_does_not_trade(clients):
    client = clients("demo-readonly")
    await client.fetch_balance()
    with pytest.raises(ccxt.BaseError, match="-2015"):
        await client.create_order(BTC, "market", "buy", 0.01)


async def test_two_keys_of_one_account_share_it(alice, clients, sim):
    uid = sim.exchange.accounts.keys["demo-alice"].uid
    sim.exchange.add_key(uid, "demo-second", "another secret")
    second = clients("demo-second", "another secret")
    order = await alice.create_order(BTC, "limit", "buy", 0.01, 60000)
    assert [found["id"] for found in await second.fetch_open_orders(BTC)] == [order["id"]]
    accounts = [(await client.fetch_balance())["info"]["uid"] for client in (alice, second)]
    assert accounts == [str(uid)] * 2 or accounts == [uid] * 2


def test_the_signature_covers_query_and_body_joined_by_nothing():
    parameters, signed = parse("symbol=A&signature=dead&side=B", "price=1%202")
    assert signed.payload == "symbol=A&side=Bprice=1%202"
    assert signed.signature == "dead"
    assert parameters == {"symbol": "A", "side": "B", "price": "1 2", "signature": "dead"}


async def test_too_much_weight_is_answered_with_when_to_come_back(sim, clients):
    client = clients()
    stop(sim.exchange, client)
    await client.load_markets()
    sim.server.limits.weight = 50
    await client.fetch_balance()
    with pytest.raises(ccxt.DDoSProtection, match="-1003"):
        await client.fetch_balance()
    assert int(client.last_response_headers["Retry-After"]) in range(1, 62)
    assert int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"]) > 30


async def test_too_many_orders_in_ten_seconds_are_refused(clients, sim):
    client = clients()
    stop(sim.exchange, client)
    sim.server.limits.orders = 2
    for _ in range(2):
        await client.create_order(BTC, "limit", "buy", 0.01, 60000)
    assert client.last_response_headers["X-MBX-ORDER-COUNT-10S"] == "2"
    with pytest.raises(ccxt.DDoSProtection, match="-1015"):
        await client.create_order(BTC, "limit", "buy", 0.01, 60000)


def test_a_window_forgets_what_is_over():
    limits = Limits(weight=10)
    limits.use_weight("here", 10, 59_999)
    limits.use_weight("here", 10, 60_000)
    assert limits.weight_used("here", 60_001) == 10
    assert limits.weight_used("elsewhere", 60_001) == 0


async def test_the_keys_of_the_authority_are_for_the_owner_alone(tmp_path):
    async with running_simulator(home=tmp_path):
        for name in ("ca.key", "server.pem"):
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    certificate = (tmp_path / "ca.pem").read_bytes()
    async with running_simulator(home=tmp_path) as again:
        assert again.server.ca.read_bytes() == certificate
