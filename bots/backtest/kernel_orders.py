"""Orders that go out, and the bot that ends."""

from bots.backtest.jit import jit
from bots.backtest.kernel_book import cancel, is_stale, market_quantity, reserve, tradable
from bots.backtest.kernel_ledger import fill
from bots.backtest.kernel_math import Unsure, ceil_to, down, floor_to, up
from bots.backtest.kernel_state import (
    ASK,
    AT,
    BASE,
    BID,
    BUYS,
    DELAYED,
    DONE,
    DUST,
    HIGH,
    LIVE,
    LOW,
    NEVER,
    PLACED,
    PRICE,
    QUANTITY,
    RESTS,
    ROWS,
    SEEN,
    SELLS,
    SEQUENCE,
    SIDE,
    SLIPPAGE,
    SLIPPAGE_PARTS,
    TICK,
    WAITING,
    Bot,
    slot_of,
)


@jit
def place(  # noqa: PLR0917 - compiled functions take no keywords
    bot: Bot, row: int, side: int, price: int, quantity: int, dust: int
) -> None:
    """A price of 0 is a market order. What takes fills at once, the rest rests."""
    slot, now = slot_of(bot, row), bot.now
    slot[SIDE], slot[PRICE], slot[QUANTITY], slot[SEEN] = side, price, quantity, 1
    slot[DUST] += dust
    now[PLACED] += 1
    now[LIVE] += 1
    slot[SEQUENCE] = now[PLACED]
    at = now[AT]
    if side == BUYS and price:
        reserve(bot, price, quantity, 1)
    if price == 0 or (price >= at if side == BUYS else price <= at):
        if is_stale(bot):
            raise Unsure  # the gate would wait for a fresh price
        fill(bot, row, taken_at(bot, side, price), False)
    elif bot.rules[DELAYED]:
        now[WAITING] += 1
    else:
        slot[RESTS] = 1
        if side == BUYS:
            now[BID] = max(now[BID], price)
        else:
            now[ASK] = min(now[ASK], price)


@jit
def taken_at(bot: Bot, side: int, limit: int) -> int:
    rules, at = bot.rules, bot.now[AT]
    parts, slip = rules[SLIPPAGE_PARTS], rules[SLIPPAGE]
    if side == BUYS:
        price = ceil_to(up(at, parts + slip, parts), rules[TICK])
        return min(price, limit) if limit else price
    price = floor_to(down(at, parts - slip, parts), rules[TICK])
    return max(price, limit) if limit else price


@jit
def cancel_all(bot: Bot) -> None:
    for row in range(bot.now[ROWS]):
        if slot_of(bot, row)[SIDE]:
            cancel(bot, row)


@jit
def sell_out(bot: Bot, row: int) -> None:
    """Cancels all and sells at the market what can be sold: the bot ends."""
    now = bot.now
    cancel_all(bot)
    while True:
        quantity = market_quantity(bot, now[BASE]) if now[BASE] > 0 else 0
        if not tradable(bot, quantity, now[AT]):
            break
        place(bot, row, SELLS, 0, quantity, 0)
    now[DONE], now[LOW], now[HIGH] = 1, -1, NEVER
