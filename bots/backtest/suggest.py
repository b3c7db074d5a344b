"""A range and a number of grids for a market, from how much it moved and what a trade costs.

Range: if the logarithm of the price goes on as a random walk with volatility s a day, it stays within
+-z * s * sqrt(days) for that many days with a probability of about 1 - 4 * (1 - F(z)) (reflection principle), F the
normal distribution. s is seen in two ways, by the returns of hours and by how far apart highest and lowest price
were (Parkinson, M. (1980), The Extreme Value Method for Estimating the Variance of the Rate of Return: a walk's range
is sqrt(8 t / pi) * s on average); where the price kept coming back the second is smaller, and the smaller one counts.

Grids: one of step d earns d less the fees of two fills per cycle, and a walk makes s^2 / d^2 moves a day, so that
1 - fees / d is left of the gross profit: the step is the one of which the fees take a fifth.
"""

import time
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from math import exp, log, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bots.backtest.feasible import feasible
from bots.core.ports import ExchangeError
from bots.core.preflight import preflight_grid
from bots.core.rounding import nearest, plain
from bots.core.strategies.config import FieldError
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from bots.services.errors import InvalidConfig
from bots.services.preflight import market_for, price_of
from marketdata import columns
from marketdata.completing import CandlesLoading, complete
from marketdata.models import Timeframe

DAY, HOUR = 86_400_000, 3_600_000
FEWEST_HOURS = 24
MOST_DAYS = 365
REACH = 1.5  # standard deviations, on either side
WIDEST = 4.0  # times the price, and a fourth of it
FEE_SHARE = 0.2  # of a cycle's gross profit
MOST_GRIDS = 200
PATIENCE = 4.0  # seconds for candles that nobody has stored yet


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`reasons` are the numbers it follows from, `sentences` the same for people. Ratios are fractions."""

    config: dict[str, Any]
    reasons: dict[str, float]
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a market: `candles` of at most the last `days`. Volatilities are standard deviations of
    logarithmic returns, for a day: by `hours`, and by the `span` between the extremes."""

    market: Market
    price: Decimal
    candles: columns.Columns
    days: int
    hours: float
    span: float

    @property
    def volatility(self) -> float:
        return min(self.hours, self.span)


def suggest(
    *, exchange: str, symbol: str, investment: Decimal, days: int = 30, patience: float | None = None
) -> Suggestion:
    """From the candles of the last `days`. Raises InvalidConfig where there are too few of them, or too little money
    for two grids, and ExchangeError where market and price cannot be had now."""
    market, price = market_for(exchange, symbol), price_of(exchange, symbol)
    candles = _candles(exchange, symbol, days, PATIENCE if patience is None else patience)
    hours = columns.aggregate(candles, HOUR)
    if len(hours) < FEWEST_HOURS:
        detail = f"There are {len(hours)} hours of candles of {symbol}; a suggestion needs {FEWEST_HOURS}."
        raise InvalidConfig([FieldError("symbol", "no_data", detail)])
    seen = Seen(market, price, candles, days, hourly_volatility(hours), span_volatility(hours))
    return explained(grid_of(seen, investment), seen)


def hourly_volatility(hours: columns.Columns) -> float:
    """A day's, of the returns of hourly closes: those of minutes hold more of the spread than of the market."""
    return float(np.diff(np.log(hours.close.astype(np.float64))).std(ddof=1)) * sqrt(24)


def span_volatility(hours: columns.Columns) -> float:
    """A day's, of highest and lowest price."""
    days = float(hours.time[-1] - hours.time[0] + HOUR) / DAY
    return log(int(hours.high.max()) / int(hours.low.min())) / sqrt(8 * days / pi)


def range_of(seen: Seen) -> tuple[Decimal, Decimal]:
    """Round prices on the tick, at least five steps apart, and never so far that exchanges take no orders there."""
    price, tick = seen.price, seen.market.tick
    width = max(REACH * seen.volatility * sqrt(seen.days), 2.5 * log(1 + step_of(seen.market)))
    width = min(width, log(WIDEST))
    unit = max(tick, Decimal(10) ** (price.adjusted() - 2))
    lower, upper = (nearest(nearest(price * Decimal(exp(side * width)), unit), tick) for side in (-1, 1))
    return max(lower, tick), upper


