"""Candles and a market for the tests, prices as people write them."""

from decimal import Decimal

import numpy as np

from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import replay
from bots.backtest.run import Case, Run, StrategyConfig
from bots.core.risk import RiskLimits
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from marketdata.columns import SCALE, Columns

MINUTE = 60_000
START = 1_704_067_200_000
BTC = Market(
    "BTC/USDT",
    "BTC",
    "USDT",
    Decimal("0.01"),
    Decimal("0.00001"),
    Decimal("0.00001"),
    Decimal(9000),
    Decimal(5),
)
GRID = GridConfig(Decimal(90), Decimal(110), 4, Decimal(1000))  # levels 90, 95, 100, 105, 110


def columns(*rows: tuple[float, float, float, float], times: list[int] | None = None) -> Columns:
    """Of (open, high, low, close), a minute apart."""
    prices = np.array([[round(price * 100) * (SCALE // 100) for price in row] for row in rows], np.int64)
    opens = np.array(times or [START + number * MINUTE for number in range(len(rows))], np.int64)
    return Columns(opens, *prices.T.copy(), np.ones(len(rows)))  # type: ignore[call-arg]


def flat(price: float) -> tuple[float, float, float, float]:
    return price, price, price, price


def run(
    candles: Columns,
    model: FillModelName = FillModelName.OHLC,
    config: StrategyConfig = GRID,
    limits: RiskLimits | None = None,
    slippage: Decimal = Decimal(0),
) -> Run:
    case = Case(config, BTC, candles, MINUTE, slippage=slippage)
    if limits is not None:
        case = Case(config, BTC, candles, MINUTE, limits, slippage)
    return replay(case, MODELS[model])


def fills(found: Run) -> list[tuple[int, int, str, Decimal]]:
    """(candle, slot, side, price) of each."""
    return [
        (fill.candle, fill.slot, "buy" if fill.buys else "sell", Decimal(fill.price) / SCALE)
        for fill in found.fills
    ]
