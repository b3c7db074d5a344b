"""A DCA bot's deal in whole numbers: what it holds, when it ends, how it is sold."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import market_quantity, tradable, within_reach
from bots.backtest.kernel_math import UNIT, ceil_to, down, floor_to, half_even, mul_div, up
from bots.backtest.kernel_state import (
    AT,
    BASE,
    COST,
    END_BASE,
    END_COST,
    END_PRICE,
    ENDING,
    HIGH,
    LOT,
    LOW,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    SELLS,
    SOLD,
    TICK,
    Bot,
    order_at,
    slot_of,
)

# Of `own`: the config (a rate is so many of its parts, none where parts is 0; times in ms), then the run's memory
(AMOUNT, ORDERS, INTERVAL, DROPS, COOLDOWN, MOST, REPEATS, SKIPS, TAKE, TAKE_PARTS, TRAIL, TRAIL_PARTS, STOP,
 STOP_PARTS, ANCHOR, BASED, PEAK) = range(17)  # fmt: skip
OWN_FIELDS = 17
STOPPED_BY_LOSS, FINISHED = 1, 2


@jit
def average_cost(bot: Bot) -> int:
    now = bot.now
    return half_even(now[COST], UNIT, now[BASE]) if now[BASE] > 0 else 0


@jit
def target(bot: Bot) -> int:
    """The take profit's price, a tenth of a tick generous; the average cost without one."""
    own, tick, whole, rest = bot.own, bot.rules[TICK], average_cost(bot), 0
    if own[TAKE_PARTS]:
        whole, rest = mul_div(whole, own[TAKE], own[TAKE_PARTS])
        rest = up(rest, 10, own[TAKE_PARTS])
    return ceil_to(max(0, whole * 10 + rest - tick), 10 * tick) // 10


@jit
def holds(bot: Bot) -> bool:
    """Whether what the bot has can be sold, now or at the price of its take profit."""
    now, rules = bot.now, bot.rules
    lots = floor_to(now[BASE], rules[LOT])
    if lots < max(rules[MIN_QUANTITY], rules[LOT]):
        return False
    if tradable(bot, lots, target(bot)):
        return True
    below, above = down(rules[MIN_NOTIONAL], UNIT, lots), up(rules[MIN_NOTIONAL], UNIT, lots)
    if above >= now[AT]:
        now[HIGH] = min(now[HIGH], above)
    if below <= now[AT]:
        now[LOW] = max(now[LOW], below)
    return tradable(bot, lots, now[AT])


@jit
def guard(bot: Bot, deal: int) -> None:
    now, own = bot.now, bot.own
    if own[STOP_PARTS] and now[BASE] > 0 and holds(bot):
        floor = down(average_cost(bot), own[STOP], own[STOP_PARTS])
        now[LOW] = max(now[LOW], floor)
        if now[AT] <= floor:
            now[ENDING] = STOPPED_BY_LOSS
    if deal > 0 and not own[REPEATS] and not holds(bot):
        now[ENDING] = FINISHED
    if now[ENDING]:
        now[END_PRICE], now[END_BASE], now[END_COST] = now[AT], now[BASE], now[COST]


@jit
def want_exit(bot: Bot, deal: int) -> None:
    now, own = bot.now, bot.own
    order = order_at(bot, own[ORDERS] + 1)
    if not own[TAKE_PARTS] or not holds(bot):
        own[PEAK] = -1
        return
    price, quantity = within_reach(bot, SELLS, target(bot)), floor_to(now[BASE], bot.rules[LOT])
    if own[TRAIL_PARTS]:
        price, quantity = 0, trailed(bot)
    if quantity:
        order[0], order[1], order[2], order[3] = SELLS, price, quantity, deal


@jit
def trailed(bot: Bot) -> int:
    """What to sell at the market. From the target on the highest price is followed; so far below it all is sold."""
    now, own, wanted = bot.now, bot.own, target(bot)
    if own[PEAK] < 0 and now[AT] < wanted:
        now[HIGH] = min(now[HIGH], wanted)
        return 0
    own[PEAK] = max(own[PEAK], now[AT])
    trigger = down(own[PEAK], own[TRAIL], own[TRAIL_PARTS])
    selling = slot_of(bot, own[ORDERS] + 1)[SOLD] > 0
    if now[AT] > trigger and not selling:
        now[HIGH], now[LOW] = min(now[HIGH], own[PEAK]), max(now[LOW], trigger)
        return 0
    quantity = market_quantity(bot, now[BASE])
    return quantity if tradable(bot, quantity, now[AT]) else 0
