"""What a kernel wrote, as a `Run`."""

from decimal import Decimal

from bots.backtest.kernel_grid_fields import BOTTOM, ORIGIN
from bots.backtest.kernel_state import (
    CLOSED,
    CYCLE,
    CYCLES,
    END_BASE,
    END_COST,
    END_PRICE,
    ENDING,
    FILLS,
    IN_BASE,
    NUMBER,
    PROFIT,
    REALIZED,
    SEEN,
    STATES,
    TIME,
    Bot,
)
from bots.backtest.replay import strategy_for
from bots.backtest.run import Case, Filled, Run, State, Tally
from bots.core.ledger import Position
from bots.core.slots import DCA_EXIT_SLOT, SlotState
from bots.core.strategies.base import MarketData, RunState
from bots.core.strategies.dca import DCAStrategy
from bots.core.strategies.grid import GridConfig, GridStrategy
from marketdata.columns import SCALE


def run_from(case: Case, bot: Bot) -> Run:
    now, in_base = bot.now, bool(bot.rules[IN_BASE])
    rows = bot.fills[: now[FILLS]].tolist()
    return Run(
        fills=[
            Filled(
                candle, slot, bool(buys), price, quantity, fee, bool(buys) and in_base, quote, bool(maker), at
            )
            for candle, slot, buys, price, quantity, fee, quote, maker, at in rows
        ],
        states=[State(*row) for row in bot.states[: now[STATES]].tolist()],
        profits=bot.profits[: now[CLOSED]].tolist(),
        slots={
            int(slot[NUMBER]): Tally(int(slot[CYCLES]), int(slot[PROFIT])) for slot in bot.slots if slot[SEEN]
        },
        realized=int(now[REALIZED]),
        stopped=stopped(case, bot),
        shift=int(bot.own[BOTTOM] - bot.own[ORIGIN]) if isinstance(case.config, GridConfig) else 0,
    )


def stopped(case: Case, bot: Bot) -> str:
    """In the strategy's own words."""
    now = bot.now
    if not now[ENDING]:
        return ""
    price, base, cost = (Decimal(int(now[field])) / SCALE for field in (END_PRICE, END_BASE, END_COST))
    strategy = strategy_for(case.config, case.market, RunState(run=1))
    if isinstance(strategy, GridStrategy):
        strategy._guard(price)
    elif isinstance(strategy, DCAStrategy):
        deal = next(int(slot[CYCLE]) for slot in bot.slots if slot[NUMBER] == DCA_EXIT_SLOT)
        strategy.state = RunState(1, {DCA_EXIT_SLOT: SlotState(DCA_EXIT_SLOT, cycle=deal)}, {"deal": 0})
        strategy._guard(MarketData(price, int(now[TIME]), case.market, Position(base, base, cost)))
    return strategy.stop_reason
