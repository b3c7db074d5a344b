"""The order protocol's writes: each function is one short transaction (docs/ARCHITECTURE.md, life of an order)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from bots import store
from bots.core import orders as core
from bots.core.ids import client_id
from bots.core.orders import PlannedOrder, may_become
from bots.core.ports import Change, LeaseLost
from bots.core.slots import SlotState, reserve_dust
from bots.core.strategies.base import Beginning, Grants, Memory
from bots.core.types import Market, OrderStatus
from bots.models import Bot, BotSlot, Order
from bots.services import sql
from bots.services.booking import ingest_fill, save_slot, settled, slot_of
from bots.services.events import record_event, tell_move

__all__ = [
    "Lease",
    "begin",
    "explain",
    "give_up",
    "grant",
    "ingest_fill",
    "intend",
    "locked",
    "mark_sent",
    "record",
    "remember",
]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for a bot: void as soon as another worker has claimed it."""

    bot_id: UUID
    token: int


# How many orders were made already for these slots and cycles, whatever became of them.
ATTEMPTS = "SELECT slot, cycle, side FROM orders WHERE bot_id = %s AND slot = ANY(%s) AND cycle = ANY(%s)"
RECORD = (
    "UPDATE orders SET status = %s, exchange_order_id = COALESCE(NULLIF(%s, ''), exchange_order_id), reason = %s,"
    " closed_at = %s WHERE id = %s AND bot_id = (SELECT id FROM bots WHERE id = %s AND lease_token = %s)"
    " AND status = ANY(%s)"
)
# A row that was never sent has no fills: neither its slot nor the position moves.
GIVE_UP = (
    "UPDATE orders SET status = 'error', reason = 'never_sent', closed_at = %s"
    " WHERE id = ANY(%s) AND bot_id = %s AND status = 'pending' AND sent_at IS NULL RETURNING "
)
BEFORE = {new: [old.value for old in OrderStatus if may_become(old, new)] for new in OrderStatus}
SLOT = [field.name for field in BotSlot._meta.concrete_fields].index("slot")


def locked(lease: Lease) -> Bot:
    """The bot's row, locked for this transaction. Raises LeaseLost."""
    row = Bot.objects.select_for_update(no_key=True).filter(id=lease.bot_id, lease_token=lease.token).first()
    if row is None:
        raise LeaseLost
    return row


@transaction.atomic
def intend(*, lease: Lease, orders: Sequence[PlannedOrder]) -> list[core.Order]:
    """Step 1: every order is written as pending, with its client id, before anything is sent."""
    numbers, cycles = [order.slot for order in orders], [order.cycle for order in orders]
    bots, attempts, slots = sql.round_trip(
        _lock(lease),
        (ATTEMPTS, (lease.bot_id, numbers, cycles)),
        (f"{sql.select(BotSlot)} WHERE bot_id = %s AND slot = ANY(%s)", (lease.bot_id, numbers)),
    )
    bot = _leased(bots)
    made = Counter(attempts)
    rows = [_pending(bot, order, made[order.slot, order.cycle, order.side.value]) for order in orders]
    states = {
        order.slot: slot_of([row for row in slots if row[SLOT] == order.slot], order.slot) for order in orders
    }
    reserved = [
        save_slot(bot.id, reserve_dust(states[order.slot], order.cycle, order.dust))
        for order in orders
        if order.dust
    ]
    values = [store.order_value(row) for row in rows]
    sql.round_trip(sql.insert(*rows), *reserved, last=True)
    return values


def _lock(lease: Lease) -> sql.Statement:
    return f"{sql.select(Bot)} WHERE id = %s AND lease_token = %s FOR NO KEY UPDATE", (
        lease.bot_id,
        lease.token,
    )


def _leased(rows: list[sql.Row]) -> Bot:
    bot = sql.made(Bot, rows)
    if bot is None:
        raise LeaseLost
    return bot


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
        created_at=timezone.now(),
        explained=order.explained,
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
    closed_at = None if status.is_live else timezone.now()
    values = (status.value, exchange_id, reason[:300], closed_at)
    bots, _, rows, slots = sql.round_trip(
        _lock(lease),
        (RECORD, (*values, order.id, lease.bot_id, lease.token, BEFORE[status])),
        (f"{sql.select(Order)} WHERE id = %s", [order.id]),
        (f"{sql.select(BotSlot)} WHERE bot_id = %s AND slot = %s", (lease.bot_id, order.slot)),
    )
    bot, row, before = _leased(bots), sql.made(Order, rows), slot_of(slots, order.slot)
    if row is None:
        raise Order.DoesNotExist
    state = settled(bot, row, before, market)
    if state != before or not slots:  # a slot that has had an order has a row: pages show it
        sql.round_trip(save_slot(bot.id, state))
    return Change(store.order_value(row), state, store.position_value(bot))


@transaction.atomic
def give_up(*, lease: Lease, orders: Sequence[core.Order]) -> list[Change]:
    """What was written down and will not be sent, all at once; what was sent after all stays as it is."""
    numbers = [order.slot for order in orders]
    bot = _leased(sql.round_trip(_lock(lease))[0])
    given_up, slots = sql.round_trip(
        (GIVE_UP + sql.columns(Order), (timezone.now(), [order.id for order in orders], lease.bot_id)),
        (f"{sql.select(BotSlot)} WHERE bot_id = %s AND slot = ANY(%s)", (lease.bot_id, numbers)),
    )
    states = {number: slot_of([row for row in slots if row[SLOT] == number], number) for number in numbers}
    known = {row[SLOT] for row in slots}
    missing = [save_slot(bot.id, state) for number, state in states.items() if number not in known]
    if missing:  # a slot that has had an order has a row: pages show it
        sql.round_trip(*missing)
    rows = [row for row in (sql.made(Order, [each]) for each in given_up) if row is not None]
    return [Change(store.order_value(row), states[row.slot], store.position_value(bot)) for row in rows]


def _slot_row(bot_id: UUID, number: int) -> BotSlot:
    row, _ = BotSlot.objects.get_or_create(bot_id=bot_id, slot=number)
    return row


@transaction.atomic
def begin(*, lease: Lease, beginning: Beginning) -> None:
    """A run begins, or its levels have moved: its memory, and the slots that start anew."""
    bot = locked(lease)
    bot.memory = beginning.memory
    bot.save(update_fields=["memory"])
    if beginning.slots:  # hundreds, where a grid jumps
        sql.round_trip(*(save_slot(bot.id, state) for state in beginning.slots))
    if beginning.text:
        tell_move(bot=bot, text=beginning.text, memory=beginning.memory)
        return
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
