"""Whatever is ordered, cancelled and traded, in whatever order, and wherever a process dies: no coin appears or is
lost, and what is locked is what the open orders need."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.core import serializers
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.core.ports import ExchangeError
from bots.core.types import Market
from exchanges.connector.paper import Step
from exchanges.models import Credential
from exchanges.paper import trading
from exchanges.paper.models import PaperAccount, PaperBalance, PaperMarket, PaperOrder, PaperTrade
from exchanges.paper.tests.desks import MARKET, D, order, ticker

BITCOIN = replace(MARKET, tick=D("1"), lot=D("0.001"))
ETHER = replace(BITCOIN, symbol="ETH/USDT", base="ETH", fee_in_base_on_buy=False, taker_fee=D("0.00123"))
MARKETS = {"BTC/USDT": BITCOIN, "ETH/USDT": ETHER}
START = D("1000")

prices = st.integers(60, 140).map(str)
acts = st.one_of(
    st.tuples(
        st.just("place"),
        st.sampled_from(["buy", "sell"]),
        st.none() | prices,
        st.integers(50, 6000).map(lambda n: str(D(n) / 1000)),
        st.booleans(),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 10)),
    st.tuples(st.just("walk"), prices, prices),
)
scripts = st.lists(st.tuples(st.sampled_from(sorted(MARKETS)), acts), max_size=30)


class Killed(Exception):
    """The process is gone."""


class Script:
    """Does the acts one by one against one account, with ids and a clock that count up."""

    def __init__(self, account: UUID) -> None:
        self.account, self.now, self.price = account, 0, defaultdict(lambda: D(100))

    def do(self, symbol: str, act: tuple[Any, ...]) -> None:
        market = MARKETS[symbol]
        kind, *what = act
        with suppress(ExchangeError):  # refused: the invariants say that nothing happened
            getattr(self, kind)(market, *what)

    def place(self, market: Market, side: str, price: str | None, quantity: str, post_only: bool) -> None:
        around = self.price[market.symbol]
        shown = replace(ticker(str(around - 1), str(around + 1), str(around)), symbol=market.symbol)
        wanted = replace(order(side, price, quantity, f"id{self.now}"), symbol=market.symbol)
        wanted = replace(wanted, post_only=post_only and price is not None)
        trading.place(
            self.account, order=wanted, market=market, ticker=shown, clock=lambda: self.now, deadline=self.now
        )

    def cancel(self, market: Market, number: int) -> None:
        found = trading.open_orders(self.account, symbol=market.symbol)
        name = found[number % len(found)].client_id if found else "none"
        trading.cancel(self.account, market=market, client_id=name, clock=lambda: self.now)

    def walk(self, market: Market, one: str, other: str) -> None:
        low, high = sorted((D(one), D(other)))
        self.price[market.symbol] = D(other)
        moved = Step(low, high, self.now, self.now, rising=D(other) >= D(one))
        trading.settle(self.account, market=market, steps=[moved], seen=self.now)


def is_conserved(account: UUID) -> None:
    total: dict[str, Decimal] = defaultdict(Decimal, USDT=START)
    locked: dict[str, Decimal] = defaultdict(Decimal)
    for trade in PaperTrade.objects.filter(account=account):
        base, sign = trade.symbol.split("/")[0], 1 if trade.side == "buy" else -1
        total[base] += sign * trade.quantity
        total["USDT"] -= sign * trade.price * trade.quantity
        total[trade.fee_asset] -= trade.fee
    for row in PaperOrder.objects.filter(account=account):
        done = sum((trade.quantity for trade in row.trades.all()), D(0))
        assert row.filled == done == (row.quantity if row.status == "filled" else 0)
        assert (row.locked > 0) is (row.status == "open")
        locked["USDT" if row.side == "buy" else row.symbol.split("/")[0]] += row.locked
    held = PaperBalance.objects.filter(account=account)
    assert present({row.asset: row.free + row.locked for row in held}) == present(total)
    assert present({row.asset: row.locked for row in held}) == present(locked)


def present(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {asset: amount for asset, amount in amounts.items() if amount}


def everything(account: UUID) -> str:
    written = [serializers.serialize("json", PaperAccount.objects.filter(pk=account))]
    for model in (PaperBalance, PaperOrder, PaperTrade, PaperMarket):
        rows: QuerySet[Any] = model._default_manager.filter(account=account)
        written.append(serializers.serialize("json", rows.order_by("pk")))
    return str(written)


def dying(work: Callable[..., None], at: int) -> Callable[..., None]:
    """Does the work, and the process dies right after the call number `at`."""
    calls = count()

    def until_then(*args: Any) -> None:
        work(*args)
        if next(calls) == at:
            raise Killed

    return until_then


in_database = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@in_database
@given(script=scripts)
def test_no_coin_appears_or_is_lost(another: Callable[..., Credential], script: list[Any]) -> None:
    account = another("1000").pk
    running = Script(account)
    for symbol, act in script:
        running.now += 1
        running.do(symbol, act)
        is_conserved(account)


@in_database
@given(
    script=scripts, step=st.sampled_from(["_save_order", "_save_funds", "_remember"]), at=st.integers(0, 3)
)
def test_a_process_that_dies_within_a_write_leaves_no_trace(
    another: Callable[..., Credential], script: list[Any], step: str, at: int
) -> None:
    """All before the last act stands, and the act can be done by another process as if it were the first."""
    account = another("1000").pk
    running = Script(account)
    for symbol, act in script:
        running.now += 1
        before = everything(account)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trading, step, dying(getattr(trading, step), at))
            try:
                running.do(symbol, act)
            except Killed:
                assert everything(account) == before
                patch.undo()
                running.do(symbol, act)
        is_conserved(account)


@in_database
@given(script=scripts)
def test_the_same_prices_once_more_change_nothing(
    another: Callable[..., Credential], script: list[Any]
) -> None:
    account = another("1000").pk
    running = Script(account)
    for symbol, act in script:
        running.now += 1
        running.do(symbol, act)
        if act[0] == "walk":
            after = everything(account)
            running.do(symbol, act)
            assert everything(account) == after
