"""The orders that a grid bot's slots want, in whole numbers, and the next slice of them."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import (
    asked,
    cancel,
    market_quantity,
    tradable,
    within_reach,
)
from bots.backtest.kernel_grid_fields import (
    COUNT,
    FUNDED,
    POST_ONLY,
    PURCHASE,
)
from bots.backtest.kernel_grid_moves import moves_on, spot_of
from bots.backtest.kernel_ledger import held
from bots.backtest.kernel_math import UNIT, ceil_to, down, floor_to, up
from bots.backtest.kernel_state import (
    AT,
    BASE,
    BOUGHT,
    BUYS,
    DELAYED,
    DUST,
    FEE_PARTS,
    GRANTED,
    IN_BASE,
    LOT,
    MAKER,
    MARKET_LOT,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    PLACE,
    PRICE,
    SELLS,
    SIDE,
    SIZE,
    SOLD,
    TAKER,
    Bot,
    slot_of,
)


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
    price = bot.plan[slot_of(bot, row)[PLACE] + (side == SELLS)]
    return price if bot.own[POST_ONLY] else within_reach(bot, side, price)


@jit
def order_of(bot: Bot, row: int, dust: int) -> tuple[int, int, int]:
    """Side, quantity and the dust a buy counts on (GridStrategy._order_of)."""
    slot = slot_of(bot, row)
    size = slot[SIZE]
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
        if tradable(bot, have, bot.plan[slot[PLACE] + 1]):
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
    free = bot.now[BASE]
    for row in range(bot.own[COUNT]):
        slot = slot_of(bot, row)
        free -= min(slot[GRANTED] + slot[DUST] + slot[BOUGHT], slot[SIZE]) - slot[SOLD]
    return max(0, free)


@jit
def replaced(bot: Bot, moving: int) -> bool:
    """Cancels orders that are not what is wanted any more: those of slots that are to move. Of the others the price
    runs away only where orders may take and wait for the next candle."""
    chases = not bot.own[POST_ONLY] and bot.rules[DELAYED]
    if not chases and not moving:
        return False
    some = False
    for row in range(bot.own[COUNT]):
        if not slot_of(bot, row)[SIDE]:
            continue
        if moves_on(bot, moving, spot_of(bot, row)) or (chases and is_left(bot, row)):
            cancel(bot, row)
            some = True
    return some


@jit
def is_left(bot: Bot, row: int) -> bool:
    """Whether the slot wants another side or price by now."""
    slot, want = slot_of(bot, row), order_of(bot, row, 0)[0]
    return bool(want != slot[SIDE] or level_of(bot, row, want) != slot[PRICE])
