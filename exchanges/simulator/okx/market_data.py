"""Public endpoints. Only spot lists anything."""

from typing import Any

from exchanges.simulator.candles import Rows, aggregate
from exchanges.simulator.history import MINUTE
from exchanges.simulator.okx import payloads
from exchanges.simulator.okx.endpoint import Call, endpoint
from exchanges.simulator.okx.errors import bad_parameter

BARS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240, "6Hutc": 360, "12Hutc": 720,
    "1Dutc": 1440,
}  # fmt: skip
MAX_CANDLES = 300
Json = dict[str, Any]


@endpoint("GET", "/public/time", "market")
def time(call: Call) -> list[Json]:
    return [{"ts": str(call.exchange.clock())}]


@endpoint("GET", "/public/instruments", "market")
def instruments(call: Call) -> list[Json]:
    if call.text("instType") != "SPOT":
        return []
    venues = [call.venue()] if call.parameters.get("instId") else call.exchange.venues.values()
    return [payloads.instrument(venue.rules) for venue in venues]


@endpoint("GET", "/market/ticker", "market")
def ticker(call: Call) -> list[Json]:
    return [payloads.ticker(call.venue(), call.exchange.clock())]


@endpoint("GET", "/market/tickers", "market")
def tickers(call: Call) -> list[Json]:
    if call.text("instType") != "SPOT":
        return []
    now = call.exchange.clock()
    return [payloads.ticker(venue, now) for venue in call.exchange.venues.values()]


@endpoint("GET", "/market/candles", "market")
def candles(call: Call) -> list[list[str]]:
    """Newest first: newer than `before`, older than `after`."""
    venue, name = call.venue(), call.parameters.get("bar") or "1m"
    if name not in BARS:
        raise bad_parameter("bar")
    interval, now = BARS[name] * MINUTE, call.exchange.clock()
    venue.candles.roll(now)
    before, after = call.number("before"), call.number("after")
    last = now if after is None else min(now, after - 1)
    last -= last % interval
    first = last - (call.limit(100, MAX_CANDLES) - 1) * interval
    if before is not None:
        first = max(first, (before // interval + 1) * interval)
    rows: Rows = aggregate(venue.candles.rows(first, last + interval), interval)
    return [payloads.candle(row, closed=bool(row[0] + interval <= now)) for row in reversed(rows)]


@endpoint("GET", "/market/history-candles", "market")
def history_candles(call: Call) -> list[list[str]]:
    return candles(call)
