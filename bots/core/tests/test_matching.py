"""Properties of the order book under any sequence of orders and cancellations."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core.matching import BookOrder, OrderBook, Outcome
from bots.core.types import ZERO, Side

LOT = Decimal("0.1")


@dataclass(frozen=True)
class Act:
    side: Side
    price: Decimal | None
    quantity: Decimal
    owner: str | None
    rest: bool
    cancels: int | None  # instead: the order placed this many acts ago


prices = st.integers(90, 110).map(Decimal)
acts = st.builds(
    Act,
    side=st.sampled_from(Side),
    price=st.one_of(st.none(), prices, prices, prices),
    quantity=st.integers(1, 50).map(lambda lots: lots * LOT),
    owner=st.sampled_from([None, "alice", "bob"]),
    rest=st.booleans(),
    cancels=st.one_of(st.none(), st.none(), st.none(), st.integers(1, 10)),
)
sequences = st.lists(acts, max_size=60)


@dataclass
class Played:
    book: OrderBook
    asked: dict[int, Decimal]
    steps: list[tuple[BookOrder, Outcome, list[BookOrder]]]  # taker, outcome, what it met, best first
    cancelled: set[int]


def play(sequence: list[Act]) -> Played:
    played = Played(OrderBook(LOT), {}, [], set())
    for number, act in enumerate(sequence, 1):
        if act.cancels is not None:
            if played.book.cancel(number - act.cancels):
                played.cancelled.add(number - act.cancels)
            continue
        taker = BookOrder(number, act.side, act.price, act.quantity, act.owner)
        played.asked[number] = act.quantity
        met = list(played.book.orders(act.side.opposite))
        played.steps.append((taker, played.book.submit(taker, rest=act.rest), met))
    return played


@given(sequences)
def test_nothing_that_crosses_remains_in_the_book(sequence):
    book = play(sequence).book
    bid, ask = book.best(Side.BUY), book.best(Side.SELL)
    assert bid is None or ask is None or bid < ask


@given(sequences)
def test_nobody_pays_more_or_gets_less_than_their_limit(sequence):
    for taker, outcome, _ in play(sequence).steps:
        for match in outcome.executions:
            assert match.price == match.maker.price
            if taker.price is not None:
                assert match.price <= taker.price if taker.side is Side.BUY else match.price >= taker.price


@given(sequences)
def test_what_is_bought_is_what_is_sold_and_no_quantity_appears_or_is_lost(sequence):
    played = play(sequence)
    executed = dict.fromkeys(played.asked, ZERO)
    for taker, outcome, _ in played.steps:
        for match in outcome.executions:
            assert match.quantity > 0
            assert match.maker.side is taker.side.opposite
            executed[taker.id] += match.quantity
            executed[match.maker.id] += match.quantity
    for taker, _, _ in played.steps:
        assert executed[taker.id] + taker.quantity == played.asked[taker.id]
        if taker.id in played.book:
            assert taker.quantity > 0


@given(sequences)
def test_better_prices_come_first_and_at_one_price_who_came_first(sequence):
    for _, outcome, met in play(sequence).steps:
        touched = [match.maker.id for match in outcome.executions]
        gone = {order.id for order in outcome.expired}
        assert touched == [order.id for order in met if order.id not in gone][: len(touched)]
        places = [((order.price or ZERO) * (1 if order.side is Side.SELL else -1), order.id) for order in met]
        assert places == sorted(places)


@given(sequences)
def test_no_owner_trades_with_itself_and_only_its_own_orders_give_way(sequence):
    for taker, outcome, _ in play(sequence).steps:
        assert all(taker.owner is None or match.maker.owner != taker.owner for match in outcome.executions)
        assert all(taker.owner is not None and order.owner == taker.owner for order in outcome.expired)


@given(sequences)
def test_only_the_rest_of_a_limit_order_rests(sequence):
    played = play(sequence)
    resting = {order.id for side in Side for order in played.book.orders(side)}
    assert len(played.book) == len(resting)
    assert not resting & played.cancelled
    by_number = dict(enumerate(sequence, 1))
    assert all(by_number[number].rest and by_number[number].price is not None for number in resting)


@given(sequences, st.sampled_from(Side), st.sampled_from([None, "alice"]), st.integers(1, 80), st.booleans())
def test_a_preview_is_what_the_market_order_then_does(sequence, side, owner, size, by_quote):
    book = play(sequence).book
    asked = {"quote": Decimal(size * 7)} if by_quote else {"quantity": size * LOT}
    quantity, cost = book.preview(side, owner=owner, **asked)
    outcome = book.submit(BookOrder(999, side, None, quantity, owner))
    assert sum((m.quantity for m in outcome.executions), ZERO) == quantity
    assert sum((m.quantity * m.price for m in outcome.executions), ZERO) == cost
    assert cost <= asked.get("quote", cost)
    assert quantity % LOT == 0


@given(sequences, st.sampled_from(Side))
def test_depth_shows_every_resting_quantity_best_price_first(sequence, side):
    book = play(sequence).book
    depth = book.depth(side, 1000)
    assert sum((q for _, q in depth), ZERO) == sum((o.quantity for o in book.orders(side)), ZERO)
    prices = [price for price, _ in depth]
    assert prices == sorted(set(prices), reverse=side is Side.BUY)
    assert book.depth(side, 2) == depth[:2]
    assert book.best(side) == (prices[0] if prices else None)


@given(sequences, st.sampled_from(Side), prices)
def test_crosses_tells_whether_an_order_would_match_at_once(sequence, side, price):
    book = play(sequence).book
    crosses = book.crosses(side, price)
    outcome = book.submit(BookOrder(999, side, price, LOT, "carol"))
    assert crosses == bool(outcome.executions)


def test_a_market_order_or_a_known_id_cannot_rest():
    book = OrderBook(LOT)
    book.rest(BookOrder(1, Side.BUY, Decimal(100), LOT))
    with pytest.raises(ValueError, match="only a limit order"):
        book.rest(BookOrder(1, Side.BUY, Decimal(99), LOT))
    with pytest.raises(ValueError, match="only a limit order"):
        book.rest(BookOrder(2, Side.BUY, None, LOT))


def test_cancelling_what_is_not_there_says_so():
    assert OrderBook(LOT).cancel(7) is None
