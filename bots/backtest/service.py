"""From a request to a backtest: checks it, sees to the candles, runs it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from bots.backtest.glance import glance
from bots.backtest.path import FillModelName
from bots.backtest.report import report
from bots.backtest.run import NO_LIMITS, Case
from bots.core.preflight import preflight_grid
from bots.core.preflight_dca import preflight_dca
from bots.core.strategies.config import FieldError, read_limits
from bots.core.strategies.grid import GridConfig
from bots.core.types import Market
from bots.services.errors import InvalidConfig
from bots.services.preflight import checked_config, market_for
from marketdata import columns
from marketdata.completing import PATIENCE, complete
from marketdata.models import Timeframe

MOST_CANDLES = 2_700_000  # five years of minutes
EARLIEST = date(2009, 1, 1)
DAY = 86_400_000
LONGEST = 50.0  # seconds of replaying; proxies cut a request at 60


@dataclass(frozen=True, slots=True)
class Request:
    """`end_date` is inclusive, UTC. `fees` is the fraction taken of each fill; of those that take,
    `taker_fees` where given. `slippage` is the fraction by which orders that take do worse than the price."""

    strategy: str
    symbol: str
    start_date: date
    end_date: date
    config: Mapping[str, Any]
    exchange: str = "binance"
    timeframe: str = Timeframe.M1.value
    fill_model: str = FillModelName.OHLC.value
    fees: Decimal = Decimal("0.001")
    taker_fees: Decimal | None = None
    slippage: Decimal = Decimal(0)
    risk: bool = False


def backtest(request: Request, patience: float = PATIENCE, longest: float = LONGEST) -> dict[str, Any]:
    """The report. `patience` (seconds) is how long missing candles are waited for, `longest` how long a replay may
    take. Raises InvalidConfig for what is wrong with the request, ExchangeError and CandlesLoading where market or
    candles cannot be had now, TookTooLong."""
    case = replace(case_of(request, patience), until=time.monotonic() + longest)
    return report(case, FillModelName(request.fill_model))


def glimpse(request: Request, patience: float, *, band: bool) -> dict[str, Any]:
    """What a form shows of it (`glance`). Raises as `backtest` does."""
    case = replace(case_of(request, patience), until=time.monotonic() + LONGEST)
    return glance(case, band=band)


def check(request: Request) -> None:
    """What can be known without the candles. Raises as `backtest` does."""
    checked_config(request.strategy, request.config)
    check_market(request)


def check_market(request: Request) -> None:
    """What can be known without config and candles. Raises as `backtest` does."""
    _span(request)
    market_for(request.exchange, request.symbol)


def case_of(request: Request, patience: float = PATIENCE) -> Case:
    """What the request asks to be replayed. Raises as `backtest` does."""
    config = checked_config(request.strategy, request.config)
    found = market_and_candles(request, patience)
    _check(config, found.market, found.candles)
    limits = read_limits(request.config) if request.risk else NO_LIMITS
    return Case(config, *found, limits, slippage=request.slippage)


class Found(NamedTuple):
    """`width` is the candles' length in ms."""

    market: Market
    candles: columns.Columns
    width: int


def market_and_candles(request: Request, patience: float = PATIENCE) -> Found:
    """The config apart. Raises as `backtest` does."""
    start, end = _span(request)
    market = market_for(request.exchange, request.symbol)
    taker = request.fees if request.taker_fees is None else request.taker_fees
    market = replace(market, maker_fee=request.fees, taker_fee=taker)
    return Found(market, *_candles(request, start, end, patience))


def refuse(field: str, code: str, detail: str) -> InvalidConfig:
    return InvalidConfig([FieldError(field, code, detail)])


def _span(request: Request) -> tuple[int, int]:
    """[start, end) in ms."""
    today = datetime.now(UTC).date()
    if request.end_date < request.start_date:
        raise refuse("end_date", "range", f"Must not be before start_date ({request.start_date}).")
    if request.end_date > today:
        raise refuse("end_date", "future", f"Must not be after today, {today} (UTC).")
    if request.start_date < EARLIEST:
        raise refuse("start_date", "range", f"Must not be before {EARLIEST}: nothing was traded then.")
    start, end = (_ms(day) for day in (request.start_date, request.end_date + timedelta(days=1)))
    count = (end - start) // Timeframe(request.timeframe).milliseconds
    if count > MOST_CANDLES:
        most = MOST_CANDLES * Timeframe(request.timeframe).milliseconds // DAY
        raise refuse(
            "start_date", "too_long", f"At most {most:,} days of {request.timeframe} candles at once."
        )
    return start, end


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _candles(request: Request, start: int, end: int, patience: float) -> tuple[columns.Columns, int]:
    """Of the asked timeframe, made from minutes where they are stored; otherwise the finest there is."""
    series: Any = {"exchange": request.exchange, "symbol": request.symbol}
    wanted = Timeframe(request.timeframe).milliseconds
    end = min(end, int(time.time() * 1000) // wanted * wanted)  # the forming candle has no close yet
    minutes = complete(**series, start=start, end=end, patience=patience)
    frame = columns.finest(**series, start=start, end=end)
    if frame is None:
        raise _no_data(request)
    width = Timeframe(frame).milliseconds
    if frame == Timeframe.M1:
        found = minutes.within(start, end)
    else:
        found = columns.read(**series, timeframe=frame, start=start, end=end)
    if width < wanted:
        found, width = columns.aggregate(found, wanted), wanted
    if len(found) < 2:
        raise _no_data(request)
    return found, width


def _no_data(request: Request) -> InvalidConfig:
    detail = (
        f"There are no candles of {request.symbol} on {request.exchange} from {request.start_date} to "
        f"{request.end_date}, here or at the exchange."
    )
    return refuse("start_date", "no_data", detail)


def _check(config: Any, market: Market, candles: columns.Columns) -> None:
    if failures := failures_at(config, market, Decimal(int(candles.close[0])) / columns.SCALE):
        raise InvalidConfig(failures)


def failures_at(config: Any, market: Market, price: Decimal) -> list[FieldError]:
    """The same pre-flight as for a bot that starts at this price; the account is not asked for its funds."""
    check = preflight_grid if isinstance(config, GridConfig) else preflight_dca
    return check(config, market, price, None).failures
