"""Hands a case to its kernel. Imports numba: import it late."""

import time
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bots.backtest.beginning import NO_BLOCKS, Blocks, dca_bot, grid_bot
from bots.backtest.compiling import compile_apart
from bots.backtest.jit import COMPILED, HOME, one_at_a_time
from bots.backtest.kernel import run_dca, run_grid
from bots.backtest.kernel_figures import Closes, closes_of, figures
from bots.backtest.kernel_math import Unsure
from bots.backtest.kernel_state import BLOCK, CLOSED, DONE, FEES, FILLS, STATES, Bot, Table, Walk
from bots.backtest.path import MODELS, FillModel, FillModelName
from bots.backtest.replay import TookTooLong
from bots.backtest.run import Case, Run
from bots.backtest.written import run_from
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from marketdata.columns import SCALE, Columns

COLUMNS = ("time", "open", "high", "low", "close")
ROOM = 4096  # fills; eight times as many where a run needs it
PART = 2**18  # candles between two looks at the clock

_STEP = Decimal("0.00001")
ANY_MARKET = Market("A/B", "A", "B", _STEP, _STEP, _STEP, Decimal(9000), Decimal(5))
WARMERS = (GridConfig(Decimal(90), Decimal(110), 2, Decimal(1000)), DCAConfig(Decimal(100)))


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
    def states(self) -> Table:
        """Rows of `run.State`."""
        return self.bot.states[: self.bot.now[STATES]]

    @property
    def trades(self) -> int:
        return int(self.bot.now[FILLS])

    @property
    def fees(self) -> int:
        return int(self.bot.now[FEES])

    def figures(self, closes: Closes, ends: Table, daily: NDArray[np.float64]) -> tuple[float, float, float]:
        """Final equity (quote), maximum drawdown, exposure. The equity (1e-8 quote) at the candles `ends` goes to
        `daily`."""
        money = float(self.case.config.investment) * SCALE
        equity, drawdown, exposure = figures(closes, self.states, ends, daily, money)
        return equity / SCALE, drawdown, exposure


def outcome(case: Case, model: FillModel, blocks: Blocks = NO_BLOCKS, room: int = ROOM) -> Outcome | str:
    """The walk by the kernel, or why only the exact replay can tell. `blocks` pays where many configs walk through the
    same candles, much `room` where one with very many fills is waited for. Raises TookTooLong."""
    try:
        return Outcome(case, walked(case, model, blocks, room))
    except OverflowError:
        return "a sum beyond 64 bits"
    except Unsure as reason:
        return str(reason) or "the engine might decide otherwise"


def compiled_run(case: Case, model: FillModel) -> Run | str:
    found = outcome(case, model)
    return found if isinstance(found, str) else run_from(case, found.bot)


def walked(case: Case, model: FillModel, blocks: Blocks, room: int) -> Bot:
    """The bot after the walk through all candles. Raises Unsure, OverflowError and TookTooLong."""
    candles = case.candles
    times, opens, high, low, close = (
        np.require(getattr(candles, name), np.int64, ["C", "W"]) for name in COLUMNS
    )
    walk = Walk(times, opens, high, low, close, *blocks, len(blocks[0]), case.width, int(model.way))
    while True:
        grid = isinstance(case.config, GridConfig)
        bot = grid_bot(case, model, room, blocks) if grid else dca_bot(case, model, room)
        _go(bot, walk, case)
        if bot.now[FILLS] <= room:
            return bot
        room *= 8


def _go(bot: Bot, walk: Walk, case: Case) -> None:
    run, count, until = run_grid if isinstance(case.config, GridConfig) else run_dca, len(walk.close), PART
    run(bot, walk, min(until, count))
    while until < count and not bot.now[DONE]:
        if time.monotonic() > case.until or case.should_stop():
            raise TookTooLong
        until += PART
        run(bot, walk, min(until, count))


def warm() -> None:
    """Loads the kernels. Where nobody has compiled them yet, a process of its own does that first."""
    with one_at_a_time():
        if HOME is not None and not (HOME / COMPILED).exists():
            compile_apart(HOME.parent.parent)
        walk_once()


def walk_once() -> None:
    """Compiles the kernels, or loads what another process has compiled."""
    candle = np.full(2, 100 * SCALE, np.int64)
    candles = Columns(np.array([0, 60_000]), candle, candle, candle, candle, np.zeros(2))
    for config in WARMERS:
        found = outcome(Case(config, ANY_MARKET, candles, 60_000), MODELS[FillModelName.OHLC])
        assert isinstance(found, Outcome), found  # noqa: S101 - nothing about it is special
        found.figures(closes_of(candle), np.zeros(1, np.int64), np.empty(1))
