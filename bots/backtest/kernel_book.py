"""What both kernels share: a bot's slots, its ledger and its orders at the exchange of a backtest, as whole numbers.

The sums are those of `core.ledger` and `core.slots`, the matching that of `CandleExchange`; every price, coin and
amount is a whole number of 1e-8."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bots.backtest.jit import jit, unowned
from bots.backtest.kernel_math import MOST, UNIT, Unsure, ceil_to, down, floor_to, half_even, up

NEVER = 2**62  # a price nothing reaches, a time that does not come
BUYS, SELLS = 1, 2
BLOCK = 64  # candles
SLICE = 10  # orders that go out before the bot looks again (core.sending)
REACH = 5  # per mille (core.strategies.base)

# Columns of `slots`: the live order, then the sums of the cycle (core.slots.SlotState)
(NUMBER, SIDE, PRICE, QUANTITY, SEQUENCE, RESTS, HIT, GRANTED, DUST, BOUGHT, SPENT, SOLD, RECEIVED, CYCLE, CYCLES,
 PROFIT, SEEN) = range(17)  # fmt: skip
SLOT_FIELDS = 17
# Of `now`: where the market and the bot stand
(AT, TIME, CANDLE, CASH, BASE, COST, REALIZED, LOW, HIGH, BID, ASK, WAITING, PLACED, RESERVED, FILLS, STATES, CLOSED,
 BEGUN, ENDING, DONE, LAST, FEES, WAKE, END_PRICE, LIVE) = range(25)  # fmt: skip
NOW_FIELDS = 25
# Of `rules`: the market's, and how the exchange of the backtest behaves
(TICK, LOT, MIN_QUANTITY, MIN_NOTIONAL, MARKET_LOT, MARKET_MOST, MAKER, TAKER, FEE_PARTS, IN_BASE, SLIPPAGE,
 SLIPPAGE_PARTS, DELAYED) = range(13)  # fmt: skip
RULES = 13
# Of a row of `fills`, the columns of `run.Filled` but for the coin of the fee
FILL_FIELDS = 9

Table = NDArray[np.int64]


class Bot(NamedTuple):
    """`own` and `plan` are what the strategy alone knows. `fills`, `states` and `profits` are filled from the top."""

    rules: Table
    now: Table
    slots: Table
    fills: Table
    states: Table
    profits: Table
    own: Table
    plan: Table
    todo: Table


class Walk(NamedTuple):
    """The columns of the candles, `width` in ms, and which extreme of a candle comes first (`path.Way`). `bottoms` and
    `tops` are the extremes of each BLOCK candles, so that whole blocks are passed over; both may be empty."""

    time: Table
    opens: Table
    high: Table
    low: Table
    close: Table
    bottoms: Table
    tops: Table
    width: int
    way: int


@jit
def unowned_bot(bot: Bot) -> Bot:
    return Bot(
        unowned(bot.rules),
        unowned(bot.now),
        unowned(bot.slots),
        unowned(bot.fills),
        unowned(bot.states),
        unowned(bot.profits),
        unowned(bot.own),
        unowned(bot.plan),
        unowned(bot.todo),
    )


@jit
def unowned_walk(walk: Walk) -> Walk:
    return Walk(
        unowned(walk.time),
        unowned(walk.opens),
        unowned(walk.high),
        unowned(walk.low),
        unowned(walk.close),
        unowned(walk.bottoms),
        unowned(walk.tops),
        walk.width,
        walk.way,
    )


@jit
def tradable(bot: Bot, quantity: int, price: int) -> bool:
    rules = bot.rules
    if quantity <= 0 or quantity < rules[MIN_QUANTITY]:
        return False
    return down(quantity, price, UNIT) >= rules[MIN_NOTIONAL]


@jit
def market_quantity(bot: Bot, quantity: int) -> int:
    most = bot.rules[MARKET_MOST]
    return floor_to(min(quantity, most) if most else quantity, bot.rules[MARKET_LOT])


@jit
def asked(bot: Bot, needed: int, rate: int) -> int:
    """What a buy must ask so that `needed` is left after a fee taken in base."""
    parts, lot = bot.rules[FEE_PARTS], bot.rules[LOT]
    if not bot.rules[IN_BASE]:
        return ceil_to(needed, lot)
    return up(needed, parts, (parts - rate) * lot) * lot


@jit
def within_reach(bot: Bot, side: int, price: int) -> int:
    """The limit price of an order that may trade at once."""
    at, tick = bot.now[AT], bot.rules[TICK]
    if side == BUYS:
        return min(price, ceil_to(up(at, 1000 + REACH, 1000), tick))
    return max(price, floor_to(down(at, 1000 - REACH, 1000), tick))


@jit
def held(slot: Table) -> int:
    return slot[GRANTED] + slot[DUST] + slot[BOUGHT] - slot[SOLD]


# The book


@jit
def look_at_book(bot: Bot) -> None:
    bid, ask = -1, NEVER
    for row in range(len(bot.slots)):
        if bot.slots[row, RESTS]:
            price = bot.slots[row, PRICE]
            if bot.slots[row, SIDE] == BUYS:
                bid = max(bid, price)
            else:
                ask = min(ask, price)
    bot.now[BID], bot.now[ASK] = bid, ask


@jit
def let_rest(bot: Bot) -> None:
    """Orders of the candle before may fill from now on."""
    if bot.now[WAITING]:
        for row in range(len(bot.slots)):
            if bot.slots[row, SIDE] and not bot.slots[row, HIT]:
                bot.slots[row, RESTS] = 1
        bot.now[WAITING] = 0
        look_at_book(bot)


@jit
def place(  # noqa: PLR0917 - compiled functions take no keywords
    bot: Bot, row: int, side: int, price: int, quantity: int, dust: int
) -> None:
    """A price of 0 is a market order. What takes fills at once, the rest rests."""
    slot, now = bot.slots[row], bot.now
    slot[SIDE], slot[PRICE], slot[QUANTITY], slot[SEEN] = side, price, quantity, 1
    slot[DUST] += dust
    now[PLACED] += 1
    now[LIVE] += 1
    slot[SEQUENCE] = now[PLACED]
    at = now[AT]
    if side == BUYS and price:
        now[RESERVED] += up(price, quantity, UNIT)
    if price == 0 or (price >= at if side == BUYS else price <= at):
        fill(bot, row, taken_at(bot, side, price), False)
    elif bot.rules[DELAYED]:
        now[WAITING] += 1
    else:
        slot[RESTS] = 1
        if side == BUYS:
            now[BID] = max(now[BID], price)
        else:
            now[ASK] = min(now[ASK], price)


@jit
def taken_at(bot: Bot, side: int, limit: int) -> int:
    rules, at = bot.rules, bot.now[AT]
    parts, slip = rules[SLIPPAGE_PARTS], rules[SLIPPAGE]
    if side == BUYS:
        price = ceil_to(up(at, parts + slip, parts), rules[TICK])
        return min(price, limit) if limit else price
    price = floor_to(down(at, parts - slip, parts), rules[TICK])
    return max(price, limit) if limit else price


@jit
def take_out(bot: Bot, row: int) -> None:
    """The order is gone, filled or cancelled."""
    slot = bot.slots[row]
    if slot[SIDE] == BUYS and slot[PRICE]:
        bot.now[RESERVED] -= up(slot[PRICE], slot[QUANTITY], UNIT)
    bot.now[LIVE] -= 1
    rested = slot[RESTS]
    slot[SIDE], slot[RESTS], slot[HIT] = 0, 0, 0
    if rested:
        look_at_book(bot)


@jit
def cancel(bot: Bot, row: int) -> None:
    if bot.slots[row, HIT]:
        raise Unsure  # it filled at this very price, and would be booked out of turn
    take_out(bot, row)


@jit
def mark_hits(bot: Bot) -> bool:
    """What rests at the current price or was passed by it has filled, and waits to be booked. Whether there is any."""
    at = bot.now[AT]
    if at > bot.now[BID] and at < bot.now[ASK]:
        return False
    for row in range(len(bot.slots)):
        slot = bot.slots[row]
        if slot[RESTS] and (slot[PRICE] >= at if slot[SIDE] == BUYS else slot[PRICE] <= at):
            slot[RESTS], slot[HIT] = 0, 1
    look_at_book(bot)
    return True


@jit
def next_hit(bot: Bot) -> int:
    """In the order of the book: sells from below, then buys from above; -1: none is left."""
    best = -1
    for row in range(len(bot.slots)):
        if bot.slots[row, HIT] and (best < 0 or comes_before(bot.slots[row], bot.slots[best])):
            best = row
    return best


@jit
def comes_before(one: Table, other: Table) -> bool:
    if one[SIDE] != other[SIDE]:
        return bool(one[SIDE] == SELLS)
    if one[PRICE] != other[PRICE]:
        return bool((one[PRICE] < other[PRICE]) == (one[SIDE] == SELLS))
    return bool(one[SEQUENCE] < other[SEQUENCE])


# A fill


@jit
def fill(bot: Bot, row: int, price: int, maker: bool) -> None:
    """Books the slot's whole order, then settles its cycle."""
    slot, now, rules = bot.slots[row], bot.now, bot.rules
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
    if count < len(bot.fills):  # a log that is too short is seen by its count
        row = bot.fills[count]
        row[0], row[1], row[2], row[3], row[4] = now[CANDLE], number, side == BUYS, price, quantity
        row[5], row[6], row[7], row[8] = fee, fee_quote, maker, now[TIME]
    now[FILLS] += 1
    now[FEES] += fee_quote
    now[LAST] = now[TIME]


