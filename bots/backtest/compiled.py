"""Hands a case to the kernel, and makes a `Run` of what it wrote. Imports numba: import it late."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bots.backtest.jit import one_at_a_time
from bots.backtest.kernel import run_grid
from bots.backtest.kernel_book import (
    ASK,
    BID,
    BLOCK,
    CASH,
    CLOSED,
    CYCLES,
    END_PRICE,
    ENDING,
    FEES,
    FILL_FIELDS,
    FILLS,
    HIGH,
    IN_BASE,
    LOW,
    MIN_NOTIONAL,
    NEVER,
    NOW_FIELDS,
    NUMBER,
    PROFIT,
    REALIZED,
    SEEN,
    SLICE,
    SLOT_FIELDS,
    STATES,
    WAKE,
    Bot,
    Table,
    Walk,
)
from bots.backtest.kernel_figures import figures
from bots.backtest.kernel_grid import (
    COUNT,
    FIRST_HOLDING,
    FROM_ABOVE,
    FUNDED,
    OWN_FIELDS,
    POST_ONLY,
    PURCHASE,
    SIZE,
    STOP_LOSS,
    TAKE_PROFIT,
    TRIGGER,
)
from bots.backtest.kernel_math import Unsure
from bots.backtest.path import MODELS, FillModel, FillModelName
from bots.backtest.run import Case, Filled, Run, State, Tally
from bots.backtest.whole import Funding, grid_levels, rules_of, whole
from bots.core.slots import EXIT_SLOT, PURCHASE_SLOT
from bots.core.strategies.base import RunState
from bots.core.strategies.grid import GridConfig, GridStrategy
from bots.core.types import Market
from marketdata.columns import SCALE, Columns

COLUMNS = ("time", "open", "high", "low", "close")
ROOM = 4096  # fills; eight times as many where a run needs it

_STEP = Decimal("0.00001")
ANY_MARKET = Market("A/B", "A", "B", _STEP, _STEP, _STEP, Decimal(9000), Decimal(5))
WARMERS = (GridConfig(Decimal(90), Decimal(110), 2, Decimal(1000)),)


Blocks = tuple[Table, Table]  # the lowest low and the highest high of each BLOCK candles
NO_BLOCKS = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def blocks_of(candles: Columns) -> Blocks:
    starts = np.arange(0, len(candles), BLOCK)
    return np.minimum.reduceat(candles.low, starts), np.maximum.reduceat(candles.high, starts)


@dataclass(frozen=True, slots=True)
class Outcome:
    case: Case
    bot: Bot

    @property
    def profits(self) -> Table:
        return self.bot.profits[: self.bot.now[CLOSED]]

    @property
    def trades(self) -> int:
        return int(self.bot.now[FILLS])

    @property
    def fees(self) -> int:
        return int(self.bot.now[FEES])

    def figures(self, ends: Table, daily: NDArray[np.float64]) -> tuple[float, float, float]:
        """Final equity (quote), maximum drawdown, mean exposure. The equity (1e-8 quote) at the candles `ends` goes to
        `daily`."""
        states, money = self.bot.states[: self.bot.now[STATES]], float(self.case.config.investment) * SCALE
        equity, drawdown, exposure = figures(self.case.candles.close, states, ends, daily, money)
        return equity / SCALE, drawdown, exposure


def outcome(case: Case, model: FillModel, blocks: Blocks = NO_BLOCKS) -> Outcome | str:
    """The walk by the kernel, or why only the exact replay can tell. `blocks` pays where many configs walk through the
    same candles."""
    try:
        return Outcome(case, walked(case, model, blocks))
    except OverflowError:
        return "a sum beyond 64 bits"
    except Unsure as reason:
        return str(reason) or "the engine might decide otherwise"


def compiled_run(case: Case, model: FillModel) -> Run | str:
    found = outcome(case, model)
    return found if isinstance(found, str) else run_from(case, found.bot)


def walked(case: Case, model: FillModel, blocks: Blocks) -> Bot:
    """The bot after the walk through all candles. Raises Unsure and OverflowError."""
    room, candles = ROOM, case.candles
    time, opens, high, low, close = (
        np.require(getattr(candles, name), np.int64, ["C", "W"]) for name in COLUMNS
    )
    walk = Walk(time, opens, high, low, close, *blocks, case.width, int(model.way))
    while True:
        bot = grid_bot(case, model, room)
        run_grid(bot, walk)
        if bot.now[FILLS] <= room:
            return bot
        room *= 8


def empty_bot(case: Case, rules: Table, own: Table, plan: Table, *, rows: int, room: int) -> Bot:
    now = np.zeros(NOW_FIELDS, np.int64)
    now[CASH], now[LOW], now[HIGH] = whole(case.config.investment), -1, NEVER
    now[BID], now[ASK], now[WAKE] = -1, NEVER, NEVER
    return Bot(
        rules=rules,
        now=now,
        slots=np.zeros((rows, SLOT_FIELDS), np.int64),
        fills=np.empty((room, FILL_FIELDS), np.int64),
        states=np.empty((room, 3), np.int64),
        profits=np.empty(room, np.int64),
        own=own,
        plan=plan,
        todo=np.zeros((SLICE, 5), np.int64),
    )


def grid_bot(case: Case, model: FillModel, room: int) -> Bot:
    config, market = case.config, case.market
    if not isinstance(config, GridConfig):
        raise Unsure("not a grid")
    rules, levels = rules_of(market, case.slippage, model.delayed), grid_levels(config, market)
    price = whole(config.trigger_price) if config.trigger_price else int(case.candles.close[0])
    funding = Funding(config, market, rules, levels, price)
    size = funding.size()
    if not size:
        raise Unsure("the investment does not pay for one lot in every slot")
    own = np.zeros(OWN_FIELDS, np.int64)
    own[COUNT], own[SIZE], own[FIRST_HOLDING] = config.grid_count, size, funding.first
    own[PURCHASE] = funding.purchase(size, int(rules[MIN_NOTIONAL]))
    own[FUNDED], own[POST_ONLY], own[FROM_ABOVE] = not funding.holding, config.post_only, -1
    own[TRIGGER], own[STOP_LOSS], own[TAKE_PROFIT] = (
        whole(limit) if limit else 0
        for limit in (config.trigger_price, config.stop_loss_price, config.take_profit_price)
    )
    bot = empty_bot(case, rules, own, levels, rows=config.grid_count + 2, room=room)
    bot.slots[:, NUMBER] = [*range(config.grid_count), PURCHASE_SLOT, EXIT_SLOT]
    return bot


# What the kernel wrote


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
        stopped=_stopped(case, bot),
    )


def _stopped(case: Case, bot: Bot) -> str:
    """In the strategy's own words."""
    if not bot.now[ENDING]:
        return ""
    config, price = case.config, Decimal(int(bot.now[END_PRICE])) / SCALE
    assert isinstance(config, GridConfig)  # noqa: S101 - the only kind until here
    strategy = GridStrategy(config, case.market, RunState(run=1))
    strategy._guard(price)
    return strategy.stop_reason


def warm() -> None:
    """Compiles the kernels, or loads what another process has compiled."""
    candle = np.full(2, 100 * SCALE, np.int64)
    candles = Columns(np.array([0, 60_000]), candle, candle, candle, candle, np.zeros(2))
    with one_at_a_time():
        for config in WARMERS:
            found = outcome(Case(config, ANY_MARKET, candles, 60_000), MODELS[FillModelName.OHLC])
            assert isinstance(found, Outcome), found  # noqa: S101 - nothing about it is special
            found.figures(np.zeros(1, np.int64), np.empty(1))
