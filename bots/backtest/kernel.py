"""What Python calls: a bot walks through candles. A walk can be done in parts, since `Bot` holds all of its state."""

from bots.backtest.jit import kernel
from bots.backtest.kernel_dca import act_dca, tell_dca
from bots.backtest.kernel_grid import act_grid, tell_grid
from bots.backtest.kernel_ledger import write_state
from bots.backtest.kernel_state import DONE, NEXT, Bot, Walk, pointers_of, pointers_to
from bots.backtest.kernel_walk import advance, begin


@kernel
def run_grid(theirs: Bot, candles: Walk, until: int) -> None:
    """On to candle `until`."""
    bot, walk = pointers_of(theirs), pointers_to(candles)
    if not bot.now[NEXT]:
        begin(bot, walk)
        act_grid(bot)
    while not bot.now[DONE] and advance(bot, walk, until):
        tell_grid(bot)
    write_state(bot)


@kernel
def run_dca(theirs: Bot, candles: Walk, until: int) -> None:
    """On to candle `until`."""
    bot, walk = pointers_of(theirs), pointers_to(candles)
    if not bot.now[NEXT]:
        begin(bot, walk)
        act_dca(bot)
    while not bot.now[DONE] and advance(bot, walk, until):
        tell_dca(bot)
    write_state(bot)
