"""A fault on a read or a cancel costs time. It never makes an order that is there look as if it were not."""

from decimal import Decimal

import pytest

from bots.core import ports
from exchanges.tests.faulty import BTC, KEY, alice, clock, held, on_book, place, sim

__all__ = ["alice", "clock", "sim"]
D = Decimal

KINDS = [
    "accept_then_drop",
    "hang",
    "http_500",
    "http_503",
    "truncate",
    "html_200",
    "empty_200",
    "code_-1006",
]
KINDS += ["code_-1007", "maintenance", "http_429", "http_418"]
SIGNED = [*KINDS, "code_-1021"]


@pytest.fixture(autouse=True)
def _impatient(alice, monkeypatch):
    for client in (alice.client, alice.venue.client):
        monkeypatch.setattr(client, "timeout", 300)


async def lists_it(alice):
    return [each.client_id for each in await alice.open_orders(BTC)] == ["agx1"]


async def finds_it(alice):
    found = await alice.fetch_order(BTC, "agx1")
    return found is not None and found.filled == D("0.0005")


async def finds_all_fills(alice):
    return len(await alice.fills(BTC, 1)) == 1


async def knows_the_balance(alice):
    return (await alice.balances())["USDT"].locked > 0


READS = {
    "open_orders": lists_it,
    "query": finds_it,
    "trades": finds_all_fills,
    "other": knows_the_balance,
}


async def half_filled(sim, alice):
    sim.faults.add("partial_fill", count=1)
    await place(alice)


@pytest.mark.parametrize("endpoint", READS)
@pytest.mark.parametrize("kind", SIGNED)
async def test_a_read_is_asked_again(kind, endpoint, sim, alice):
    await half_filled(sim, alice)
    fault = sim.faults.add(kind, api_key=KEY, endpoint=endpoint, count=2 if kind != "code_-1021" else 1)
    assert await READS[endpoint](alice)
    assert fault.struck == fault.count


@pytest.mark.parametrize("endpoint", READS)
@pytest.mark.parametrize("kind", SIGNED)
async def test_a_read_that_never_gets_through_says_so(kind, endpoint, sim, alice, monkeypatch):
    monkeypatch.setattr(alice.venue, "_retry_delays", (0.0,))
    await half_filled(sim, alice)
    sim.faults.add(kind, api_key=KEY, endpoint=endpoint)
    with pytest.raises((ports.ExchangeUnavailable, ports.RateLimited)):
        await READS[endpoint](alice)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_price_is_asked_for_again(kind, sim, alice):
    fault = sim.faults.add(kind, endpoint="market", count=2)
    assert (await alice.ticker(BTC)).price == D(60_000)
    assert fault.struck == 2


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_cancel_is_asked_for_until_the_order_is_gone(kind, sim, alice):
    await place(alice)
    await place(alice, "ag-other")
    sim.faults.add(kind, api_key=KEY, endpoint="cancel", count=1)
    await alice.cancel_order(BTC, "agx1")
    assert held(sim).status == "CANCELED"
    assert on_book(sim) == ["ag-other"]
