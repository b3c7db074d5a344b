"""Rows as the values that connectors speak, and back."""

from bots.core.types import Fill, Liquidity, OrderReport, OrderStatus, OrderType, Side
from exchanges.paper.desk import Execution, Resting
from exchanges.paper.models import PaperOrder, PaperTrade


def report(row: PaperOrder) -> OrderReport:
    return OrderReport(
        client_id=row.client_id,
        exchange_id=str(row.pk),
        symbol=row.symbol,
        side=Side(row.side),
        status=OrderStatus(row.status),
        quantity=row.quantity,
        filled=row.filled,
        price=row.price,
        time=row.updated,
        reason=row.reason,
    )


def fill(row: PaperTrade) -> Fill:
    return Fill(
        trade_id=str(row.pk),
        exchange_order_id=str(row.order_id),
        symbol=row.symbol,
        side=Side(row.side),
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_asset=row.fee_asset,
        liquidity=Liquidity(row.liquidity),
        time=row.time,
        client_id=row.order.client_id,
    )


def resting(row: PaperOrder) -> Resting:
    return Resting(
        client_id=row.client_id,
        side=Side(row.side),
        type=OrderType(row.type),
        price=row.price,
        quantity=row.quantity,
        time=row.time,
        id=row.pk,
        status=OrderStatus(row.status),
        filled=row.filled,
        locked=row.locked,
        reason=row.reason,
        updated=row.updated,
    )


def order_columns(order: Resting) -> dict[str, object]:
    """What may differ from what is stored."""
    return {
        "status": order.status.value,
        "filled": order.filled,
        "locked": order.locked,
        "reason": order.reason,
        "updated": order.updated,
    }


def trade(done: Execution, symbol: str) -> PaperTrade:
    """Account, order and revision are its writer's."""
    return PaperTrade(
        symbol=symbol,
        side=done.order.side.value,
        price=done.price,
        quantity=done.quantity,
        fee=done.fee,
        fee_asset=done.fee_asset,
        liquidity=done.liquidity.value,
        time=done.time,
    )
