"""What recovery decides, and the figures people judge a bot by."""

from decimal import Decimal

from bots.core.metrics import YEAR_MS, annualized_return
from bots.core.orders import TRANSITIONS, Order, may_become
from bots.core.reconcile import reconcile
from bots.core.types import OrderReport, OrderStatus, OrderType, Side


def order(name: str, status: OrderStatus, sent_at: int | None = None) -> Order:
    return Order(
        name, name, 1, 0, 0, Side.BUY, OrderType.LIMIT, Decimal(1), Decimal(1), status, sent_at=sent_at
    )


def report(name: str) -> OrderReport:
    return OrderReport(name, "7", "X/Y", Side.BUY, OrderStatus.OPEN, Decimal(1), Decimal(0), Decimal(1), 0)


def test_every_order_is_confirmed_asked_for_forgotten_or_a_stray() -> None:
    never, unknown = order("ag1", OrderStatus.PENDING), order("ag2", OrderStatus.PENDING, sent_at=5)
    gone, there = order("ag3", OrderStatus.OPEN), order("ag4", OrderStatus.OPEN)
    verdict = reconcile([never, unknown, gone, there], map(report, ["ag4", "ag9", "web_1", "xag2"]), "ag")
    assert verdict.never_sent == (never,)
    assert verdict.ask == (unknown, gone)
    assert verdict.confirmed == ((there, report("ag4")),)
    assert verdict.strays == (report("ag9"),)


def test_a_live_order_never_becomes_pending_and_a_filled_one_nothing() -> None:
    assert not any(OrderStatus.PENDING in after for after in TRANSITIONS.values())
    assert not TRANSITIONS[OrderStatus.FILLED]
    assert may_become(OrderStatus.ERROR, OrderStatus.FILLED), "it came to the exchange after all"
    assert not may_become(OrderStatus.OPEN, OrderStatus.ERROR)


def test_a_year_of_ten_percent_is_ten_percent_a_year() -> None:
    assert annualized_return(Decimal("0.1"), YEAR_MS) == Decimal("0.1")
    two = annualized_return(Decimal("0.1"), YEAR_MS // 2)
    assert two is not None
    assert abs(two - Decimal("0.21")) < Decimal("1e-9")
    assert annualized_return(Decimal("0.1"), 3_599_999) is None
    assert annualized_return(Decimal(-1), YEAR_MS) is None
    assert annualized_return(Decimal("0.5"), 3_600_000) is None
