"""A grid bot in whole numbers: what `GridStrategy`, the engine and the gate decide, without them."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import (
    bound,
    mark_hits,
    next_hit,
    tradable,
)
from bots.backtest.kernel_grid_fields import (
    ADAPTS,
    COUNT,
    FIRST_HOLDING,
    FROM_ABOVE,
    FUNDED,
    QUANTITY_AT_START,
    STOP_LOSS,
    TAKE_PROFIT,
    TRIGGER,
)
from bots.backtest.kernel_grid_moves import bound_window, follow
from bots.backtest.kernel_grid_orders import purchase_left, replaced
from bots.backtest.kernel_grid_sizes import take_stock
from bots.backtest.kernel_grid_slices import keep_size, send, wanted
from bots.backtest.kernel_ledger import fill
from bots.backtest.kernel_math import floor_to
from bots.backtest.kernel_orders import sell_out
from bots.backtest.kernel_state import (
    AT,
    BASE,
    BEGUN,
    DONE,
    END_PRICE,
    ENDING,
    GRANTED,
    HIGH,
    HITS,
    LOT,
    LOW,
    NEVER,
    PLACE,
    PRICE,
    PRICED,
    TIME,
    Bot,
    slot_of,
)

STOPPED_BY_LOSS, STOPPED_BY_PROFIT = 1, 2


@jit
def tell_grid(bot: Bot) -> None:
    """Fills first: an order at this price was there before anybody could react to it."""
    now = bot.now
    mark_hits(bot)
    while now[HITS]:
        row = next_hit(bot)
        fill(bot, row, slot_of(bot, row)[PRICE], True)
        keep_size(bot, row)
        act_grid(bot)
    now[PRICED] = now[TIME]
    if now[AT] <= now[LOW] or now[AT] >= now[HIGH]:
        act_grid(bot)


@jit
def act_grid(bot: Bot) -> None:
    """Compares and acts until nothing changes any more."""
    while not bot.now[DONE] and step(bot):
        pass


@jit
def step(bot: Bot) -> bool:
    now, own = bot.now, bot.own
    if now[ENDING]:
        sell_out(bot, own[COUNT] + 1)
        return False
    now[LOW], now[HIGH] = -1, NEVER
    if not now[BEGUN] and not begins(bot):
        bound(bot, own[TRIGGER])
        return False
    if not own[FUNDED] and purchase_left(bot) == 0:
        grant(bot)
    moving = follow(bot) if own[ADAPTS] else 0
    if guard(bot):
        return True
    if own[ADAPTS]:
        bound_window(bot)
    if replaced(bot, moving):
        return True
    return send(bot, wanted(bot, moving))


@jit
def begins(bot: Bot) -> bool:
    """A trigger fires when the price comes to it from the side it was on at the start."""
    now, own = bot.now, bot.own
    if own[TRIGGER]:
        if own[FROM_ABOVE] < 0:
            own[FROM_ABOVE] = now[AT] > own[TRIGGER]
        if now[AT] > own[TRIGGER] if own[FROM_ABOVE] else now[AT] < own[TRIGGER]:
            return False
    now[BEGUN] = 1
    if own[ADAPTS]:
        take_stock(bot, own[COUNT])
    return True


@jit
def grant(bot: Bot) -> None:
    """What the purchase brought goes to the slots that hold, nearest first."""
    own, levels = bot.own, bot.plan
    left = floor_to(max(0, bot.now[BASE]), bot.rules[LOT])
    for row in range(own[FIRST_HOLDING], own[COUNT]):
        share = min(left, own[QUANTITY_AT_START])
        if not tradable(bot, share, levels[slot_of(bot, row)[PLACE] + 1]):
            break
        slot_of(bot, row)[GRANTED] = share
        left -= share
    own[FUNDED] = 1


@jit
def guard(bot: Bot) -> bool:
    now, own = bot.now, bot.own
    if own[STOP_LOSS]:
        now[LOW] = max(now[LOW], own[STOP_LOSS])
        if now[AT] <= own[STOP_LOSS]:
            now[ENDING] = STOPPED_BY_LOSS
    if own[TAKE_PROFIT]:
        now[HIGH] = min(now[HIGH], own[TAKE_PROFIT])
        if now[AT] >= own[TAKE_PROFIT]:
            now[ENDING] = STOPPED_BY_PROFIT
    if now[ENDING]:
        now[END_PRICE] = now[AT]
    return bool(now[ENDING])
