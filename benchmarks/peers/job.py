"""The year, the grid, and our own run of it."""

import json
import random
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

MINUTES = 366 * 1440
START = 1_704_067_200_000  # 2024-01-01
FEE = Decimal("0.001")
CENT = 1_000_000  # of 1e-8


def candles(minutes: int = MINUTES) -> Any:
    """A market that returns to 55,000, seeded, on the cent. Without gaps: each candle opens at the close before it,
    and none is as wide as the grid's levels are apart: no rule of the way within a candle makes a difference."""
    from marketdata.columns import SCALE, Columns

    chance, price = random.Random(1), 55_300.0
    rows = np.empty((4, minutes), np.int64)
    opened = round(price * 100)
    for minute in range(minutes):
        price += price * chance.gauss(0, 0.0012) + (55_000 - price) * 0.0006
        close = round(price * 100)
        high = max(opened, close) + int(chance.expovariate(0.002))
        low = min(opened, close) - int(chance.expovariate(0.002))
        rows[:, minute] = opened, high, low, close
        opened = close
    times = START + 60_000 * np.arange(minutes, dtype=np.int64)
    return Columns(times, *(rows * (SCALE // 100)), np.full(minutes, 1000.0))  # type: ignore[call-arg]


@dataclass
class Ours:
    """`cpu`: seconds by what ran."""

    cpu: dict[str, float]
    fills: list[tuple[int, str, float, float]]
    equity: float


def case_of(found: Any) -> Any:
    """The grid of the other benchmarks; the fee is in quote, as the others have it."""
    from benchmarks.backtest import same_grid

    case, _ = same_grid(found)
    market = replace(case.market, maker_fee=FEE, taker_fee=FEE, fee_in_base_on_buy=False)
    return replace(case, market=market)


def ours(case: Any, repeat: int) -> Ours:
    """Under `next_candle`, as the others: the exact replay, and the kernel, whose fills must be the same."""
    from bots.backtest.fast import fast_run
    from bots.backtest.path import MODELS, FillModelName
    from bots.backtest.replay import replay

    model = MODELS[FillModelName.NEXT_CANDLE]
    exact, seconds = _timed(lambda: replay(case, model), 1)
    cpu = {"AutoGrid, exact replay": seconds}
    quick, seconds = _timed(lambda: fast_run(case, model), repeat)
    if not isinstance(quick, str):
        assert quick.fills == exact.fills
        cpu["AutoGrid, kernel with fills and equity"] = seconds
    last = exact.states[-1]
    equity = (last.cash + last.base * int(case.candles.close[-1]) / 1e8) / 1e8
    fills = [(f.candle, "buy" if f.buys else "sell", f.price / 1e8, f.quantity / 1e8) for f in exact.fills]
    return Ours(cpu, fills, equity)


def _timed(work: Any, repeat: int) -> tuple[Any, float]:
    """The quickest of `repeat` runs, after one that compiles what is compiled."""
    times, found = [], None
    for _ in range(repeat + 1):
        began = time.process_time()
        found = work()
        times.append(time.process_time() - began)
    return found, min(times[1:])


def write(case: Any, folder: Path) -> None:
    """For the drivers, which know nothing of us: what our engine has decided at the first close, and the candles."""
    from bots.backtest.path import MODELS, FillModelName
    from bots.backtest.replay import Replay, strategy_for
    from bots.core.strategies.base import RunState
    from bots.core.strategies.grid_levels import levels_of
    from bots.core.types import Side

    first = type(case.candles)(*(getattr(case.candles, name)[:1] for name in case.candles.__slots__))
    begun = Replay(
        replace(case, candles=first),
        MODELS[FillModelName.NEXT_CANDLE],
        strategy_for(case.config, case.market, RunState(run=1)),
    )
    found = begun.run()
    strategy: Any = begun.engine.strategy
    live = begun.engine.live
    job = {
        "levels": [float(level) for level in levels_of(case.config, case.market)],
        "holds": [live[slot].side is Side.SELL for slot in sorted(live)],
        "quantity": float(strategy.quantity),
        "purchase": sum(fill.quantity for fill in found.fills) / 1e8,
        "cash": float(case.config.investment),
        "fee": float(FEE),
        "lot": float(case.market.lot),
    }
    (folder / "job.json").write_text(json.dumps(job))
    columns = {name: getattr(case.candles, name) / 1e8 for name in ("open", "high", "low", "close")}
    np.savez(folder / "candles.npz", time=case.candles.time, **columns)