def step_of(market: Market) -> float:
    """Of which the fees of a buy and a sale are FEE_SHARE; without fees, a tenth of a percent."""
    return max(2 * float(market.maker_fee) / FEE_SHARE, 0.001)


def grid_of(seen: Seen, investment: Decimal) -> GridConfig:
    """The most grids of at least that step that money and market allow. Raises InvalidConfig for less than two."""
    lower, upper = range_of(seen)
    wanted = min(max(int(log(upper / lower) / log(1 + step_of(seen.market))), 2), MOST_GRIDS)

    def grid(count: int) -> GridConfig:
        return GridConfig(lower, upper, count, investment, "geometric")

    def too_many(count: int) -> bool:
        return not feasible(grid(count), seen.market, [seen.price])[0]

    count = bisect_left(range(2, wanted + 1), True, key=too_many) + 1
    if count < 2:
        raise InvalidConfig(preflight_grid(grid(2), seen.market, seen.price, None).failures)
    return grid(count)


def moves_of(closes: NDArray[np.float64], step: float) -> int:
    """How often the price moved by one step up or down from where it last had: each is a fill of a grid."""
    logs, reach = np.log(closes), log(1 + step)
    count, last = 0, float(logs[0])
    for value in logs.tolist():
        if steps := int((value - last) / reach):
            count += abs(steps)
            last += steps * reach
    return count


def _candles(exchange: str, symbol: str, days: int, patience: float) -> columns.Columns:
    """What is stored of the last days, after a moment of fetching what is not."""
    end = int(time.time() * 1000)
    start = end - days * DAY
    with suppress(CandlesLoading, ExchangeError):
        complete(exchange=exchange, symbol=symbol, start=start, end=end, patience=patience)
    frame = columns.finest(exchange=exchange, symbol=symbol, start=start, end=end) or Timeframe.M1.value
    return columns.read(exchange=exchange, symbol=symbol, timeframe=frame, start=start, end=end)


def explained(config: GridConfig, known: Seen) -> Suggestion:
    candles, fees = known.candles, 2 * float(known.market.maker_fee)
    step = float(config.upper_price / config.lower_price) ** (1 / config.grid_count) - 1
    seen = float(candles.time[-1] - candles.time[0]) / DAY
    moves = moves_of(candles.close.astype(np.float64), step)
    reach = log(config.upper_price / config.lower_price) / 2 / max(known.volatility * sqrt(known.days), 1e-9)
    reasons = {
        "price": float(known.price),
        "days": round(seen, 2),
        "volatility": known.volatility,
        "volatility_by_hours": known.hours,
        "volatility_by_span": known.span,
        "lowest": int(candles.low.min()) / columns.SCALE,
        "highest": int(candles.high.max()) / columns.SCALE,
        "reach": min(reach, 100.0),
        "stays_inside": max(0.0, 1 - 4 * (1 - NormalDist().cdf(reach))),
        "step": step,
        "fees": fees,
        "fee_share": fees / step,
        "profit_per_grid": step - fees,
        "moves": moves,
        "cycles_a_day": moves / 2 / seen,
    }
    values = {
        "lower_price": plain(config.lower_price),
        "upper_price": plain(config.upper_price),
        "grid_count": config.grid_count,
        "spacing": config.spacing,
        "investment": plain(config.investment),
    }
    return Suggestion(values, reasons, _sentences(values, reasons, known.days))


def _sentences(config: dict[str, Any], reasons: dict[str, float], days: int) -> list[str]:
    stays = min(reasons["stays_inside"], 0.99)
    return [
        f"In the last {reasons['days']:.0f} days the price was between {reasons['lowest']:g} and "
        f"{reasons['highest']:g}; it moved by {reasons['volatility_by_hours']:.1%} a day (standard deviation) by its "
        f"hours, by {reasons['volatility_by_span']:.1%} by its extremes.",
        f"If it goes on by {reasons['volatility']:.1%} a day, it stays between {config['lower_price']} and "
        f"{config['upper_price']} for {days} days with a probability of about {stays:.0%}.",
        f"{config['grid_count']} grids make steps of {reasons['step']:.2%}, of which the fees of buying and selling "
        f"({reasons['fees']:.2%}) take {reasons['fee_share']:.0%}: {reasons['profit_per_grid']:.2%} are left.",
        f"The price made {reasons['moves']:,} such steps in that time: about {reasons['cycles_a_day']:.1f} times a day "
        "a grid around it would have bought and sold.",
    ]
