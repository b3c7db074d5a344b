"""A first range for a backtest: around the price at its start, since what came later nobody knew."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bots.core.rounding import nearest
from exchanges import services as exchanges
from marketdata import selectors
from marketdata.models import Timeframe

BELOW, ABOVE = Decimal("0.9"), Decimal("1.1")


def first_range(*, exchange: str, symbol: str, start_date: str) -> dict[str, Any]:
    """Raises UnknownSymbol and ExchangeError."""
    rules = exchanges.market_of(exchange, symbol.strip().upper())
    price = _price_at(exchange, rules.symbol, start_date) or exchanges.ticker_of(exchange, rules.symbol).price
    return {
        "symbol": rules.symbol,
        "base": rules.base,
        "quote": rules.quote,
        "lower": f"{nearest(price * BELOW, rules.tick):f}",
        "upper": f"{nearest(price * ABOVE, rules.tick):f}",
    }


def _price_at(exchange: str, symbol: str, start_date: str) -> Decimal | None:
    """The first stored close of that day (UTC); None where there is none, or no day."""
    try:
        day = datetime.combine(date.fromisoformat(start_date), datetime.min.time()).replace(tzinfo=UTC)
    except ValueError:
        return None
    start, end = (int(moment.timestamp()) * 1000 for moment in (day, day + timedelta(days=1)))
    found = selectors.candles(
        exchange=exchange, symbol=symbol, timeframe=Timeframe.M1, start=start, end=end, limit=1
    )
    return found[0].close if found else None
