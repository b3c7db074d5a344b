"""A fault on a read or a cancel costs time. It never makes an order that is there look as if it were not."""

from contextlib import contextmanager
from decimal import Decimal

import pytest

from bots.core import ports
from exchanges.tests.faulty import BTC, KEY, alice, clock, name, place, sim

__all__ = ["alice", "clock", "name", "sim"]
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


@pytest.fixture
def waiting(kind, alice, monkeypatch):
    """For an answer that never comes, not long; for every other as long as it takes."""

    @contextmanager
    def for_an_answer():
        with monkeypatch.context() as impatient:
            for client in (alice.client, alice.venue.client):
                impatient.setattr(client, "timeout", 300 if kind == "hang" else client.timeout)
            yield

    return for_an_answer


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
    sim.strike("partial_fill", count=1)
    await place(alice)


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_read_is_asked_again(kind, sim, alice, waiting):
    await half_filled(sim, alice)
    for endpoint, read in READS.items():
        fault = sim.strike(kind, api_key=KEY, endpoint=endpoint, count=1)
        with waiting():
            assert await read(alice), endpoint
        assert fault.struck == 1, endpoint


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_read_that_never_gets_through_says_so(kind, sim, alice, waiting, monkeypatch):
    monkeypatch.setattr(alice.venue, "_retry_delays", (0.0,))
    await half_filled(sim, alice)
    for endpoint, read in READS.items():
        fault = sim.strike(kind, api_key=KEY, endpoint=endpoint)
        with waiting(), pytest.raises((ports.ExchangeUnavailable, ports.RateLimited)):
            await read(alice)
        sim.faults.end(fault.id)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_price_is_asked_for_again(kind, sim, alice, waiting):
    fault = sim.strike(kind, endpoint="market", count=2)
    with waiting():
        assert (await alice.ticker(BTC)).price == D(60_000)
    assert fault.struck == 2


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_cancel_is_asked_for_until_the_order_is_gone(kind, sim, alice, waiting):
    await place(alice)
    await place(alice, "agother")
    sim.strike(kind, api_key=KEY, endpoint="cancel", count=1)
    with waiting():
        await alice.cancel_order(BTC, "agx1")
    assert sim.held().status == "CANCELED"
    assert sim.on_book() == ["agother"]
