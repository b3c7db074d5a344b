"""The ledger follows from the fills alone, to the last digit."""

from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bots.core.ledger import Booking, Position, PositionManager, book, fee_in_quote, fold
from bots.core.rounding import round8
from bots.core.tests.strategies import BASE, MARKET, QUOTE, bookings, places
from bots.core.types import ZERO, Fill, Liquidity, Side

INVESTMENT = Decimal(10_000)


@given(bookings(), st.randoms(use_true_random=False))
def test_any_order_and_any_duplication_of_fills_give_one_ledger(made: list[Booking], random: Random) -> None:
    shuffled = made + random.choices(made, k=len(made))
    random.shuffle(shuffled)
    assert fold(INVESTMENT, shuffled, MARKET) == fold(INVESTMENT, made, MARKET)


@given(bookings())
def test_booking_one_by_one_in_key_order_is_folding(made: list[Booking]) -> None:
    position = Position(cash=INVESTMENT)
    for booking in made:
        assert booking.key > position.last
        position = book(position, booking, MARKET)
    assert position == fold(INVESTMENT, made, MARKET)


@given(bookings())
def test_cash_and_cost_are_investment_and_realized_after_every_fill(made: list[Booking]) -> None:
    position = Position(cash=INVESTMENT)
    for booking in made:
        position = book(position, booking, MARKET)
        assert position.cash + position.cost == INVESTMENT + position.realized
        assert position.cost >= 0
        assert position.base > 0 or position.cost == 0, "nothing is held, so nothing was paid for it"


@given(bookings(), places("0.01", "100000", 2))
def test_realized_and_unrealized_add_up_to_the_gain(made: list[Booking], mark: Decimal) -> None:
    manager = PositionManager(INVESTMENT, fold(INVESTMENT, made, MARKET))
    position = manager.position
    assert position.realized + manager.unrealized(mark) == manager.equity(mark) - INVESTMENT
    assert manager.equity(mark) == round8(position.cash + position.base * mark)


@given(bookings())
def test_base_and_quote_are_conserved_wherever_the_fee_is_taken(made: list[Booking]) -> None:
    base, quote = ZERO, INVESTMENT
    fees = {BASE: ZERO, QUOTE: ZERO, "BNB": ZERO}
    for booking in made:
        fill = booking.fill
        sign = 1 if fill.side is Side.BUY else -1
        base += sign * fill.quantity
        quote -= sign * round8(fill.price * fill.quantity)
        fees[fill.fee_asset] += fill.fee
        if fill.fee_asset == "BNB":
            quote -= booking.fee_quote
    position = fold(INVESTMENT, made, MARKET)
    assert position.base == base - fees[BASE]
    assert position.cash == quote - fees[QUOTE]
    assert {asset: position.fees.get(asset, ZERO) for asset in fees} == fees
    assert position.trades == len(made)


@given(bookings())
def test_selling_all_leaves_no_cost_and_realizes_all(made: list[Booking]) -> None:
    position = fold(INVESTMENT, made, MARKET)
    if position.base <= 0:
        return
    last = Fill(
        "999", "99", MARKET.symbol, Side.SELL, Decimal(7), position.base, ZERO, QUOTE, Liquidity.TAKER, 9999
    )
    sold = book(position, Booking(last, ZERO), MARKET)
    assert (sold.base, sold.cost) == (0, 0)
    assert sold.realized == sold.cash - INVESTMENT
    assert sold.average_cost is None


@given(bookings())
def test_a_sale_of_a_part_keeps_the_average_cost(made: list[Booking]) -> None:
    position = Position(cash=INVESTMENT)
    for booking in made:
        before, position = position, book(position, booking, MARKET)
        if booking.fill.side is Side.SELL and position.base:
            rounding = Decimal("1e-8") * 2 / position.base + Decimal("1e-8")
            assert abs(position.cost / position.base - before.cost / before.base) <= rounding


def test_a_fee_in_a_third_asset_counts_by_its_price_at_the_fill() -> None:
    fill = Fill(
        "1",
        "1",
        MARKET.symbol,
        Side.BUY,
        Decimal(100),
        Decimal(1),
        Decimal("0.01"),
        "BNB",
        Liquidity.MAKER,
        1,
    )
    assert fee_in_quote(fill, MARKET, Decimal(600)) == 6
    assert fee_in_quote(fill, MARKET) == 0
    position = fold(INVESTMENT, [Booking(fill, Decimal(6))], MARKET)
    assert (position.cash, position.cost, position.realized) == (9894, 100, -6)


def test_fills_are_booked_by_time_and_trade_ids_are_compared_as_numbers() -> None:
    def key(number: int, time: int = 5) -> tuple[int, int, str]:
        fill = Fill(
            str(number), "1", "", Side.BUY, Decimal(1), Decimal(1), ZERO, QUOTE, Liquidity.MAKER, time
        )
        return Booking(fill, ZERO).key

    assert key(9, time=6) < key(8, time=7)
    assert all(key(one) < key(other) for one, other in pairwise([8, 9, 10, 99, 100]))
