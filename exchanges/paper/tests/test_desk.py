"""Orders on paper: accepted, refused and filled as the real exchange would."""

from dataclasses import replace

import pytest

from bots.core.ports import DuplicateClientId, OrderRefused
from bots.core.types import Candle, Liquidity, OrderStatus, Side
from exchanges.connector.paper import from_candle, from_ticker
from exchanges.paper.desk import Desk, Funds
from exchanges.paper.tests.desks import MARKET, D, desk, order, step, ticker

NOW = 1_000
CALM = ticker("49990", "50010", "50000")


def test_an_order_away_from_the_market_rests_and_locks_its_money() -> None:
    made = desk()
    placed = made.place(order("buy", "49000"), CALM, NOW)
    assert (placed.status, placed.locked) == (OrderStatus.OPEN, D(490))
    assert made.quote == Funds(D(99510), D(490))


def test_a_resting_order_fills_at_its_own_price_as_maker() -> None:
    made = desk()
    made.place(order("buy", "49000", "0.01234"), CALM, NOW)
    made.walk([step("48000", "48500")])
    (done,) = made.executions
    assert (done.price, done.liquidity) == (D(49000), Liquidity.MAKER)
    assert (done.fee, done.fee_asset) == (D("0.00001234"), "BTC")
    assert made.base == Funds(D("0.01232766"))
    assert made.quote == Funds(100_000 - D("604.66"), D(0))
    assert made.orders == []


def test_a_sale_pays_its_fee_in_the_quote_coin() -> None:
    made = desk(base="1", quote="0")
    made.place(order("sell", "51000"), CALM, NOW)
    assert made.base == Funds(D("0.99"), D("0.01"))
    made.walk([step("51000", "51000")])
    assert made.executions[0].fee == D("0.51")
    assert made.quote == Funds(D("509.49"))


@pytest.mark.parametrize(
    ("low", "filled"),
    [("49000.01", False), ("49000", True), ("48999.99", True)],
    ids=["above", "at", "through"],
)
def test_a_price_at_the_order_or_through_it_fills(low: str, filled: bool) -> None:
    made = desk()
    made.place(order("buy", "49000"), CALM, NOW)
    made.walk([step(low, "60000")])
    assert bool(made.executions) is filled


def test_a_price_from_before_the_order_fills_nothing() -> None:
    made = desk()
    made.place(order("buy", "49000"), CALM, NOW)
    made.walk([step("1", "2", since=NOW - 1)])
    assert not made.executions
    made.walk([step("1", "2", since=NOW)])
    assert made.executions


def test_a_fill_is_never_older_than_its_order() -> None:
    made = desk()
    made.place(order("buy", "49000"), CALM, NOW)
    made.walk([step("48000", "48000", time=NOW - 50)])
    assert made.executions[0].time == NOW


def test_the_last_price_counts_only_when_it_is_a_new_trade() -> None:
    """In a quiet market it may be hours old, while bid and ask are of now."""
    quiet = ticker("49900", "50100", price="48000")
    old, new = from_ticker(quiet, NOW, traded=False), from_ticker(quiet, NOW, traded=True)
    assert (old.low, old.high) == (D(50100), D(49900))
    assert (new.low, new.high) == (D(48000), D(49900))


def test_where_nobody_sells_nothing_is_bought() -> None:
    made = desk()
    made.place(order("buy", "49000"), CALM, NOW)
    made.walk([from_ticker(ticker("0", "0", "50000"), NOW, traded=False)])
    assert not made.executions
    with pytest.raises(OrderRefused):
        made.place(order("buy", None, client_id="b"), ticker("0", "0", "50000"), NOW)


def test_a_candle_counts_for_what_was_there_when_it_opened() -> None:
    candle = Candle(60_000, D(50), D(60), D(40), D(55), D(1))
    found = from_candle(candle, now=10**9)
    assert (found.low, found.high, found.since, found.time, found.rising) == (
        D(40),
        D(60),
        60_000,
        119_999,
        True,
    )
    assert from_candle(candle, now=61_000).time == 61_000


@pytest.mark.parametrize(("rising", "first"), [(True, Side.BUY), (False, Side.SELL)])
def test_the_candles_direction_says_which_side_came_first(rising: bool, first: Side) -> None:
    made = desk(base="1")
    made.place(order("buy", "49000", client_id="b"), CALM, NOW)
    made.place(order("sell", "51000", client_id="s"), CALM, NOW)
    made.walk([step("48000", "52000", rising=rising)])
    assert [done.order.side for done in made.executions] == [first, first.opposite]


def test_better_prices_and_older_orders_fill_first() -> None:
    made = desk()
    for name, price in (("low", "48000"), ("first", "49000"), ("second", "49000")):
        made.place(order("buy", price, client_id=name), CALM, NOW)
    made.walk([step("47000", "47000")])
    assert [done.order.client_id for done in made.executions] == ["first", "second", "low"]


