"""The walk through the candles that both kernels share. A candle that touches no order and no threshold costs two
comparisons."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import let_rest
from bots.backtest.kernel_ledger import write_state
from bots.backtest.kernel_state import (
    ALARM,
    ASK,
    AT,
    BID,
    BLOCK,
    BUYS,
    CANDLE,
    DUE,
    HIGH,
    LEG,
    LOW,
    NEVER,
    NEXT,
    PRICE,
    ROWS,
    SIDE,
    TIME,
    WAITING,
    Bot,
    Walk,
    slot_of,
)

LOW_FIRST, BY_DIRECTION = 0, 2  # of path.Way
OPENED, CLOSING, ENDED = (
    0,
    3,
    5,
)  # legs: to the open, to both extremes, to the close, and the candle's end there


@jit
def advance(bot: Bot, walk: Walk, until: int) -> bool:
    """To the next moment of which the bot must hear. False where no candle before `until` is left."""
    now = bot.now
    if now[LEG] == ENDED and not open_candle(bot, walk, until):
        return False
    if now[LEG] > CLOSING:
        now[TIME] = walk.time[now[CANDLE]] + walk.width
        now[LEG] = ENDED
        return True
    to = target_of(walk, now[CANDLE], now[LEG])
    now[AT] = next_stop(bot, to)
    if now[AT] == to:
        now[LEG] += 1
    return True


@jit
def begin(bot: Bot, walk: Walk) -> None:
    """At the close of candle 0."""
    now = bot.now
    now[AT], now[TIME] = walk.close[0], walk.time[0] + walk.width
    now[LEG], now[NEXT] = ENDED, 1


@jit
def open_candle(bot: Bot, walk: Walk, until: int) -> bool:
    now = bot.now
    write_state(bot)
    number = next_candle(bot, walk, now[NEXT], until)
    now[NEXT] = number
    if number >= until:
        return False
    now[CANDLE], now[TIME], now[LEG], now[NEXT] = number, walk.time[number], OPENED, number + 1
    let_rest(bot)
    return True


@jit
def target_of(walk: Walk, number: int, leg: int) -> int:
    """Where the price goes to: open, the extreme it reached first, the other one, close."""
    if leg == OPENED:
        return walk.opens[number]
    close = walk.close[number]
    if leg == CLOSING:
        return close
    low_first = walk.way == LOW_FIRST or (walk.way == BY_DIRECTION and close >= walk.opens[number])
    return walk.low[number] if low_first == (leg == 1) else walk.high[number]


@jit
def next_candle(bot: Bot, walk: Walk, number: int, until: int) -> int:
    """The next candle in which anything can happen."""
    last = first_due(bot, walk, number, until)
    below, above = bounds(bot)
    while number < last:
        number = past_blocks(walk, number, below, above)
        end = min(last, (number // BLOCK + 1) * BLOCK) if walk.blocks else last
        number = past_candles(walk, number, end, below, above)
        if number < end:
            return number
    return last


@jit
def past_candles(walk: Walk, number: int, end: int, below: int, above: int) -> int:
    """The first candle in which anything can happen; `end` where there is none before."""
    high, low = walk.high, walk.low
    for candle in range(number, end):
        if low[candle] <= below or high[candle] >= above:
            return candle
    return max(number, end)


@jit
def bounds(bot: Bot) -> tuple[int, int]:
    """The prices at or beyond which something happens. An order that waits for the next candle may fill there."""
    now = bot.now
    below, above = max(now[LOW], now[BID]), min(now[HIGH], now[ASK])
    if now[WAITING]:
        for row in range(now[ROWS]):
            slot = slot_of(bot, row)
            if slot[SIDE] == BUYS:
                below = max(below, slot[PRICE])
            elif slot[SIDE]:
                above = min(above, slot[PRICE])
    return below, above


@jit
def first_due(bot: Bot, walk: Walk, number: int, until: int) -> int:
    """The first candle that ends when the bot wants to be woken, or later."""
    wake = min(bot.now[DUE], bot.now[ALARM])
    if wake == NEVER:
        return until
    while number < until:
        middle = (number + until) // 2
        if walk.time[middle] + walk.width < wake:
            number = middle + 1
        else:
            until = middle
    return number


@jit
def past_blocks(walk: Walk, number: int, below: int, above: int) -> int:
    """The first candle of the next block in which anything can happen; the candle itself within a block."""
    block, tops, bottoms = number // BLOCK, walk.tops, walk.bottoms
    if number % BLOCK:
        return number
    while block < walk.blocks and bottoms[block] > below and tops[block] < above:
        block += 1
    return block * BLOCK


@jit
def next_stop(bot: Bot, to: int) -> int:
    """On the way to a price: the next order or threshold."""
    now = bot.now
    here = now[AT]
    if to < here:
        low, bid = now[LOW], now[BID]
        return max(to, low if low < here else to, bid if bid < here else to)
    high, ask = now[HIGH], now[ASK]
    return min(to, high if high > here else to, ask if ask > here else to)
