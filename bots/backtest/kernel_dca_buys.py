"""A DCA bot's buys in whole numbers: the base order, by the deal or by the clock, and the safety orders."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import market_quantity, tradable, within_reach
from bots.backtest.kernel_dca_deal import (
    AMOUNT,
    ANCHOR,
    BASED,
    COOLDOWN,
    DROPS,
    INTERVAL,
    MOST,
    ORDERS,
    SKIPS,
    holds,
)
from bots.backtest.kernel_math import UNIT, Unsure, down, floor_to, half_even, mul_div, up
from bots.backtest.kernel_state import (
    AT,
    BOUGHT,
    BUYS,
    COST,
    CYCLE,
    DUE,
    FILLS,
    LAST,
    LOT,
    MARKET_LOT,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    SPENT,
    TICK,
    TIME,
    Bot,
    Table,
    order_at,
    slot_of,
)

GRACE = 60_000  # ms (core.strategies.dca)
DROP_PARTS = 10**10


@jit
def want_base(bot: Bot, deal: int) -> int:
    """Answers the quote it is about to spend."""
    now, own, slot, order = bot.now, bot.own, slot_of(bot, 0), order_at(bot, 0)
    cycle = due_by_clock(bot) if own[INTERVAL] else due_by_deal(bot, deal)
    if cycle < 0:
        return 0
    rest = own[AMOUNT] - (slot[SPENT] if slot[CYCLE] >= cycle else 0)
    if rest <= 0 or now[COST] + rest > own[MOST]:
        return 0
    quantity = market_quantity(bot, down(rest, UNIT, now[AT]))
    if not tradable(bot, quantity, now[AT]):
        return 0
    own[BASED] = deal
    order[0], order[1], order[2], order[3] = BUYS, 0, quantity, cycle
    return up(quantity, now[AT], UNIT)


@jit
def due_by_clock(bot: Bot) -> int:
    """The number of the newest due time, -1 where it is served already or was missed."""
    now, own = bot.now, bot.own
    step = own[INTERVAL]
    cycle = (now[TIME] - own[ANCHOR]) // step
    due = own[ANCHOR] + cycle * step
    now[DUE] = due + step
    if served(bot, 0, cycle, own[AMOUNT], bot.rules[MARKET_LOT]):
        return -1
    late = now[TIME] - due > min(GRACE, step // 2)
    return -1 if late and own[SKIPS] and slot_of(bot, 0)[CYCLE] != cycle else cycle


@jit
def due_by_deal(bot: Bot, deal: int) -> int:
    now, own = bot.now, bot.own
    if served(bot, 0, deal, own[AMOUNT], bot.rules[MARKET_LOT]):
        return -1
    ready = now[LAST] + own[COOLDOWN]
    if now[FILLS] and slot_of(bot, 0)[CYCLE] < deal and now[TIME] < ready:
        now[DUE] = ready
        return -1
    return deal


@jit
def served(bot: Bot, row: int, cycle: int, amount: int, lot: int) -> bool:
    """Whether the slot's buy of this cycle is done: spent, but for a rest smaller than one lot."""
    slot = slot_of(bot, row)
    if slot[CYCLE] != cycle or not slot[BOUGHT]:
        return bool(slot[CYCLE] > cycle)
    rest = amount - slot[SPENT]
    if rest <= 0:
        return True
    worth, over = mul_div(slot[SPENT], lot, slot[BOUGHT])
    exact = mul_div(slot[SPENT], UNIT, slot[BOUGHT])[1] == 0
    if rest == worth and not over and not exact:
        raise Unsure  # the average paid is rounded there
    return bool(rest <= worth) or not buys_more(bot, slot, rest, lot, exact)


@jit
def buys_more(bot: Bot, slot: Table, rest: int, lot: int, exact: bool) -> bool:
    """Whether the exchange takes an order of what is left, at the average paid."""
    whole, over = mul_div(rest, slot[BOUGHT], slot[SPENT])
    quantity = floor_to(whole, lot)
    value, part = mul_div(quantity, slot[SPENT], slot[BOUGHT])
    least = bot.rules[MIN_NOTIONAL]
    if not exact and ((whole == quantity and not over) or (value == least and not part)):
        raise Unsure
    return bool(quantity and quantity >= bot.rules[MIN_QUANTITY] and value >= least)


@jit
def want_safety(bot: Bot, deal: int, committed: int) -> None:
    """`committed` is quote that the base order is about to spend."""
    own, base = bot.own, slot_of(bot, 0)
    based = own[BASED] if own[INTERVAL] else base[CYCLE]
    if not (own[DROPS] and base[BOUGHT] and based == deal and holds(bot)):
        return
    reference = half_even(base[SPENT], UNIT, base[BOUGHT])
    committed += bot.now[COST]
    for row in range(1, own[ORDERS] + 1):
        committed += want_one(bot, row, deal, reference, committed)


@jit
def want_one(bot: Bot, row: int, deal: int, reference: int, committed: int) -> int:
    """Answers the quote that the safety order commits."""
    slot, order, amount = slot_of(bot, row), order_at(bot, row), bot.plan[row - 1]
    if served(bot, row, deal, amount, bot.rules[LOT]) or committed + amount > bot.own[MOST]:
        return 0
    left = down(reference, bot.plan[bot.own[ORDERS] + row - 1], DROP_PARTS)
    price = within_reach(bot, BUYS, floor_to(left, bot.rules[TICK]))
    if price <= 0:
        return 0
    rest = amount - (slot[SPENT] if slot[CYCLE] >= deal else 0)
    quantity = floor_to(down(rest, UNIT, price), bot.rules[LOT])
    if not tradable(bot, quantity, price):
        return 0
    order[0], order[1], order[2], order[3] = BUYS, price, quantity, deal
    return amount
