"""Fills, taken in once each: what one did to order, position, slot and events, in one transaction."""

from decimal import Decimal
from uuid import UUID

from django.db import transaction

from bots import store
from bots.core.ledger import Booking, book, cost_removed, effect, fee_in_quote, fold
from bots.core.ports import Change
from bots.core.rounding import as_price, as_quantity, round8
from bots.core.slots import SlotState, add_fill, at_cycle, closed_after_sale
from bots.core.types import Fill as CoreFill
from bots.core.types import Market, OrderStatus, Side
from bots.models import Bot, BotEvent, BotSlot, Fill, Order
from bots.services import sql
from bots.services.events import new_event
from bots.services.fill_notices import tell_filled
from bots.services.notices import ask_for_delivery

LOCK = f"{sql.select(Bot)} WHERE id = %s FOR NO KEY UPDATE"
BY_OUR_ID, BY_ITS_ID = ("client_order_id = %s AND bot_id = %s", "exchange_order_id = %s AND bot_id = %s")
BOOKED = "SELECT 1 FROM fills WHERE account = %s AND symbol = %s AND trade_id = %s AND order_id = "
ORDER_CHANGES = (
    *("status", "reason", "exchange_order_id", "filled_quantity", "filled_quote", "fee", "fee_base"),
    *("filled_at", "closed_at"),
)
SLOT_COLUMNS = ("cycle", "cycles", *store.SUMS)
SAVE_SLOT = (
    f"INSERT INTO bot_slots (bot_id, slot, {', '.join(SLOT_COLUMNS)}, reason)"  # noqa: S608
    f" VALUES (%s, %s{', %s' * len(SLOT_COLUMNS)}, '') ON CONFLICT (bot_id, slot) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in SLOT_COLUMNS)
)


@transaction.atomic
def ingest_fill(*, bot_id: UUID, account: str, fill: CoreFill, market: Market) -> Change | None:
    """Books a fill once: order, position, slot and event in one transaction, whatever the lease.

    None where the order is none of this bot's; what stands in the books where it was booked already.
    """
    bot, order, state, booked = _read(bot_id, account, fill)
    if order is None:
        return None
    if booked:
        return Change(store.order_value(order), state, store.position_value(bot), new=False)
    entry = Booking(fill, fee_in_quote(fill, market))
    before = store.position_value(bot)
    removed = cost_removed(before, fill.quantity) if fill.side is Side.SELL else Decimal(0)
    statements = _move_ledger(bot, entry, sql.insert(_fill_row(bot, order, account, entry)), market)
    statements.append(_add_to_order(order, entry, market))
    if order.cycle >= state.cycle:  # otherwise it is the bot's, but no longer the slot's
        state = add_fill(at_cycle(state, order.cycle), fill.side, effect(entry, market), removed)
        state = settled(bot, order, state, market)
        statements.append(save_slot(bot.pk, state))
    if order.status == OrderStatus.FILLED.value:
        event = _filled(bot, order)
        statements += [sql.insert(event), tell_filled(bot=bot, event=event)]
    change = Change(store.order_value(order), state, store.position_value(bot))
    *_, told = sql.round_trip(*statements, last=True)
    if told:  # of the statements that write, only the notices answer rows
        transaction.on_commit(ask_for_delivery, robust=True)
    return change


def _read(bot_id: UUID, account: str, fill: CoreFill) -> tuple[Bot, Order | None, SlotState, bool]:
    """The bot's row is locked first; what is read after it is what the last writer left."""
    # A fill without our id is found by the exchange's.
    where = (BY_OUR_ID if fill.client_id else BY_ITS_ID) + " LIMIT 1"
    key = (fill.client_id or fill.exchange_order_id, bot_id)
    slot, order_id = (f"(SELECT {column} FROM orders WHERE {where})" for column in ("slot", "id"))  # noqa: S608
    bots, orders, slots, booked = sql.round_trip(
        (LOCK, [bot_id]),
        (f"{sql.select(Order)} WHERE {where}", key),
        (f"{sql.select(BotSlot)} WHERE bot_id = %s AND slot = {slot}", (bot_id, *key)),
        (BOOKED + order_id, (account, fill.symbol, fill.trade_id, *key)),
    )
    bot, order = sql.made(Bot, bots), sql.made(Order, orders)
    if bot is None:
        raise Bot.DoesNotExist
    return bot, order, slot_of(slots, order.slot if order else 0), bool(booked)


def slot_of(rows: list[sql.Row], number: int) -> SlotState:
    """The slot that was read; a new one where it has no row yet."""
    row = sql.made(BotSlot, rows)
    return SlotState(number) if row is None else store.slot_value(row)


def save_slot(bot_id: UUID, state: SlotState) -> sql.Statement:
    """Its reason stays as it is."""
    return SAVE_SLOT, (bot_id, state.slot, *(getattr(state, name) for name in SLOT_COLUMNS))


def settled(bot: Bot, order: Order, state: SlotState, market: Market) -> SlotState:
    """The slot's state after its order changed; its cycle closes where a sale has ended."""
    ended = not OrderStatus(order.status).is_live
    sold = order.side == Side.SELL.value and order.filled_quantity and state.cycle == order.cycle
    if not (ended and sold):
        return state
    price = order.price or order.filled_quote / order.filled_quantity
    return closed_after_sale(state, price, market, bot.base)


def _fill_row(bot: Bot, order: Order, account: str, entry: Booking) -> Fill:
    fill = entry.fill
    return Fill(
        bot_id=bot.id,
        order_id=order.id,
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


def _move_ledger(bot: Bot, entry: Booking, insert: sql.Statement, market: Market) -> list[sql.Statement]:
    """A fill older than the newest one has the whole ledger folded again, so that the order of arrival never shows
    in it."""
    before = store.position_value(bot)
    statements = [insert]
    if entry.key > before.last:
        after = book(before, entry, market)
    else:
        sql.round_trip(statements.pop())
        rows = Fill.objects.filter(bot_id=bot.id).iterator()
        after = fold(bot.total_investment, map(store.booking, rows), market)
    store.set_position(bot, after)
    return [*statements, sql.update(bot, *store.POSITION_COLUMNS)]


def _add_to_order(order: Order, entry: Booking, market: Market) -> sql.Statement:
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
    return sql.update(order, *ORDER_CHANGES)


def _filled(bot: Bot, order: Order) -> BotEvent:
    average = order.filled_quote / order.filled_quantity
    verb = "Bought" if order.side == Side.BUY.value else "Sold"
    base = bot.symbol.split("/")[0]
    return new_event(
        bot=bot,
        kind="order_filled",
        text=f"{verb} {as_quantity(order.filled_quantity)} {base} at {as_price(round8(average))}",
        data={"order_id": str(order.id), "slot": order.slot, "side": order.side},
    )
