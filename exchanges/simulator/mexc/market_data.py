"""Public endpoints."""

from typing import Any

from exchanges.simulator.amounts import plain
from exchanges.simulator.candles import Rows, aggregate
from exchanges.simulator.errors import Refused
from exchanges.simulator.history import MINUTE
from exchanges.simulator.mexc import payloads
from exchanges.simulator.mexc.endpoint import Call, endpoint
from exchanges.simulator.venue import Venue

INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "4h": 240, "8h": 480, "1d": 1440}
MAX_CANDLES = 500
Json = dict[str, Any]


@endpoint("GET", "/api/v3/ping", "market")
def ping(_: Call) -> Json:
    return {}


@endpoint("GET", "/api/v3/time", "market")
def time(call: Call) -> Json:
    return {"serverTime": call.exchange.clock()}


@endpoint("GET", "/api/v3/exchangeInfo", "market", 10)
def exchange_info(call: Call) -> Json:
    asked = call.parameters.get("symbol") or call.parameters.get("symbols")
    names = asked.split(",") if asked else list(call.exchange.venues)
    return {
        "timezone": "CST",
        "serverTime": call.exchange.clock(),
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [
            payloads.symbol_info(call.exchange.venues[name].rules)
            for name in names
            if name in call.exchange.venues
        ],
    }


@endpoint("GET", "/api/v3/ticker/24hr", "market")
def day_ticker(call: Call) -> Any:
    if call.parameters.get("symbol"):
        return payloads.day_ticker(call.venue())
    return [payloads.day_ticker(venue) for venue in call.exchange.venues.values()]


@endpoint("GET", "/api/v3/ticker/price", "market")
def price_ticker(call: Call) -> Any:
    one = call.parameters.get("symbol")
    venues = [call.venue()] if one else call.exchange.venues.values()
    shown = [{"symbol": venue.rules.symbol, "price": plain(venue.price)} for venue in venues]
    return shown[0] if one else shown


@endpoint("GET", "/api/v3/ticker/bookTicker", "market")
def book_ticker(call: Call) -> Any:
    one = call.parameters.get("symbol")
    venues = [call.venue()] if one else call.exchange.venues.values()
    shown = [{"symbol": venue.rules.symbol} | payloads.touch(venue) for venue in venues]
    return shown[0] if one else shown


@endpoint("GET", "/api/v3/klines", "market")
def klines(call: Call) -> list[list[Any]]:
    venue, name = call.venue(), call.text("interval")
    if name not in INTERVALS:
        raise Refused(-1121, "Invalid interval.")
    interval = INTERVALS[name] * MINUTE
    return [payloads.kline(row, interval) for row in _candles(call, venue, interval)]


@endpoint("GET", "/api/v1/contract/detail", "market")
def contracts(_: Call) -> Json:
    """No futures are listed."""
    return {"success": True, "code": 0, "data": []}


def _candles(call: Call, venue: Venue, interval: int) -> Rows:
    """From startTime on, else the newest before endTime, which is not included."""
    now, limit = call.exchange.clock(), call.limit(MAX_CANDLES, MAX_CANDLES)
    venue.candles.roll(now)
    start, end = call.number("startTime"), call.number("endTime")
    last = now if end is None else min(now, end - 1)
    last -= last % interval
    if start is None:
        first = last - (limit - 1) * interval
    else:
        first = max(-(-start // interval) * interval, venue.candles.history.start // interval * interval)
        last = min(last, first + (limit - 1) * interval)
    return aggregate(venue.candles.rows(first, last + interval), interval)
