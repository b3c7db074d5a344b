"""The orders that a grid bot's slots want, in whole numbers, and the next slice of them.

`plan` holds the levels; rows 0 to n - 1 of the slots are the grid's, then come the initial purchase and the exit."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import (
    asked,
    bound,
    cancel,
    market_quantity,
    tradable,
    within_reach,
)
from bots.backtest.kernel_ledger import held
from bots.backtest.kernel_math import UNIT, Unsure, ceil_to, down, floor_to, up
from bots.backtest.kernel_orders import place
from bots.backtest.kernel_state import (
    AT,
    BASE,
    BOUGHT,
    BUYS,
    CASH,
    DELAYED,
    DUST,
    FEE_PARTS,
    GRANTED,
    IN_BASE,
    LIVE,
    LOT,
    MAKER,
    MARKET_LOT,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    PRICE,
    RESERVED,
    SELLS,
    SIDE,
    SLICE,
    SOLD,
    TAKER,
    Bot,
    order_at,
    slot_of,
)

# Of `own`
COUNT, SIZE, FIRST_HOLDING, PURCHASE, FUNDED, TRIGGER, FROM_ABOVE, STOP_LOSS, TAKE_PROFIT, POST_ONLY = range(
    10
)
OWN_FIELDS = 10


@jit
def purchase_left(bot: Bot) -> int:
    own, rules = bot.own, bot.rules
    if own[FUNDED]:
        return 0
    missing = max(0, own[PURCHASE] - slot_of(bot, own[COUNT])[BOUGHT])
    quantity = market_quantity(bot, ceil_to(asked(bot, missing, rules[TAKER]), rules[MARKET_LOT]))
    return quantity if tradable(bot, quantity, bot.now[AT]) else 0


@jit
def level_of(bot: Bot, row: int, side: int) -> int:
    price = bot.plan[row + (side == SELLS)]
    return price if bot.own[POST_ONLY] else within_reach(bot, side, price)


@jit
def order_of(bot: Bot, row: int, dust: int) -> tuple[int, int, int]:
    """Side, quantity and the dust a buy counts on (GridStrategy._order_of)."""
    slot, size = slot_of(bot, row), bot.own[SIZE]
    if slot[GRANTED] or slot[SOLD]:
        return SELLS, floor_to(min(held(slot), size), bot.rules[LOT]), 0
    missing = size - slot[DUST] - slot[BOUGHT]
    if missing <= 0:
        return SELLS, size, 0
    return complete(bot, row, missing, dust)


@jit
def complete(bot: Bot, row: int, missing: int, dust: int) -> tuple[int, int, int]:
    rules, slot = bot.rules, slot_of(bot, row)
    level = level_of(bot, row, BUYS)
    smallest = smallest_order(bot, level)
    left = down(smallest, rules[FEE_PARTS] - rules[MAKER], rules[FEE_PARTS]) if rules[IN_BASE] else smallest
    used = max(0, min(dust, missing - left))
    quantity = asked(bot, missing - used, rules[MAKER])
    if not tradable(bot, quantity, level):
        have = floor_to(slot[DUST] + slot[BOUGHT], rules[LOT])
        if tradable(bot, have, bot.plan[row + 1]):
            return SELLS, have, 0
        quantity = smallest
    return BUYS, quantity, used


@jit
def smallest_order(bot: Bot, price: int) -> int:
    rules = bot.rules
    worth = up(rules[MIN_NOTIONAL], UNIT, price)
    return ceil_to(max(rules[MIN_QUANTITY], worth, rules[LOT]), rules[LOT])


@jit
def free_dust(bot: Bot) -> int:
    if not bot.own[FUNDED]:
        return 0
    size, free = bot.own[SIZE], bot.now[BASE]
    for row in range(bot.own[COUNT]):
        slot = slot_of(bot, row)
        free -= min(slot[GRANTED] + slot[DUST] + slot[BOUGHT], size) - slot[SOLD]
    return max(0, free)


@jit
def replaced(bot: Bot) -> bool:
    """Cancels orders that are not what is wanted any more. Only where orders may take and wait for the next candle
    does the price run away from one that rests."""
    if bot.own[POST_ONLY] or not bot.rules[DELAYED]:
        return False
    some = False
    for row in range(bot.own[COUNT]):
        side = slot_of(bot, row)[SIDE]
        if side:
            want = order_of(bot, row, 0)[0]
            if want != side or level_of(bot, row, want) != slot_of(bot, row)[PRICE]:
                cancel(bot, row)
                some = True
    return some


# What goes out


@jit
def wanted(bot: Bot) -> int:
    """Writes the next slice of orders into `todo`; answers how many, negative where others wait for the slice after
    it. The slots nearest to the price come first, and use up the free dust first, those with a live order too."""
    own, now = bot.own, bot.now
    last = own[COUNT] if own[FUNDED] else own[FIRST_HOLDING]
    missing, purchase = last - now[LIVE], purchase_left(bot)
    count = note(bot, 0, own[COUNT], BUYS, 0, purchase, 0) if purchase else 0
    if not missing:
        return count
    funds = now[CASH] - now[RESERVED] - up(purchase, now[AT], UNIT)
    dust, above = free_dust(bot), first_at(bot)
    below = above - 1
    while missing and (below >= 0 or above < last):
        row = nearer(bot, below, above, last)
        below, above = (below - 1, above) if row == below else (below, above + 1)
        if slot_of(bot, row)[SIDE]:
            dust -= order_of(bot, row, dust)[2] if dust else 0
            continue
        if count >= SLICE:
            return -count
        missing -= 1
        side, quantity, used = order_of(bot, row, dust)
        price, dust = level_of(bot, row, side), dust - used
        if crosses(bot, side, price):
            bound(bot, price)
            continue
        funds -= up(price, quantity, UNIT) if side == BUYS else 0
        count = note(bot, count, row, side, price, quantity, used)
    if funds < 0 and count:
        raise Unsure  # the gate might not let all of it pass
    return count


@jit
def note(  # noqa: PLR0917 - compiled functions take no keywords
    bot: Bot, count: int, row: int, side: int, price: int, quantity: int, dust: int
) -> int:
    order = order_at(bot, count)
    order[0], order[1], order[2], order[3], order[4] = row, side, price, quantity, dust
    return count + 1


@jit
def first_at(bot: Bot) -> int:
    """The lowest slot whose level is at or above the price."""
    low, high = 0, bot.own[COUNT]
    while low < high:
        middle = (low + high) // 2
        if bot.plan[middle] < bot.now[AT]:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def nearer(bot: Bot, below: int, above: int, last: int) -> int:
    if below < 0:
        return above
    if above >= last:
        return below
    return below if bot.now[AT] - bot.plan[below] <= bot.plan[above] - bot.now[AT] else above


@jit
def crosses(bot: Bot, side: int, price: int) -> bool:
    if not bot.own[POST_ONLY]:
        return False
    return bool(price >= bot.now[AT] if side == BUYS else price <= bot.now[AT])


@jit
def send(bot: Bot, count: int) -> bool:
    """True when another round may find more to do."""
    for number in range(abs(count)):
        order = order_at(bot, number)
        place(bot, order[0], order[1], order[2], order[3], order[4])
    return count != 0
