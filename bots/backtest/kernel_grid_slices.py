"""The next slice of a grid bot's orders, in whole numbers: what the gate lets pass goes out."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import bound, tradable
from bots.backtest.kernel_grid_fields import ADAPTS, BOTTOM, COUNT, FIRST_HOLDING, FUNDED, POST_ONLY
from bots.backtest.kernel_grid_moves import moves_on, row_at
from bots.backtest.kernel_grid_orders import free_dust, level_of, order_of, purchase_left
from bots.backtest.kernel_grid_sizes import resize
from bots.backtest.kernel_math import UNIT, Unsure, mul_div
from bots.backtest.kernel_orders import place
from bots.backtest.kernel_state import (
    AT,
    BOUGHT,
    BUYS,
    CASH,
    CYCLE,
    DUST,
    GRANTED,
    HITS,
    LIVE,
    PLACE,
    RESERVED,
    RESERVED_PARTS,
    SIDE,
    SIZE,
    SIZED,
    SLICE,
    SOLD,
    Bot,
    order_at,
    slot_of,
)


@jit
def wanted(bot: Bot, moving: int) -> int:
    """Writes the next slice of orders into `todo`; answers how many, negative where others wait for the slice after
    it. The slots nearest to the price come first, and use up the free dust first, those with a live order too. What
    the bot's cash does not pay for, the gate refuses."""
    own, now = bot.own, bot.now
    last = own[COUNT] if own[FUNDED] else own[FIRST_HOLDING]
    missing, purchase = last - now[LIVE], purchase_left(bot)
    funds, parts, count = now[CASH] - now[RESERVED], -now[RESERVED_PARTS], 0
    if purchase:
        funds, parts, pays = paid(funds, parts, now[AT], purchase)
        count = note(bot, 0, own[COUNT], BUYS, 0, purchase, 0) if pays else 0
    if not missing:
        return count
    dust, above = free_dust(bot), first_at(bot)
    below = above - 1
    while missing and (below >= 0 or above < last):
        spot = nearer(bot, below, above, last)
        below, above = (below - 1, above) if spot == below else (below, above + 1)
        row = row_at(bot, spot)
        if slot_of(bot, row)[SIDE]:
            dust -= order_of(bot, row, dust)[2] if dust and not moves_on(bot, moving, spot) else 0
            continue
        if own[ADAPTS] and (moves_on(bot, moving, spot) or is_too_small(bot, row)):
            missing -= 1
            continue
        if count >= SLICE:
            return -count
        missing -= 1
        side, quantity, used = order_of(bot, row, dust)
        price, dust = level_of(bot, row, side), dust - used
        if crosses(bot, side, price):
            bound(bot, price)
            continue
        if side == BUYS:
            funds, parts, pays = paid(funds, parts, price, quantity)
            if not pays:
                continue
        count = note(bot, count, row, side, price, quantity, used)
    return count


@jit
def paid(funds: int, parts: int, price: int, quantity: int) -> tuple[int, int, bool]:
    """The funds (1e-8, and parts of 1e-16) after a buy, and whether they pay for it; otherwise they stay."""
    cost, rest = mul_div(price, quantity, UNIT)
    if funds - cost + (parts - rest) // UNIT < 0:
        return funds, parts, False
    return funds - cost, parts - rest, True


@jit
def is_too_small(bot: Bot, row: int) -> bool:
    """Whether what is left to the slot does not pay for an order at its level."""
    slot = slot_of(bot, row)
    if slot[GRANTED] or slot[DUST] or slot[BOUGHT] or slot[SOLD]:
        return False
    return not tradable(bot, slot[SIZE], bot.plan[slot[PLACE]])


@jit
def note(  # noqa: PLR0917 - compiled functions take no keywords
    bot: Bot, count: int, row: int, side: int, price: int, quantity: int, dust: int
) -> int:
    order = order_at(bot, count)
    order[0], order[1], order[2], order[3], order[4] = row, side, price, quantity, dust
    return count + 1


@jit
def first_at(bot: Bot) -> int:
    """The lowest place of the window whose level is at or above the price."""
    low, high, bottom = 0, bot.own[COUNT], bot.own[BOTTOM]
    while low < high:
        middle = (low + high) // 2
        if bot.plan[bottom + middle] < bot.now[AT]:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def nearer(bot: Bot, below: int, above: int, last: int) -> int:
    """Of two that are as near, the slot with the lower number."""
    if below < 0:
        return above
    if above >= last:
        return below
    at, bottom = bot.now[AT], bot.own[BOTTOM]
    under, over = at - bot.plan[bottom + below], bot.plan[bottom + above] - at
    if under == over:
        return below if row_at(bot, below) < row_at(bot, above) else above
    return below if under < over else above


@jit
def crosses(bot: Bot, side: int, price: int) -> bool:
    if not bot.own[POST_ONLY]:
        return False
    return bool(price >= bot.now[AT] if side == BUYS else price <= bot.now[AT])


@jit
def send(bot: Bot, count: int) -> bool:
    """True when another round may find more to do."""
    if count < 0 and bot.now[HITS]:
        raise Unsure  # fills come before the slice after this one
    for number in range(abs(count)):
        order = order_at(bot, number)
        place(bot, order[0], order[1], order[2], order[3], order[4])
        keep_size(bot, order[0])
    return count != 0


@jit
def keep_size(bot: Bot, row: int) -> None:
    """After a fill: where it closed the cycle, the slot's money says what the next one trades."""
    slot = slot_of(bot, row)
    if bot.own[ADAPTS] and slot[SIZED] != slot[CYCLE]:
        resize(bot, slot)
