"""Rows of the database as values of the core, and back. Reads and maps; the services decide what is written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from bots.core import orders as core
from bots.core.ledger import Booking, Position
from bots.core.slots import SlotState
from bots.core.types import Fill as CoreFill
from bots.core.types import Liquidity, OrderStatus, OrderType, Side
from bots.models import Bot, BotSlot, BotStatus, Fill, Order
from bots.models.order import LIVE
from exchanges.models import Credential, Mode

TESTNET = "-testnet"  # how the venue of a testnet ends
SUMS = ("granted", "dust", "bought", "spent", "sold", "received", "profit")


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def order_value(row: Order) -> core.Order:
    return core.Order(
        id=str(row.id),
        client_id=row.client_order_id,
        slot=row.slot,
        cycle=row.cycle,
        attempt=row.attempt,
        side=Side(row.side),
        type=OrderType(row.type),
        price=row.price,
        quantity=row.quantity,
        status=OrderStatus(row.status),
        exchange_id=row.exchange_order_id,
        filled=row.filled_quantity,
        sent_at=row.sent_at,
        post_only=row.post_only,
        reason=row.reason,
    )


def slot_value(row: BotSlot) -> SlotState:
    return SlotState(row.slot, row.cycle, cycles=row.cycles, **{name: getattr(row, name) for name in SUMS})


def position_value(bot: Bot) -> Position:
    return Position(
        cash=bot.cash,
        base=bot.base,
        cost=bot.cost,
        realized=bot.realized_pnl,
        fees={asset: Decimal(amount) for asset, amount in bot.fees.items()},
        trades=bot.trades,
        last=(bot.last_fill_time, len(bot.last_trade_id), bot.last_trade_id),
    )


POSITION_COLUMNS = (
    "cash",
    "base",
    "cost",
    "realized_pnl",
    "fees",
    "trades",
    "last_fill_time",
    "last_trade_id",
)


def set_position(bot: Bot, position: Position) -> None:
    bot.cash, bot.base, bot.cost = position.cash, position.base, position.cost
    bot.realized_pnl, bot.trades = position.realized, position.trades
    bot.fees = {asset: f"{amount:f}" for asset, amount in position.fees.items()}
    bot.last_fill_time, bot.last_trade_id = position.last[0], position.last[2]


def booking(row: Fill) -> Booking:
    fill = CoreFill(
        trade_id=row.trade_id,
        exchange_order_id=str(row.order_id),  # one order row is one exchange order
        symbol=row.symbol,
        side=Side(row.side),
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_asset=row.fee_asset,
        liquidity=Liquidity(row.liquidity),
        time=milliseconds(row.time),
    )
    return Booking(fill, row.fee_quote)


def live_orders(bot_id: UUID) -> list[core.Order]:
    return [order_value(row) for row in Order.objects.filter(bot_id=bot_id, status__in=LIVE)]


def find_order(bot_id: UUID, client_id: str) -> core.Order | None:
    row = Order.objects.filter(bot_id=bot_id, client_order_id=client_id).first()
    return order_value(row) if row is not None else None


def of_account(account: str, symbol: str) -> QuerySet[Order]:
    """The orders in one market of an account (venue:UID), of whichever bot and key."""
    venue, _, uid = account.partition(":")
    testnet = venue.endswith(TESTNET)
    keys = Credential.objects.filter(exchange=venue.removesuffix(TESTNET), account_uid=uid)
    keys = keys.filter(mode=Mode.TESTNET) if testnet else keys.exclude(mode=Mode.TESTNET)
    return Order.objects.filter(bot__symbol=symbol, bot__credential__in=keys)


def known_ids(account: str, symbol: str, exchange_ids: Sequence[str]) -> set[str]:
    rows = of_account(account, symbol).filter(exchange_order_id__in=exchange_ids)
    return set(rows.values_list("exchange_order_id", flat=True))


def names_of(account: str, symbol: str, exchange_ids: Sequence[str]) -> dict[str, str]:
    """Our client ids by the exchange's own, of those that have a row."""
    rows = of_account(account, symbol).filter(exchange_order_id__in=exchange_ids)
    return dict(rows.values_list("exchange_order_id", "client_order_id"))


def lost_orders(account: str, symbol: str, since: int) -> list[core.Order]:
    """Orders that were sent and of which the exchange never told its own id."""
    rows = of_account(account, symbol).filter(sent_at__gte=since, exchange_order_id="")
    return [order_value(row) for row in rows]


def unbooked(account: str, fills: Sequence[CoreFill]) -> list[tuple[CoreFill, UUID]]:
    """Those fills of our orders that are in no ledger yet, with their bots."""
    rows = Order.objects.filter(client_order_id__in={fill.client_id for fill in fills})
    bots = dict(rows.values_list("client_order_id", "bot_id"))
    booked = Fill.objects.filter(account=account, order__in=rows)
    known = set(booked.values_list("order__client_order_id", "trade_id"))
    return [(fill, bots[fill.client_id]) for fill in fills if (fill.client_id, fill.trade_id) not in known]


def is_at_rest(bot_id: UUID) -> bool:
    """Nobody runs it, and nobody is about to."""
    bots = Bot.objects.filter(id=bot_id, lease_owner=None, stopping=False)
    idle = bots.filter(status__in=[BotStatus.STOPPED, BotStatus.ERROR])
    return idle.exists() and not live_orders(bot_id)
