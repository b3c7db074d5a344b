"""What a fill does to a bot, in whole numbers: the sums of `core.ledger` and `core.slots`."""

from bots.backtest.jit import at, jit
from bots.backtest.kernel_book import take_out, tradable
from bots.backtest.kernel_math import MOST, UNIT, floor_to, half_even
from bots.backtest.kernel_state import (
    BASE,
    BOUGHT,
    BUYS,
    CANDLE,
    CASH,
    CLOSED,
    COST,
    CYCLE,
    CYCLES,
    DUST,
    FEE_PARTS,
    FEES,
    FILL_FIELDS,
    FILLS,
    GRANTED,
    IN_BASE,
    LAST,
    LOT,
    MAKER,
    NOTED,
    NUMBER,
    PRICE,
    PROFIT,
    QUANTITY,
    REALIZED,
    RECEIVED,
    ROOM,
    SELLS,
    SIDE,
    SOLD,
    SPENT,
    STATE_FIELDS,
    STATES,
    TAKER,
    TIME,
    Bot,
    Table,
    slot_of,
)


@jit
def held(slot: Table) -> int:
    return slot[GRANTED] + slot[DUST] + slot[BOUGHT] - slot[SOLD]


@jit
def fill(bot: Bot, row: int, price: int, maker: bool) -> None:
    """Books the slot's whole order, then settles its cycle."""
    slot, now, rules = slot_of(bot, row), bot.now, bot.rules
    side, quantity = slot[SIDE], slot[QUANTITY]
    order_price = slot[PRICE] if slot[PRICE] else price
    value = half_even(price, quantity, UNIT)
    rate = rules[MAKER] if maker else rules[TAKER]
    in_base = side == BUYS and rules[IN_BASE]
    fee = half_even(quantity if in_base else value, rate, rules[FEE_PARTS])
    take_out(bot, row)
    if side == BUYS:
        book_buy(bot, slot, value + (0 if in_base else fee), quantity - (fee if in_base else 0))
    else:
        book_sale(bot, slot, value - fee, quantity)
    if now[CASH] > MOST or now[BASE] > MOST or now[CASH] < -MOST:
        raise OverflowError
    fee_quote = half_even(fee, price, UNIT) if in_base else fee
    write_fill(bot, slot[NUMBER], side, price, quantity, fee, fee_quote, maker)
    if side == SELLS:
        settle(bot, row, order_price)


@jit
def book_buy(bot: Bot, slot: Table, paid: int, got: int) -> None:
    now = bot.now
    now[CASH] -= paid
    now[BASE] += got
    now[COST] += paid
    slot[BOUGHT] += got
    slot[SPENT] += paid


@jit
def book_sale(bot: Bot, slot: Table, brought: int, quantity: int) -> None:
    now = bot.now
    removed = now[COST] if quantity >= now[BASE] else half_even(now[COST], quantity, now[BASE])
    now[CASH] += brought
    now[BASE] -= quantity
    now[COST] -= removed
    now[REALIZED] += brought - removed
    slot[SOLD] += quantity
    slot[RECEIVED] += brought
    if is_exit(slot):
        slot[SPENT] += removed


@jit
def is_exit(slot: Table) -> bool:
    return bool(slot[NUMBER] == -2 or slot[NUMBER] == 1000)


@jit
def write_fill(  # noqa: PLR0917
    bot: Bot, number: int, side: int, price: int, quantity: int, fee: int, fee_quote: int, maker: bool
) -> None:
    now, count = bot.now, bot.now[FILLS]
    if count < now[ROOM]:  # a log that is too short is seen by its count
        row = at(bot.fills, count * FILL_FIELDS)
        row[0], row[1], row[2], row[3], row[4] = now[CANDLE], number, side == BUYS, price, quantity
        row[5], row[6], row[7], row[8] = fee, fee_quote, maker, now[TIME]
    now[FILLS] += 1
    now[FEES] += fee_quote
    now[LAST] = now[TIME]


@jit
def settle(bot: Bot, row: int, price: int) -> None:
    """The cycle closes where the rest cannot be sold any more."""
    slot, now = slot_of(bot, row), bot.now
    rest = now[BASE] if is_exit(slot) else held(slot)
    if tradable(bot, floor_to(rest, bot.rules[LOT]), price):
        return
    if not slot[GRANTED]:
        cost = slot[SPENT]
        if slot[BOUGHT]:
            cost = half_even(slot[SPENT], slot[SOLD], slot[BOUGHT])
        profit = slot[RECEIVED] - cost
        slot[PROFIT] += profit
        if now[CLOSED] < now[ROOM]:
            bot.profits[now[CLOSED]] = profit
        now[CLOSED] += 1
    slot[CYCLE] += 1
    slot[CYCLES] += 1
    for field in range(GRANTED, RECEIVED + 1):
        slot[field] = 0


@jit
def write_state(bot: Bot) -> None:
    """After a candle: what the bot has, where that changed."""
    now = bot.now
    if now[FILLS] == now[NOTED]:
        return
    if now[STATES] < now[ROOM]:
        row = at(bot.states, now[STATES] * STATE_FIELDS)
        row[0], row[1], row[2] = now[CANDLE], now[CASH], now[BASE]
    now[STATES] += 1
    now[NOTED] = now[FILLS]
