"""A DCA bot in whole numbers: what `DCAStrategy`, the engine and the gate decide, without them.

Row 0 of the slots is the base order's, rows 1 to k the safety orders', then come the deal's exit and the bot's. `plan`
holds the k amounts, then the k parts of the reference price that are left after the drops. A row of `todo` is the order
the slot of that row should have: side (0: none), price (0: at the market), quantity, cycle."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import cancel, is_stale, mark_hits, market_quantity, next_hit, tradable
from bots.backtest.kernel_dca_buys import want_base, want_safety
from bots.backtest.kernel_dca_deal import (
    FINISHED,
    ORDERS,
    guard,
    want_exit,
)
from bots.backtest.kernel_ledger import fill
from bots.backtest.kernel_math import Unsure
from bots.backtest.kernel_orders import cancel_all, place, sell_out
from bots.backtest.kernel_state import (
    ALARM,
    AT,
    BASE,
    BUYS,
    CYCLE,
    DONE,
    DUE,
    ENDING,
    GRANTED,
    HIGH,
    HITS,
    LOW,
    NEVER,
    PRICE,
    PRICED,
    QUANTITY,
    RECEIVED,
    ROWS,
    SIDE,
    SLICE,
    TIME,
    Bot,
    Table,
    order_at,
    slot_of,
)

ROUNDS = 20  # of compare and act (core.engine)
TURNS = 1000  # of one moment (replay.ROUNDS)
LOOK_AGAIN, LATE = 1_000, 500  # ms (core.risk, core.late_fills)


@jit
def tell_dca(bot: Bot) -> None:
    """Fills first: an order at this price was there before anybody could react to it."""
    now = bot.now
    mark_hits(bot)
    while now[HITS]:
        row = next_hit(bot)
        fill(bot, row, slot_of(bot, row)[PRICE], True)
        act(bot)
    now[PRICED] = now[TIME]
    if now[AT] <= now[LOW] or now[AT] >= now[HIGH]:
        act(bot)
    settle_down(bot)


@jit
def act_dca(bot: Bot) -> None:
    """At the start."""
    act(bot)
    settle_down(bot)


@jit
def settle_down(bot: Bot) -> None:
    """All that is due at this moment."""
    now = bot.now
    for _ in range(TURNS):
        if now[DONE] or min(now[DUE], now[ALARM]) > now[TIME]:
            return
        act(bot)
    raise Unsure


@jit
def act(bot: Bot) -> None:
    """Compares and acts until nothing changes any more (BotEngine.act)."""
    now = bot.now
    now[ALARM] = NEVER
    for _ in range(ROUNDS):
        if now[DONE] or not step(bot):
            return
    now[ALARM] = min(now[ALARM], now[TIME])


@jit
def step(bot: Bot) -> bool:
    if bot.now[ENDING]:
        return wind_down(bot)
    think(bot)
    if bot.now[ENDING]:
        bot.now[DUE] = NEVER
        return True
    if clear(bot):
        return True
    return send(bot)


@jit
def think(bot: Bot) -> None:
    """DCAStrategy.calculate_orders"""
    now = bot.now
    now[LOW], now[HIGH], now[DUE] = -1, NEVER, NEVER
    for row in range(now[ROWS]):
        order_at(bot, row)[0] = 0
    deal = slot_of(bot, bot.own[ORDERS] + 1)[CYCLE]
    guard(bot, deal)
    if not now[ENDING]:
        committed = want_base(bot, deal)
        want_safety(bot, deal, committed)
        want_exit(bot, deal)


@jit
def clear(bot: Bot) -> bool:
    """Cancels what is not wanted any more. Whether there was any."""
    some = False
    for row in range(bot.now[ROWS]):
        if slot_of(bot, row)[SIDE] and not serves(bot, row):
            cancel(bot, row)
            some = True
    return some


@jit
def serves(bot: Bot, row: int) -> bool:
    slot, order = slot_of(bot, row), order_at(bot, row)
    if slot[SIDE] != order[0] or slot[PRICE] != order[1] or slot[CYCLE] != order[3]:
        return False
    return bool(row <= bot.own[ORDERS] or slot[QUANTITY] == order[2])


@jit
def send(bot: Bot) -> bool:
    """The next slice. True when another round may find more to do."""
    now, sent = bot.now, 0
    for row in range(bot.own[ORDERS] + 2):
        order = order_at(bot, row)
        side, price = order[0], order[1]
        if not side or slot_of(bot, row)[SIDE]:
            continue
        if sent == SLICE:
            now[ALARM] = min(now[ALARM], now[TIME])
            return False
        if takes(bot, side, price) and is_stale(bot):
            now[ALARM] = min(now[ALARM], now[TIME] + LOOK_AGAIN)
            continue
        turn_to(slot_of(bot, row), order[3])
        place(bot, row, side, price, order[2], 0)
        sent += 1
    return sent > 0


@jit
def takes(bot: Bot, side: int, price: int) -> bool:
    if not price:
        return True
    return bool(price >= bot.now[AT] if side == BUYS else price <= bot.now[AT])


@jit
def turn_to(slot: Table, cycle: int) -> None:
    """Fresh sums where the slot moves on (core.slots.at_cycle)."""
    if cycle > slot[CYCLE]:
        slot[CYCLE] = cycle
        for field in range(GRANTED, RECEIVED + 1):
            slot[field] = 0


@jit
def wind_down(bot: Bot) -> bool:
    """The bot ends: what is open is cancelled, and after a loss all is sold, once there is a fresh price."""
    now = bot.now
    cancel_all(bot)
    if now[ENDING] == FINISHED:
        now[DONE] = 1
    elif is_stale(bot) and tradable(bot, market_quantity(bot, now[BASE]), now[AT]):
        now[ALARM] = min(now[ALARM], now[TIME] + LATE)
    else:
        sell_out(bot, bot.own[ORDERS] + 2)
    return False
