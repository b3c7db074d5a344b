"""The walk through the candles that both kernels share. A candle that touches no order and no threshold costs two
comparisons."""

from bots.backtest.jit import jit, kernel
from bots.backtest.kernel_book import (
    ASK,
    AT,
    BID,
    BLOCK,
    CANDLE,
    DONE,
    FILLS,
    HIGH,
    LOW,
    PRICE,
    TIME,
    WAITING,
    Bot,
    Walk,
    fill,
    let_rest,
    mark_hits,
    next_hit,
    unowned_bot,
    unowned_walk,
    write_state,
)
from bots.backtest.kernel_grid import act_grid

LOW_FIRST, BY_DIRECTION = 0, 2  # of path.Way


@kernel
def run_grid(theirs: Bot, candles: Walk) -> None:
    """Starts at the close of candle 0."""
    bot, walk = unowned_bot(theirs), unowned_walk(candles)
    now = bot.now
    now[AT], now[TIME] = walk.close[0], walk.time[0] + walk.width
    act_grid(bot)
    write_state(bot, 0)
    number, count = next_candle(bot, walk, 1), len(walk.close)
    while number < count and not now[DONE]:
        now[CANDLE], now[TIME], before = number, walk.time[number], now[FILLS]
        let_rest(bot)
        first, second = extremes(walk, number)
        go_grid(bot, walk.opens[number])
        go_grid(bot, first)
        go_grid(bot, second)
        go_grid(bot, walk.close[number])
        write_state(bot, before)
        number = next_candle(bot, walk, number + 1)


@jit
def extremes(walk: Walk, number: int) -> tuple[int, int]:
    """In the order in which the price reached them."""
    low, high = walk.low[number], walk.high[number]
    rose = walk.close[number] >= walk.opens[number]
    if walk.way == LOW_FIRST or (walk.way == BY_DIRECTION and rose):
        return low, high
    return high, low


@jit
def next_candle(bot: Bot, walk: Walk, number: int) -> int:
    """The next candle in which anything can happen."""
    now, high, low, count = bot.now, walk.high, walk.low, len(walk.high)
    if now[WAITING]:
        return number
    below, above = max(now[LOW], now[BID]), min(now[HIGH], now[ASK])
    while number < count:
        number = past_blocks(walk, number, below, above)
        until = min(count, (number // BLOCK + 1) * BLOCK)
        while number < until and low[number] > below and high[number] < above:
            number += 1
        if number < until:
            break
    return number


@jit
def past_blocks(walk: Walk, number: int, below: int, above: int) -> int:
    """The first candle of the next block in which anything can happen; the candle itself within a block."""
    block, tops, bottoms = number // BLOCK, walk.tops, walk.bottoms
    if number % BLOCK:
        return number
    while block < len(tops) and bottoms[block] > below and tops[block] < above:
        block += 1
    return min(block * BLOCK, len(walk.high))


@jit
def go_grid(bot: Bot, to: int) -> None:
    """To a price, with a stop at each order and threshold on the way."""
    while not bot.now[DONE]:
        stop = next_stop(bot, to)
        bot.now[AT] = stop
        tell_grid(bot)
        if stop == to:
            return


@jit
def next_stop(bot: Bot, to: int) -> int:
    now = bot.now
    here = now[AT]
    if to < here:
        low, bid = now[LOW], now[BID]
        return max(to, low if low < here else to, bid if bid < here else to)
    high, ask = now[HIGH], now[ASK]
    return min(to, high if high > here else to, ask if ask > here else to)


@jit
def tell_grid(bot: Bot) -> None:
    """Fills first: an order at this price was there before anybody could react to it."""
    now = bot.now
    row = next_hit(bot) if mark_hits(bot) else -1
    while row >= 0:
        fill(bot, row, bot.slots[row, PRICE], True)
        act_grid(bot)
        row = next_hit(bot)
    if now[AT] <= now[LOW] or now[AT] >= now[HIGH]:
        act_grid(bot)
