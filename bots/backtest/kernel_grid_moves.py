"""How the window of a grid that trails moves, in whole numbers: `core.strategies.grid_window` and `grid_moves`."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import bound, tradable
from bots.backtest.kernel_grid_fields import (
    BOTTOM,
    COUNT,
    DOWN_LIMIT,
    ENDED_AT,
    ENDED_WAY,
    FUNDED,
    LEVELS,
    TRAILS_DOWN,
    TRAILS_UP,
    TURN,
    UP_LIMIT,
)
from bots.backtest.kernel_grid_sizes import resize, take_along, to_sell
from bots.backtest.kernel_math import UNIT, Unsure, mul_div
from bots.backtest.kernel_state import (
    AT,
    CYCLE,
    FEE_PARTS,
    GRANTED,
    IN_BASE,
    MAKER,
    PLACE,
    RECEIVED,
    SEEN,
    SIDE,
    TICK,
    Bot,
    slot_of,
)

UP, DOWN = 1, -1
HIGHEST = 10**9 * UNIT  # core.strategies.grid_window


@jit
def row_at(bot: Bot, spot: int) -> int:
    """The slot at this place of the window, from below."""
    row = bot.own[TURN] + spot
    return row if row < bot.own[COUNT] else row - bot.own[COUNT]


@jit
def spot_of(bot: Bot, row: int) -> int:
    return slot_of(bot, row)[PLACE] - bot.own[BOTTOM]


@jit
def threshold(bot: Bot, bottom: int, way: int) -> int:
    """Where the price asks a window that begins there for the next step."""
    number = bottom + bot.own[COUNT] + 1 if way == UP else bottom - 1
    if number < 0 or number >= bot.own[LEVELS]:
        raise Unsure  # more levels than a price could reach
    return bot.plan[number]


@jit
def calls(bot: Bot, bottom: int) -> int:
    own, price = bot.own, bot.now[AT]
    if own[TRAILS_UP] and price >= threshold(bot, bottom, UP):
        return UP
    if own[TRAILS_DOWN] and price <= threshold(bot, bottom, DOWN):
        return DOWN
    return 0


@jit
def steps(bot: Bot) -> int:
    """How many steps the window moves: up above 0, down below; at most once around."""
    bottom, taken = bot.own[BOTTOM], 0
    way = calls(bot, bottom)
    while way and abs(taken) < bot.own[COUNT] and calls(bot, bottom + taken) == way:
        if is_obstructed(bot, bottom + taken, way):
            break
        taken += way
    return taken


@jit
def is_obstructed(bot: Bot, bottom: int, way: int) -> bool:
    own = bot.own
    number = bottom + own[COUNT] if way == UP else bottom - 1
    lower, upper = bot.plan[number], bot.plan[number + 1]
    if way == UP and own[UP_LIMIT] and upper > own[UP_LIMIT]:
        return True
    if way == DOWN and own[DOWN_LIMIT] and lower < own[DOWN_LIMIT]:
        return True
    return lower < bot.rules[TICK] or upper > HIGHEST or not pays(bot, lower, upper)


@jit
def pays(bot: Bot, lower: int, upper: int) -> bool:
    """Whether a cycle between these levels earns more than its fees (profit_per_unit)."""
    rules = bot.rules
    parts, fee = rules[FEE_PARTS], rules[MAKER]
    brings, rest = mul_div(upper, parts - fee, parts)
    over, under = (parts, parts - fee) if rules[IN_BASE] else (parts + fee, parts)
    costs, left = mul_div(lower, over, under)
    if brings != costs:
        return brings > costs
    if fee and rest * under == left * parts:
        raise Unsure  # the engine's division decides
    return rest * under > left * parts


@jit
def movers(bot: Bot) -> int:
    """How many slots are to move to the other end: up above 0, down below. Down, up to the first that cannot."""
    if not bot.own[FUNDED]:
        return 0
    wanted = steps(bot)
    for taken in range(-wanted):
        if is_stuck(bot, row_at(bot, bot.own[COUNT] - 1 - taken)):
            return -taken
    return wanted


@jit
def is_stuck(bot: Bot, row: int) -> bool:
    """Whether it holds what can be sold where it is, and is too little to be sold a whole window lower."""
    slot = slot_of(bot, row)
    rest, upper = to_sell(bot, slot), slot[PLACE] + 1
    if not tradable(bot, rest, bot.plan[upper]):
        return False
    return not tradable(bot, rest, bot.plan[upper - bot.own[COUNT]])


@jit
def moves_on(bot: Bot, moving: int, spot: int) -> bool:
    """Whether the slot at this place of the window is one of those."""
    return spot < moving or spot >= bot.own[COUNT] + moving


@jit
def follow(bot: Bot) -> int:
    """Moves the window as far as it goes by now. Answers how many slots still have to give up their orders first."""
    while True:
        moving = movers(bot)
        if not (move(bot, moving) if moving else ends(bot)):
            return moving


@jit
def ends(bot: Bot) -> bool:
    """Whether the window is found, for the first time here, to go no further."""
    own = bot.own
    way = calls(bot, own[BOTTOM]) if own[FUNDED] else 0
    if not way or (own[ENDED_AT] == own[BOTTOM] and own[ENDED_WAY] == way):
        return False
    own[ENDED_AT], own[ENDED_WAY] = own[BOTTOM], way
    return True


@jit
def move(bot: Bot, moving: int) -> bool:
    """The slots without a live order go, up to the first that has one. Whether any went."""
    own = bot.own
    way = UP if moving > 0 else DOWN
    for taken in range(abs(moving)):
        row = row_at(bot, 0 if way == UP else own[COUNT] - 1)
        if slot_of(bot, row)[SIDE]:
            return taken > 0
        own[BOTTOM] += way
        own[TURN] = row_at(bot, 1) if way == UP else row
        go(bot, row, way * own[COUNT])
    return True


@jit
def go(bot: Bot, row: int, levels: int) -> None:
    """The slot takes along what it holds. What is too little to be sold there is dust, and the slot begins anew."""
    slot = slot_of(bot, row)
    rest = to_sell(bot, slot)
    slot[PLACE] += levels
    price = bot.plan[slot[PLACE] + 1]
    if tradable(bot, rest, price):
        take_along(bot, slot, rest, price)
        return
    for field in range(GRANTED, RECEIVED + 1):
        slot[field] = 0
    slot[CYCLE] += 1
    slot[SEEN] = 1
    resize(bot, slot)


@jit
def bound_window(bot: Bot) -> None:
    """The thresholds that are still to come."""
    own = bot.own
    closed = own[ENDED_WAY] if own[ENDED_AT] == own[BOTTOM] else 0
    if own[TRAILS_UP] and closed != UP:
        bound(bot, threshold(bot, own[BOTTOM], UP))
    if own[TRAILS_DOWN] and closed != DOWN:
        bound(bot, threshold(bot, own[BOTTOM], DOWN))
