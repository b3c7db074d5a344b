"""What happens at the exchange behind a running connector's back."""

from decimal import Decimal

import pytest

from bots.core import ports
from bots.core.types import OrderStatus
from exchanges.connector import markets
from exchanges.tests.faulty import BTC, MINIMAL_COST, alice, clock, name, place, sim

__all__ = ["alice", "clock", "name", "sim"]
D = Decimal


async def test_money_taken_away_makes_the_next_order_refused(sim, alice):
    await place(alice)
    sim.exchange.set_balance(sim.uid, "USDT", D(10))
    assert (await alice.balances())["USDT"].free == D(10)
    with pytest.raises(ports.OrderRefused) as raised:
        await place(alice, "agx2")
    assert raised.value.code == "insufficient_funds"
    assert sim.on_book() == ["agx1"]


async def test_an_order_cancelled_by_hand_is_found_cancelled(sim, alice):
    await place(alice)
    order = sim.held()
    sim.exchange.cancel(order.uid, order.symbol, order.id, None)
    assert await alice.open_orders(BTC) == []
    assert (await alice.fetch_order(BTC, "agx1")).status is OrderStatus.CANCELLED
    assert await alice.cancel_order(BTC, "agx1") is None


@MINIMAL_COST
async def test_changed_filters_refuse_what_fitted_the_old_ones(sim, alice):
    sim.exchange.change_rules("BTCUSDT", tick=D("0.1"), lot=D("0.001"), min_notional=D(100))
    for changes in ({"price": D("50000.01")}, {"quantity": D("0.00250")}, {}):
        with pytest.raises(ports.OrderRefused) as raised:
            await place(alice, **changes)
        assert raised.value.code == "filter"
    await place(alice, quantity=D("0.002"))
    assert sim.on_book() == ["agx1"]


@MINIMAL_COST
async def test_a_refused_filter_makes_the_rules_be_read_again(sim, alice, monkeypatch):
    monkeypatch.setattr(markets, "RETRY_SECONDS", 0.0)
    sim.exchange.change_rules("BTCUSDT", tick=D("0.1"), lot=D("0.001"), min_notional=D(100))
    with pytest.raises(ports.OrderRefused):
        await place(alice)
    await alice.market(BTC)  # as long as the new ones are not there, the old ones are answered
    await alice.markets._reload
    market = await alice.market(BTC)
    assert market.tick == D("0.1")
    assert (market.lot, market.min_notional) == (D("0.001"), D(100))


async def test_refusals_one_after_the_other_do_not_read_them_all_the_time(sim, alice, monkeypatch):
    monkeypatch.setattr(markets, "RETRY_SECONDS", 600.0)
    read = alice.markets._read_at
    sim.exchange.change_rules("BTCUSDT", min_notional=D(100))
    for _ in range(3):
        with pytest.raises(ports.OrderRefused):
            await place(alice)
        await alice.market(BTC)
    assert alice.markets.fresh
    assert alice.markets._read_at == read
