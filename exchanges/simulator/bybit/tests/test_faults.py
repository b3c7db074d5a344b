"""Faults find Bybit's requests by what they are about."""

import ccxt
import pytest

from exchanges.simulator.bybit.tests.conftest import near

BTC = "BTC/USDT"


async def test_a_lookup_by_id_is_a_query_and_a_list_is_not(alice, bybit, sim):
    await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"clientOrderId": "here"})
    sim.faults.add("not_found", "bybit")
    assert await alice.fetch_open_orders(BTC, params={"orderLinkId": "here"}) == []
    assert [order["clientOrderId"] for order in await alice.fetch_open_orders(BTC)] == ["here"]


async def test_an_order_whose_reply_was_lost_is_there(alice, bybit, sim):
    sim.faults.add("accept_then_drop", "bybit", endpoint="create", count=1)
    with pytest.raises(ccxt.NetworkError):
        await alice.create_order(BTC, "limit", "buy", 0.01, near(bybit, 0.99), {"clientOrderId": "lost"})
    assert [order["clientOrderId"] for order in await alice.fetch_open_orders(BTC)] == ["lost"]
    (request,) = bybit.journal.requests.of("demo-alice")
    assert (request["clientOrderId"], request["fault"], request["status"]) == (
        "lost",
        "accept_then_drop",
        200,
    )


async def test_the_fault_of_another_exchange_does_not_strike(alice, sim):
    sim.faults.add("http_503", "bybit-testnet")
    assert (await alice.fetch_balance())["USDT"]["free"] == 100_000
