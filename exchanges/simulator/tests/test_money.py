"""The sum over all accounts, the exchange's own included, is what was paid in, to the last digit."""

import contextlib
import random
from decimal import ROUND_DOWN, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bots.core.types import Side
from exchanges.simulator.accounts import FEES, FIRST_USER
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.orders import Kind, NewOrder

EIGHT = Decimal("0.00000001")


class Clock:
    def __init__(self, now=1_800_000_000_000):
        self.now = now

    def __call__(self):
        self.now += 7
        return self.now


def act(exchange, rng, uids, number):
    """Any order, cancellation or move of the market, most of them sensible."""
    symbol = rng.choice(["BTCUSDT", "DOGEUSDT"])
    venue, uid = exchange.venue(symbol), rng.choice(uids)
    price = venue.rules.on_tick(float(venue.price) * rng.gauss(1, 0.004))
    quantity = max(1, round(Decimal(rng.uniform(5, 4000)) / price / venue.rules.lot)) * venue.rules.lot
    side, choice = rng.choice(list(Side)), rng.random()
    if choice < 0.25:
        exchange.walk(symbol, price, None if rng.random() < 0.3 else quantity)
    elif choice < 0.35:
        opened = exchange.open_orders(uid)
        if opened:
            order = rng.choice(opened)
            exchange.cancel(uid, order.symbol, order.id, None)
    elif choice < 0.5:
        asked = (
            {"quantity": quantity}
            if rng.random() < 0.5
            else {"quote_quantity": Decimal(rng.randint(5, 5000))}
        )
        exchange.place(uid, NewOrder(symbol, side, Kind.MARKET, f"m{number}", **asked))
    else:
        kind, force = rng.choice([(Kind.LIMIT, "GTC"), (Kind.LIMIT, "IOC"), (Kind.LIMIT_MAKER, "GTC")])
        new = NewOrder(symbol, side, kind, f"c{number}", price, quantity, time_in_force=force)
        exchange.place(uid, new)


def play(seed, count=150):
    exchange, rng = Exchange(clock=Clock(), seed=seed), random.Random(seed)
    uids = [exchange.create_account(f"demo{n}", "s").uid for n in range(3)]
    for number in range(count):
        with contextlib.suppress(Refused):
            act(exchange, rng, uids, number)
        yield exchange, uids


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_money_is_neither_made_nor_lost(seed):
    for exchange, uids in play(seed):
        totals = exchange.accounts.totals()
        assert totals.pop("USDT") == 300_000
        assert not any(totals.values())
        for uid in uids:
            for funds in exchange.accounts.by_uid[uid].funds.values():
                assert funds.free >= 0
                assert funds.locked >= 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_locked_is_what_open_orders_need_and_no_more(seed):
    exchange, uids = list(play(seed))[-1]
    for uid in uids:
        needed: dict[str, Decimal] = {}
        for order in exchange.open_orders(uid):
            rules = exchange.venue(order.symbol).rules
            asset = rules.quote if order.side is Side.BUY else rules.base
            needed[asset] = needed.get(asset, 0) + order.remaining * (
                order.price if order.side is Side.BUY else 1
            )
        funds = exchange.accounts.by_uid[uid].funds
        assert {asset: each.locked for asset, each in funds.items() if each.locked} == needed


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_balances_and_orders_follow_from_the_trades_alone(seed):
    exchange, uids = list(play(seed))[-1]
    fees: dict[str, Decimal] = {}
    for uid in uids:
        total = {"USDT": Decimal(100_000)}
        executed: dict[int, Decimal] = {}
        for trade in exchange.journal.trades.of(uid):
            rules = exchange.venue(trade.symbol).rules
            sign = 1 if trade.side is Side.BUY else -1
            total[rules.base] = total.get(rules.base, 0) + sign * trade.quantity
            total[rules.quote] -= sign * trade.quote
            got, amount = (rules.base, trade.quantity) if sign > 0 else (rules.quote, trade.quote)
            assert trade.commission_asset == got
            assert trade.commission == (amount * Decimal("0.001")).quantize(EIGHT, ROUND_DOWN)
            total[got] -= trade.commission
            fees[got] = fees.get(got, 0) + trade.commission
            executed[trade.order_id] = executed.get(trade.order_id, 0) + trade.quantity
        funds = exchange.accounts.by_uid[uid].funds
        assert {a: f.free + f.locked for a, f in funds.items() if f.free + f.locked} == {
            a: v for a, v in total.items() if v
        }
        for order in exchange.journal.orders.of(uid):
            assert order.executed == executed.get(order.id, 0)
            assert order.executed <= order.quantity
    collected = exchange.accounts.by_uid[FEES].funds
    assert {asset: each.free for asset, each in collected.items() if each.free} == {
        a: v for a, v in fees.items() if v
    }
    assert all(uid >= FIRST_USER for uid in uids)
