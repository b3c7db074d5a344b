"""The order protocol's writes: each function is one short transaction (docs/ARCHITECTURE.md, life of an order)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from bots import store
from bots.core import orders as core
from bots.core.ids import client_id
from bots.core.ledger import Booking, book, cost_removed, effect, fee_in_quote, fold
from bots.core.orders import PlannedOrder, may_become
from bots.core.ports import Change, LeaseLost
from bots.core.rounding import plain, round8
from bots.core.slots import SlotState, add_fill, at_cycle, closed_after_sale, reserve_dust
from bots.core.strategies.base import Beginning, Grants, Memory
from bots.core.types import Fill as CoreFill
from bots.core.types import Market, OrderStatus, Side
from bots.models import Bot, BotSlot, Fill, Order
from bots.services.events import record_event


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for a bot: void as soon as another worker has claimed it."""

    bot_id: UUID
    token: int


def locked(lease: Lease) -> Bot:
    """The bot's row, locked for this transaction. Raises LeaseLost."""
    row = Bot.objects.select_for_update(no_key=True).filter(id=lease.bot_id, lease_token=lease.token).first()
    if row is None:
        raise LeaseLost
    return row


@transaction.atomic
def intend(*, lease: Lease, orders: Sequence[PlannedOrder]) -> list[core.Order]:
    """Step 1: every order is written as pending, with its client id, before anything is sent."""
    bot = locked(lease)
    made = _attempts(bot, orders)
    rows = [_pending(bot, order, made[order.slot, order.cycle, order.side.value]) for order in orders]
    Order.objects.bulk_create(rows)
    for order in orders:
        if order.dust:
            row = _slot_row(bot.id, order.slot)
            store.set_slot(row, reserve_dust(store.slot_value(row), order.cycle, order.dust))
            row.save()
    return [store.order_value(row) for row in rows]


def _attempts(bot: Bot, orders: Sequence[PlannedOrder]) -> Counter[tuple[int, int, str]]:
    """How many orders were made already for each slot, cycle and side, whatever became of them."""
    rows = Order.objects.filter(bot_id=bot.id, slot__in=[order.slot for order in orders])
    rows = rows.filter(cycle__in={order.cycle for order in orders})
    return Counter(rows.values_list("slot", "cycle", "side"))


def _pending(bot: Bot, order: PlannedOrder, attempt: int) -> Order:
    return Order(
        bot_id=bot.id,
        client_order_id=client_id(bot.id, order.slot, order.cycle, order.side, attempt),
        run=bot.run,
        slot=order.slot,
        cycle=order.cycle,
        attempt=attempt,
        side=order.side.value,
        type=order.type.value,
        price=order.price,
        quantity=order.quantity,
        post_only=order.post_only,
        dust_used=order.dust,
    )


def mark_sent(*, lease: Lease, order: core.Order, sent_at: int) -> bool:
    """Step 2: stamps the order where it is pending, was never sent, and the token is current. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE orders SET sent_at = %s
            FROM (SELECT id FROM bots WHERE id = %s AND lease_token = %s FOR SHARE) AS bot
            WHERE orders.bot_id = bot.id AND orders.id = %s AND status = 'pending' AND sent_at IS NULL
            """,
            [sent_at, lease.bot_id, lease.token, order.id],
        )
        return bool(cursor.rowcount == 1)


@transaction.atomic
def record(
    *,
    lease: Lease,
    order: core.Order,
    status: OrderStatus,
    exchange_id: str = "",
    reason: str = "",
    market: Market,
) -> Change:
    """Step 4: what the exchange said became of the order. An illegal transition changes nothing."""
    bot = locked(lease)
    row = Order.objects.get(id=order.id)
    if may_become(OrderStatus(row.status), status):
        row.status = status.value
        row.exchange_order_id = exchange_id or row.exchange_order_id
        row.reason = reason[:300]
        row.closed_at = None if status.is_live else timezone.now()
        row.save(update_fields=["status", "exchange_order_id", "reason", "closed_at"])
    slot = _settle_slot(bot, row, market)
    return Change(store.order_value(row), slot, store.position_value(bot))


def _slot_row(bot_id: UUID, number: int) -> BotSlot:
    row, _ = BotSlot.objects.get_or_create(bot_id=bot_id, slot=number)
    return row


def _settle_slot(bot: Bot, order: Order, market: Market) -> SlotState:
    """The slot's state after its order changed; closes its cycle where a sale has ended."""
    row = _slot_row(bot.id, order.slot)
    before = state = store.slot_value(row)
    ended = not OrderStatus(order.status).is_live
    sold = order.side == Side.SELL.value and order.filled_quantity and state.cycle == order.cycle
    if ended and sold:
        price = order.price or order.filled_quote / order.filled_quantity
        state = closed_after_sale(state, price, market, bot.base)
    if state != before:
        store.set_slot(row, state)
        row.save()
    return state