def test_a_market_order_takes_the_other_side_of_the_book() -> None:
    made = desk(base="1")
    made.place(order("buy", None, client_id="b"), CALM, NOW)
    made.place(order("sell", None, client_id="s"), CALM, NOW)
    assert [(done.price, done.liquidity) for done in made.executions] == [
        (D(50010), Liquidity.TAKER),
        (D(49990), Liquidity.TAKER),
    ]
    assert made.base.locked == made.quote.locked == 0


def test_a_limit_beyond_the_market_takes_its_price_and_frees_the_rest() -> None:
    made = desk()
    made.place(order("buy", "52000"), CALM, NOW)
    (done,) = made.executions
    assert (done.price, done.liquidity) == (D(50010), Liquidity.TAKER)
    assert made.quote == Funds(100_000 - D("500.1"), D(0))


@pytest.mark.parametrize(("side", "price"), [("buy", "50010"), ("buy", "60000"), ("sell", "49990")])
def test_a_post_only_order_that_would_trade_is_refused(side: str, price: str) -> None:
    made = desk(base="1")
    with pytest.raises(OrderRefused) as refused:
        made.place(order(side, price, post_only=True), CALM, NOW)
    assert refused.value.code == "post_only"
    assert (made.orders, made.changed, made.base, made.quote) == ([], [], Funds(D(1)), Funds(D(100_000)))


def test_an_own_order_in_the_way_expires_instead_of_trading() -> None:
    """As Binance does by default."""
    made = desk(base="1")
    made.place(order("sell", "50005", client_id="s"), CALM, NOW)
    bought = made.place(order("buy", "50020", client_id="b"), CALM, NOW)
    sold = next(each for each in made.changed if each.client_id == "s")
    assert (sold.status, sold.reason, made.base.locked) == (OrderStatus.CANCELLED, "self_trade_prevention", 0)
    assert (bought.status, made.executions[0].price) == (OrderStatus.FILLED, D(50010))


def test_an_open_id_is_accepted_once() -> None:
    made = desk()
    made.place(order("buy", "49000"), CALM, NOW)
    with pytest.raises(DuplicateClientId):
        made.place(order("buy", "48000"), CALM, NOW)
    made.end(made.orders[0], NOW)
    made.place(order("buy", "48000"), CALM, NOW)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("buy", "49000.001"), "filter"),
        (order("buy", "49000", "0.000001"), "filter"),
        (order("buy", "49000", "0"), "filter"),
        (order("buy", "49000", "-1"), "filter"),
        (order("buy", "49000", "9001"), "filter"),
        (order("buy", "49000", "0.0001"), "filter"),
        (order("buy", None, "0.00009"), "filter"),
        (order("buy", "9000"), "filter"),
        (order("sell", "260000"), "filter"),
        (order("buy", "49000", "3"), "insufficient_funds"),
        (order("sell", "51000", "1.1"), "insufficient_funds"),
        (order("sell", None, "1.1"), "insufficient_funds"),
    ],
)
def test_the_markets_rules_hold(request_: object, code: str) -> None:
    made = desk(base="1")
    with pytest.raises(OrderRefused) as refused:
        made.place(request_, CALM, NOW)
    assert refused.value.code == code
    assert (made.orders, made.base, made.quote) == ([], Funds(D(1)), Funds(D(100_000)))


def test_there_may_be_so_many_open_orders() -> None:
    made = desk(market=replace(MARKET, max_orders=1))
    made.place(order("buy", "49000"), CALM, NOW)
    with pytest.raises(OrderRefused) as refused:
        made.place(order("buy", "48000", client_id="b"), CALM, NOW)
    assert refused.value.code == "too_many_orders"


def test_where_buys_pay_in_quote_the_fee_is_locked_as_well() -> None:
    made = desk(quote="490.49", market=replace(MARKET, fee_in_base_on_buy=False))
    placed = made.place(order("buy", "49000"), CALM, NOW)
    assert placed.locked == D("490.49")
    made.walk([step("48000", "48000")])
    assert (made.base, made.quote) == (Funds(D("0.01")), Funds(D(0)))


def test_prices_with_many_digits_leave_no_coin_below_zero() -> None:
    """The value is rounded as the bots' ledger rounds it; what was locked covers it."""
    fine = replace(MARKET, tick=D("1e-8"), lot=D("0.001"), min_notional=D(0), min_quantity=D("0.001"))
    tiny = ticker("0.00001234", "0.00001240")
    made = Desk(fine, Funds(), Funds(D("0.00001232")), [])
    made.place(order("buy", "0.00001230", "1.001"), tiny, NOW)
    assert made.quote.locked == D("0.00001232")
    made.walk([step("0.00001", "0.00001")])
    assert made.quote == Funds(D("0.00001232") - D("0.00001231"), D(0))
