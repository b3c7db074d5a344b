"""The state of a bot in a kernel, and the candles it walks through. Every price, coin and amount is a whole number of
1e-8, every time ms."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bots.backtest.jit import at, jit, pointer

NEVER = 2**62  # a price nothing reaches, a time that does not come
BUYS, SELLS = 1, 2
BLOCK = 64  # candles
SLICE = 10  # orders that go out before the bot looks again (core.sending)
REACH = 5  # per mille (core.strategies.base)
STALE = 10_000  # ms (core.risk)

# Columns of `slots`: the live order, the sums of the cycle (core.slots.SlotState), and of a grid's slot the level at
# which it buys, what it trades in its cycle (that of SIZED), and its own money (`kernel_grid_sizes`)
(NUMBER, SIDE, PRICE, QUANTITY, SEQUENCE, RESTS, HIT, GRANTED, DUST, BOUGHT, SPENT, SOLD, RECEIVED, CYCLE, CYCLES,
 PROFIT, SEEN, PLACE, SIZE, SIZED, MONEY, MONEY_PARTS) = range(22)  # fmt: skip
SLOT_FIELDS = 22
# Of `now`: where the market and the bot stand. LEG and NEXT are the walk's; at DUE and ALARM the strategy and the
# engine want to be woken; at PRICED the engine last heard a price. RESERVED and RESERVED_PARTS (1e-16) are what the
# buys that are live would cost
(AT, TIME, CANDLE, CASH, BASE, COST, REALIZED, LOW, HIGH, BID, ASK, WAITING, PLACED, RESERVED, FILLS, NOTED, STATES,
 CLOSED, BEGUN, ENDING, DONE, LAST, FEES, DUE, ALARM, PRICED, LEG, NEXT, END_PRICE, END_BASE, END_COST,
 LIVE, HITS,
 ROWS, ROOM, RESERVED_PARTS) = range(36)  # fmt: skip
NOW_FIELDS = 36
# Of `rules`: the market's, and how the exchange of the backtest behaves
(TICK, LOT, MIN_QUANTITY, MIN_NOTIONAL, MARKET_LOT, MARKET_MOST, MAKER, TAKER, FEE_PARTS, IN_BASE, SLIPPAGE,
 SLIPPAGE_PARTS, DELAYED, MOST_QUANTITY) = range(14)  # fmt: skip
RULES = 14
# Of a row of `fills`, the columns of `run.Filled` but for the coin of the fee
FILL_FIELDS = 9
STATE_FIELDS = 3  # of run.State
TODO_FIELDS = 5  # of an order that should go out

Table = NDArray[np.int64]


class Bot(NamedTuple):
    """`own` and `plan` are what the strategy alone knows. `fills`, `states` and `profits` are filled from the top."""

    rules: Table
    now: Table
    slots: Table
    fills: Table
    states: Table
    profits: Table
    own: Table
    plan: Table
    todo: Table


class Walk(NamedTuple):
    """The columns of the candles, `width` in ms, and which extreme of a candle comes first (`path.Way`). `bottoms` and
    `tops` are the extremes of each BLOCK candles, so that whole blocks are passed over; `blocks` counts them, 0 where
    that was not worth it."""

    time: Table
    opens: Table
    high: Table
    low: Table
    close: Table
    bottoms: Table
    tops: Table
    blocks: int
    width: int
    way: int


@jit
def pointers_of(bot: Bot) -> Bot:
    return Bot(
        pointer(bot.rules),
        pointer(bot.now),
        pointer(bot.slots),
        pointer(bot.fills),
        pointer(bot.states),
        pointer(bot.profits),
        pointer(bot.own),
        pointer(bot.plan),
        pointer(bot.todo),
    )


@jit
def pointers_to(walk: Walk) -> Walk:
    return Walk(
        pointer(walk.time),
        pointer(walk.opens),
        pointer(walk.high),
        pointer(walk.low),
        pointer(walk.close),
        pointer(walk.bottoms),
        pointer(walk.tops),
        walk.blocks,
        walk.width,
        walk.way,
    )


@jit
def slot_of(bot: Bot, row: int) -> Table:
    return at(bot.slots, row * SLOT_FIELDS)


@jit
def order_at(bot: Bot, row: int) -> Table:
    return at(bot.todo, row * TODO_FIELDS)