@transaction.atomic
def ingest_fill(*, bot_id: UUID, account: str, fill: CoreFill, market: Market) -> Change | None:
    """Books a fill once: order, position, slot and event in one transaction, whatever the lease.

    None where it was booked already, or where the order is none of this bot's.
    """
    bot = Bot.objects.select_for_update(no_key=True).get(id=bot_id)
    order = _order_of(bot_id, fill)
    if order is None or _is_booked(account, fill, order):
        return None
    entry = Booking(fill, fee_in_quote(fill, market))
    removed = _book(bot, order, entry, account, market)
    _add_to_order(order, entry, market)
    slot = _add_to_slot(bot, order, entry, removed, market)
    if order.status == OrderStatus.FILLED.value:
        _tell_filled(bot, order)
    return Change(store.order_value(order), slot, store.position_value(bot))


def _order_of(bot_id: UUID, fill: CoreFill) -> Order | None:
    orders = Order.objects.filter(bot_id=bot_id)
    if fill.client_id:
        return orders.filter(client_order_id=fill.client_id).first()
    return orders.filter(exchange_order_id=fill.exchange_order_id).first()


def _is_booked(account: str, fill: CoreFill, order: Order) -> bool:
    return Fill.objects.filter(
        account=account, symbol=fill.symbol, trade_id=fill.trade_id, order=order
    ).exists()


def _book(bot: Bot, order: Order, entry: Booking, account: str, market: Market) -> Decimal:
    """Writes the fill and moves the ledger; answers the cost a sale removed. A fill older than the newest one
    has the whole ledger folded again, so that the order of arrival never shows in it."""
    fill = entry.fill
    Fill.objects.create(
        bot_id=bot.id,
        order=order,
        account=account,
        symbol=fill.symbol,
        trade_id=fill.trade_id,
        side=fill.side.value,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        fee_quote=entry.fee_quote,
        liquidity=fill.liquidity.value,
        time=store.at(fill.time),
    )
    before = store.position_value(bot)
    removed = cost_removed(before, fill.quantity) if fill.side is Side.SELL else Decimal(0)
    if entry.key > before.last:
        after = book(before, entry, market)
    else:
        rows = Fill.objects.filter(bot_id=bot.id).iterator()
        after = fold(bot.total_investment, map(store.booking, rows), market)
    store.set_position(bot, after)
    bot.save(update_fields=store.POSITION_COLUMNS)
    return removed


def _add_to_order(order: Order, entry: Booking, market: Market) -> None:
    fill = entry.fill
    order.filled_quantity += fill.quantity
    order.filled_quote += fill.price * fill.quantity
    order.fee += entry.fee_quote
    order.fee_base += fill.fee if fill.fee_asset == market.base else 0
    order.exchange_order_id = order.exchange_order_id or fill.exchange_order_id
    if order.filled_quantity >= order.quantity:
        order.status = OrderStatus.FILLED.value
        order.filled_at = order.closed_at = store.at(fill.time)
        order.reason = ""
    order.save()


def _add_to_slot(bot: Bot, order: Order, entry: Booking, removed: Decimal, market: Market) -> SlotState:
    """A fill of a cycle that has passed already is the bot's, but no longer the slot's."""
    row = _slot_row(bot.id, order.slot)
    state = store.slot_value(row)
    if order.cycle >= state.cycle:
        state = add_fill(at_cycle(state, order.cycle), entry.fill.side, effect(entry, market), removed)
        store.set_slot(row, state)
        row.save()
    return _settle_slot(bot, order, market)


def _tell_filled(bot: Bot, order: Order) -> None:
    average = order.filled_quote / order.filled_quantity
    verb = "Bought" if order.side == Side.BUY.value else "Sold"
    base = bot.symbol.split("/")[0]
    record_event(
        bot=bot,
        kind="order_filled",
        text=f"{verb} {plain(order.filled_quantity)} {base} at {plain(round8(average))}",
        data={"order_id": str(order.id), "slot": order.slot, "side": order.side},
    )


@transaction.atomic
def begin(*, lease: Lease, beginning: Beginning) -> None:
    """A run begins: its memory, and the slots that start anew."""
    bot = locked(lease)
    bot.memory = beginning.memory
    bot.save(update_fields=["memory"])
    for state in beginning.slots:
        row = _slot_row(bot.id, state.slot)
        store.set_slot(row, state)
        row.save()
    record_event(bot=bot, kind="run_started", text=f"Run {bot.run} began.", data={"memory": beginning.memory})


@transaction.atomic
def grant(*, lease: Lease, grants: Grants) -> dict[int, SlotState]:
    """Gives the initial purchase to the slots it was made for, once a run."""
    bot = locked(lease)
    if not bot.memory.get("granted"):
        for number, base in grants.base.items():
            row = _slot_row(bot.id, number)
            row.granted = base
            row.save(update_fields=["granted"])
        bot.memory["granted"] = True
        bot.save(update_fields=["memory"])
    rows = BotSlot.objects.filter(bot_id=bot.id, slot__in=list(grants.base))
    return {row.slot: store.slot_value(row) for row in rows}


@transaction.atomic
def remember(*, lease: Lease, memory: Memory) -> None:
    bot = locked(lease)
    bot.memory = memory
    bot.save(update_fields=["memory"])


@transaction.atomic
def explain(*, lease: Lease, reasons: dict[int, str]) -> None:
    """Keeps for each slot why it has no order; "" where it has one."""
    locked(lease)
    rows = [BotSlot(bot_id=lease.bot_id, slot=slot, reason=reason[:300]) for slot, reason in reasons.items()]
    BotSlot.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["bot", "slot"], update_fields=["reason"]
    )