@jit
def settle(bot: Bot, row: int, price: int) -> None:
    """The cycle closes where the rest cannot be sold any more."""
    slot, now = bot.slots[row], bot.now
    rest = now[BASE] if is_exit(slot) else held(slot)
    if tradable(bot, floor_to(rest, bot.rules[LOT]), price):
        return
    if not slot[GRANTED]:
        cost = slot[SPENT]
        if slot[BOUGHT]:
            cost = half_even(slot[SPENT], slot[SOLD], slot[BOUGHT])
        profit = slot[RECEIVED] - cost
        slot[PROFIT] += profit
        if now[CLOSED] < len(bot.profits):
            bot.profits[now[CLOSED]] = profit
        now[CLOSED] += 1
    slot[CYCLE] += 1
    slot[CYCLES] += 1
    for field in range(GRANTED, RECEIVED + 1):
        slot[field] = 0


@jit
def write_state(bot: Bot, before: int) -> None:
    """After a candle: what the bot has, where that changed."""
    now = bot.now
    if now[FILLS] == before:
        return
    if now[STATES] < len(bot.states):
        row = bot.states[now[STATES]]
        row[0], row[1], row[2] = now[CANDLE], now[CASH], now[BASE]
    now[STATES] += 1


@jit
def sell_out(bot: Bot, row: int) -> None:
    """Cancels all and sells at the market what can be sold: the bot ends."""
    now = bot.now
    for live in range(len(bot.slots)):
        if bot.slots[live, SIDE]:
            cancel(bot, live)
    while True:
        quantity = market_quantity(bot, now[BASE]) if now[BASE] > 0 else 0
        if not tradable(bot, quantity, now[AT]):
            break
        place(bot, row, SELLS, 0, quantity, 0)
    now[DONE], now[LOW], now[HIGH] = 1, -1, NEVER


@jit
def bound(bot: Bot, price: int) -> None:
    """Wake when the market comes to `price`; at any move where it is there already."""
    now = bot.now
    if price >= now[AT]:
        now[HIGH] = min(now[HIGH], price)
    if price <= now[AT]:
        now[LOW] = max(now[LOW], price)
