"""The orders of a bot at the exchange of a backtest, as whole numbers. The matching is that of `CandleExchange`."""

from bots.backtest.jit import jit
from bots.backtest.kernel_math import UNIT, Unsure, ceil_to, down, floor_to, mul_div, up
from bots.backtest.kernel_state import (
    ASK,
    AT,
    BID,
    BUYS,
    FEE_PARTS,
    HIGH,
    HIT,
    HITS,
    IN_BASE,
    LIVE,
    LOT,
    LOW,
    MARKET_LOT,
    MARKET_MOST,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    NEVER,
    PRICE,
    PRICED,
    QUANTITY,
    REACH,
    RESERVED,
    RESERVED_PARTS,
    RESTS,
    ROWS,
    SELLS,
    SEQUENCE,
    SIDE,
    STALE,
    TICK,
    TIME,
    WAITING,
    Bot,
    Table,
    slot_of,
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
def bound(bot: Bot, price: int) -> None:
    """Wake when the market comes to `price`; at any move where it is there already."""
    now = bot.now
    if price >= now[AT]:
        now[HIGH] = min(now[HIGH], price)
    if price <= now[AT]:
        now[LOW] = max(now[LOW], price)


@jit
def is_stale(bot: Bot) -> bool:
    """Whether the engine's last price is too old to trade at once."""
    return bool(bot.now[TIME] - bot.now[PRICED] > STALE)


# The book


@jit
def look_at_book(bot: Bot) -> None:
    bid, ask = -1, NEVER
    for row in range(bot.now[ROWS]):
        slot = slot_of(bot, row)
        if slot[RESTS]:
            if slot[SIDE] == BUYS:
                bid = max(bid, slot[PRICE])
            else:
                ask = min(ask, slot[PRICE])
    bot.now[BID], bot.now[ASK] = bid, ask


@jit
def let_rest(bot: Bot) -> None:
    """Orders of the candle before may fill from now on."""
    if bot.now[WAITING]:
        for row in range(bot.now[ROWS]):
            slot = slot_of(bot, row)
            if slot[SIDE] and not slot[HIT]:
                slot[RESTS] = 1
        bot.now[WAITING] = 0
        look_at_book(bot)


@jit
def reserve(bot: Bot, price: int, quantity: int, sign: int) -> None:
    """A buy goes out (1), or is gone (-1)."""
    cost, rest = mul_div(price, quantity, UNIT)
    bot.now[RESERVED] += sign * cost
    bot.now[RESERVED_PARTS] += sign * rest


@jit
def take_out(bot: Bot, row: int) -> None:
    """The order is gone, filled or cancelled."""
    slot, now = slot_of(bot, row), bot.now
    if slot[SIDE] == BUYS and slot[PRICE]:
        reserve(bot, slot[PRICE], slot[QUANTITY], -1)
    now[LIVE] -= 1
    now[HITS] -= slot[HIT]
    rested = slot[RESTS]
    slot[SIDE], slot[RESTS], slot[HIT] = 0, 0, 0
    if rested:
        look_at_book(bot)


@jit
def cancel(bot: Bot, row: int) -> None:
    if slot_of(bot, row)[HIT]:
        raise Unsure  # it filled at this very price, and would be booked out of turn
    take_out(bot, row)


@jit
def mark_hits(bot: Bot) -> None:
    """What rests at the current price or was passed by it has filled, and waits to be booked."""
    now = bot.now
    here = now[AT]
    if here > now[BID] and here < now[ASK]:
        return
    for row in range(now[ROWS]):
        slot = slot_of(bot, row)
        if slot[RESTS] and (slot[PRICE] >= here if slot[SIDE] == BUYS else slot[PRICE] <= here):
            slot[RESTS], slot[HIT] = 0, 1
            now[HITS] += 1
    look_at_book(bot)


@jit
def next_hit(bot: Bot) -> int:
    """In the order of the book: sells from below, then buys from above."""
    best = -1
    for row in range(bot.now[ROWS]):
        if slot_of(bot, row)[HIT] and (best < 0 or comes_before(slot_of(bot, row), slot_of(bot, best))):
            best = row
    return best


@jit
def comes_before(one: Table, other: Table) -> bool:
    if one[SIDE] != other[SIDE]:
        return bool(one[SIDE] == SELLS)
    if one[PRICE] != other[PRICE]:
        return bool((one[PRICE] < other[PRICE]) == (one[SIDE] == SELLS))
    return bool(one[SEQUENCE] < other[SEQUENCE])
