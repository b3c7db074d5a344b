"""Each rule of the risk gate, up to its limit and one step beyond."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bots.core.orders import PlannedOrder
from bots.core.risk import HOUR, MINUTE, STALE_MS, Allowed, Deferred, Denied, RiskLimits, RiskManager
from bots.core.types import OrderType, Side

NOW = 1_700_000_000_000
PRICE = Decimal(100)


def limit(side: Side, price: int | str | None, *, post_only: bool = False, quantity: int = 1) -> PlannedOrder:
    kind = OrderType.LIMIT if price is not None else OrderType.MARKET
    at = Decimal(price) if price is not None else None
    return PlannedOrder(0, 0, side, kind, at, Decimal(quantity), post_only)


BUY = limit(Side.BUY, 95)


@pytest.fixture
def risk() -> RiskManager:
    return RiskManager(RiskLimits(max_orders_per_minute=5), Decimal(1000))


def test_placements_of_a_start_are_paced_and_are_no_runaway(risk: RiskManager) -> None:
    now = NOW
    for _ in range(3):
        for _ in range(5):
            assert risk.check(BUY, PRICE, now, None) == Allowed()
            risk.note_placed(now, explained=True)
        verdict = risk.check(BUY, PRICE, now + 1, None)
        assert isinstance(verdict, Deferred)
        assert (verdict.code, verdict.until) == ("pacing", now + MINUTE)
        assert isinstance(risk.check(BUY, PRICE, now + MINUTE - 1, None), Deferred)
        now += MINUTE


def test_every_fill_explains_one_order(risk: RiskManager) -> None:
    for _ in range(100):
        risk.note_fill(NOW)
        assert risk.check(BUY, PRICE, NOW, None, explained=False) == Allowed()
        risk.note_placed(NOW, explained=False)


def test_orders_beyond_what_fills_explain_trip_the_breaker(risk: RiskManager) -> None:
    for _ in range(5):
        assert risk.check(BUY, PRICE, NOW, None, explained=False) == Allowed()
        risk.note_placed(NOW, explained=False)
    verdict = risk.check(BUY, PRICE, NOW + MINUTE - 1, None, explained=False)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "max_orders_per_minute"
    assert "6 orders" in verdict.reason
    assert risk.check(BUY, PRICE, NOW + MINUTE, None, explained=False) == Allowed(), (
        "a minute later it is over"
    )


def test_a_runaway_shows_also_while_a_start_is_paced(risk: RiskManager) -> None:
    for _ in range(5):
        risk.note_placed(NOW, explained=True)
    for _ in range(5):
        assert risk.check(BUY, PRICE, NOW, None, explained=False) == Allowed()
        risk.note_placed(NOW, explained=False)
    assert isinstance(risk.check(BUY, PRICE, NOW, None, explained=False), Denied)


def test_a_fill_frees_its_place_in_the_pace(risk: RiskManager) -> None:
    for _ in range(5):
        risk.note_placed(NOW, explained=True)
    risk.note_fill(NOW)
    assert risk.check(BUY, PRICE, NOW, None) == Allowed()


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        (limit(Side.BUY, 90), Allowed),
        (limit(Side.BUY, "89.99"), Deferred),
        (limit(Side.SELL, 110), Allowed),
        (limit(Side.SELL, "110.01"), Deferred),
        (limit(Side.BUY, 110), Allowed),
        (limit(Side.BUY, "110.01"), Denied),
        (limit(Side.SELL, 90), Allowed),
        (limit(Side.SELL, "89.99"), Denied),
        (limit(Side.BUY, None), Allowed),
        (limit(Side.BUY, "99.99", post_only=True), Allowed),
        (limit(Side.BUY, 100, post_only=True), Deferred),
        (limit(Side.SELL, 100, post_only=True), Deferred),
        (limit(Side.SELL, 80, post_only=True), Deferred),
        (limit(Side.BUY, 120, post_only=True), Deferred),
    ],
)
def test_distance_from_the_market_defers_what_rests_and_denies_what_would_trade(
    risk: RiskManager, order: PlannedOrder, verdict: type
) -> None:
    assert isinstance(risk.check(order, PRICE, NOW, None), verdict)


@pytest.mark.parametrize("order", [limit(Side.BUY, 80), limit(Side.SELL, 130)])
def test_a_deferred_order_is_allowed_where_its_verdict_says_so(
    risk: RiskManager, order: PlannedOrder
) -> None:
    verdict = risk.check(order, PRICE, NOW, None)
    assert isinstance(verdict, Deferred)
    assert verdict.price is not None
    nearer = Decimal("0.99999") if order.side is Side.BUY else Decimal("1.00001")
    assert risk.check(order, verdict.price * nearer, NOW, None) == Allowed()
    assert isinstance(risk.check(order, verdict.price / nearer, NOW, None), Deferred)


def test_a_buy_needs_its_money_to_the_last_cent(risk: RiskManager) -> None:
    assert risk.check(BUY, PRICE, NOW, Decimal(95)) == Allowed()
    verdict = risk.check(BUY, PRICE, NOW, Decimal("94.99"))
    assert isinstance(verdict, Deferred)
    assert verdict.code == "funds"
    assert risk.check(limit(Side.BUY, None), PRICE, NOW, Decimal(100)) == Allowed()
    assert isinstance(risk.check(limit(Side.BUY, None), PRICE, NOW, Decimal(99)), Deferred)
    assert risk.check(limit(Side.SELL, 105), PRICE, NOW, Decimal(-5)) == Allowed()


def test_a_loss_up_to_the_limit_is_borne_and_one_cent_more_is_not(risk: RiskManager) -> None:
    assert risk.minute_close(NOW, Decimal(1000), Decimal(0)) is None
    assert risk.minute_close(NOW + MINUTE, Decimal(950), Decimal(0)) is None
    verdict = risk.minute_close(NOW + 2 * MINUTE, Decimal("949.99"), Decimal(0))
    assert isinstance(verdict, Denied)
    assert verdict.rule == "max_loss_per_hour"
    assert "50.01" in verdict.reason


def test_a_maximum_older_than_an_hour_is_forgotten(risk: RiskManager) -> None:
    risk.minute_close(NOW, Decimal(1000), Decimal(0))
    assert risk.minute_close(NOW + HOUR, Decimal(940), Decimal(0)) is not None
    assert risk.minute_close(NOW + HOUR + MINUTE, Decimal(940), Decimal(0)) is None


def test_the_last_hour_survives_a_restart_and_ends_with_a_reset(risk: RiskManager) -> None:
    risk.remember([(NOW, Decimal(1000))])
    assert risk.minute_close(NOW + MINUTE, Decimal(900), Decimal(0)) is not None
    risk.forget_history()
    assert risk.minute_close(NOW + 2 * MINUTE, Decimal(900), Decimal(0)) is None


def test_a_position_beyond_the_investment_is_judged_by_its_cost(risk: RiskManager) -> None:
    risk.minute_close(NOW, Decimal(3000), Decimal(2000))
    assert risk.minute_close(NOW + MINUTE, Decimal(2900), Decimal(2000)) is None
    assert risk.minute_close(NOW + MINUTE, Decimal(2899), Decimal(2000)) is not None


def test_the_distance_may_be_configured() -> None:
    wide = RiskManager(replace(RiskLimits(), max_price_deviation=Decimal("0.5")), Decimal(1000))
    assert wide.check(limit(Side.BUY, 50), PRICE, NOW, None) == Allowed()
    assert isinstance(wide.check(limit(Side.BUY, 49), PRICE, NOW, None), Deferred)


# Without a fresh price


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        (limit(Side.BUY, None), Deferred),
        (limit(Side.SELL, None), Deferred),
        (limit(Side.BUY, 100), Deferred),
        (limit(Side.BUY, 101), Deferred),
        (limit(Side.SELL, 99), Deferred),
        (limit(Side.BUY, 130), Deferred),
        (limit(Side.BUY, 99), Allowed),
        (limit(Side.SELL, 101), Allowed),
        (limit(Side.BUY, 99, post_only=True), Allowed),
    ],
)
def test_what_would_trade_at_once_waits_for_a_fresh_price(
    risk: RiskManager, order: PlannedOrder, verdict: type
) -> None:
    risk.priced_at = NOW
    assert isinstance(risk.check(order, PRICE, NOW + STALE_MS, None), Allowed | Denied)
    found = risk.check(order, PRICE, NOW + STALE_MS + 1, None)
    assert isinstance(found, verdict)
    if isinstance(found, Deferred):
        assert (found.code, found.until) == ("stale_price", NOW + STALE_MS + 1 + 1000)
    risk.priced_at = NOW + STALE_MS
    assert isinstance(risk.check(order, PRICE, NOW + STALE_MS + 1, None), Allowed | Denied)


def test_a_stale_price_does_not_trip_the_breaker(risk: RiskManager) -> None:
    """Far away from a price of a minute ago says nothing."""
    risk.priced_at = NOW
    assert isinstance(risk.check(limit(Side.BUY, 150), PRICE, NOW, None), Denied)
    assert isinstance(risk.check(limit(Side.BUY, 150), PRICE, NOW + MINUTE, None), Deferred)
    far = risk.check(limit(Side.BUY, 80), PRICE, NOW + MINUTE, None)
    assert isinstance(far, Deferred)
    assert far.code == "too_far", "one that rests is judged by the last known price"


# Halts of operators


def test_under_a_halt_nothing_passes(risk: RiskManager) -> None:
    risk.halt = "Trading is halted by the operator: drill."
    for order in (BUY, limit(Side.SELL, 105), limit(Side.BUY, None), limit(Side.BUY, 150)):
        assert risk.check(order, PRICE, NOW, None) == Deferred("halted", risk.halt)
    risk.halt = ""
    assert risk.check(BUY, PRICE, NOW, None) == Allowed()


# Over a restart


def test_a_runaway_does_not_begin_anew_with_a_restart(risk: RiskManager) -> None:
    risk.remember_orders([(NOW - 5000 + number, False) for number in range(5)], [])
    verdict = risk.check(BUY, PRICE, NOW, None, explained=False)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "max_orders_per_minute"


def test_fills_before_the_restart_explain_what_followed_them(risk: RiskManager) -> None:
    fills = [NOW - 5000 + number * 10 for number in range(4)]
    risk.remember_orders([(at + 1, False) for at in fills] + [(NOW - 10, False)], fills)
    for _ in range(4):
        assert risk.check(BUY, PRICE, NOW, None, explained=False) == Allowed()
        risk.note_placed(NOW, explained=False)
    assert isinstance(risk.check(BUY, PRICE, NOW, None, explained=False), Denied)


def test_the_pace_goes_on_after_a_restart(risk: RiskManager) -> None:
    risk.remember_orders([(NOW - 1000, True)] * 5, [])
    assert isinstance(risk.check(BUY, PRICE, NOW, None), Deferred)


def test_what_never_left_gives_its_place_and_its_fill_back(risk: RiskManager) -> None:
    for _ in range(20):
        risk.note_unsent(NOW, False, risk.note_placed(NOW, explained=False))
    risk.note_fill(NOW)
    for _ in range(20):
        risk.note_unsent(NOW, False, risk.note_placed(NOW, explained=False))
    for _ in range(20):
        risk.note_unsent(NOW, True, risk.note_placed(NOW, explained=True))
    for _ in range(5):
        risk.note_placed(NOW, explained=False)
        assert risk.check(BUY, PRICE, NOW, None, explained=False) == Allowed()
    risk.note_placed(NOW, explained=False)
    assert isinstance(risk.check(BUY, PRICE, NOW, None, explained=False), Denied)


# The operator's bounds


def test_no_limit_is_wider_than_the_operators_bounds() -> None:
    bounds = RiskLimits(20, Decimal("0.02"), Decimal("0.5"))
    assert RiskLimits().within(bounds) == RiskLimits(20, Decimal("0.02"), Decimal("0.10"))
