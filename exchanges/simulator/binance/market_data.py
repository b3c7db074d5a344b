"""Public endpoints."""

import operator
from typing import Any

from exchanges.simulator.binance import parameters as read
from exchanges.simulator.binance import payloads as write
from exchanges.simulator.binance.endpoint import Call, endpoint
from exchanges.simulator.binance.parameters import Parameters
from exchanges.simulator.candles import Rows, aggregate
from exchanges.simulator.errors import Refused, mandatory
from exchanges.simulator.events import BookRead
from exchanges.simulator.history import MINUTE
from exchanges.simulator.venue import Venue

INTERVALS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440,
}  # fmt: skip
MAX_DEPTH = 5_000


@endpoint("GET", "/api/v3/ping", 1)
def ping(_: Call) -> dict[str, Any]:
    return {}


@endpoint("GET", "/api/v3/time", 1)
def time(call: Call) -> dict[str, Any]:
    return {"serverTime": call.exchange.clock()}


@endpoint("GET", "/api/v3/exchangeInfo", 20)
def exchange_info(call: Call) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": call.exchange.clock(),
        "rateLimits": call.limits.describe(),
        "exchangeFilters": [],
        "symbols": [write.symbol_info(venue.rules) for venue in _venues(call)],
    }


def _per_symbol(one: int, all_: int) -> Any:
    def weigh(parameters: Parameters) -> int:
        count = parameters["symbols"].count(",") + 1 if "symbols" in parameters else 1
        return one * min(count, 20) if {"symbol", "symbols"} & parameters.keys() else all_

    return weigh


@endpoint("GET", "/api/v3/ticker/24hr", _per_symbol(2, 80))
def day_ticker(call: Call) -> Any:
    return _each(call, write.day_ticker)


@endpoint("GET", "/api/v3/ticker/price", _per_symbol(2, 4))
def price_ticker(call: Call) -> Any:
    return _each(call, lambda venue: {"symbol": venue.rules.symbol, "price": write.amount(venue.price)})


@endpoint("GET", "/api/v3/ticker/bookTicker", _per_symbol(2, 4))
def book_ticker(call: Call) -> Any:
    return _each(call, write.book_ticker)


def _depth_weight(parameters: Parameters) -> int:
    limit = read.number(parameters, "limit") or 100
    return next(
        weight for bound, weight in ((100, 5), (500, 25), (1000, 50), (10**18, 250)) if limit <= bound
    )


@endpoint("GET", "/api/v3/depth", _depth_weight)
def depth(call: Call) -> dict[str, Any]:
    venue = _venue(call)
    call.exchange.announce(BookRead(venue.rules.symbol))
    return write.depth(venue, read.limit(call.parameters, 100, MAX_DEPTH))


@endpoint("GET", "/api/v3/trades", 25)
def trades(call: Call) -> list[dict[str, Any]]:
    venue = _venue(call)
    limit = read.limit(call.parameters, 500, 1000)
    return [
        {
            "id": done.id,
            "price": write.amount(done.price),
            "qty": write.amount(done.quantity),
            "quoteQty": write.amount(done.price * done.quantity),
            "time": done.time,
            "isBuyerMaker": done.buyer_is_maker,
            "isBestMatch": True,
        }
        for done in list(venue.prints)[-limit:]
    ]


@endpoint("GET", "/api/v3/aggTrades", 4)
def aggregate_trades(call: Call) -> list[dict[str, Any]]:
    """Each trade is its own aggregate, here and in the stream."""
    found = list(_venue(call).prints)
    for name, test in (("startTime", operator.ge), ("endTime", operator.le)):
        bound = read.number(call.parameters, name)
        found = [done for done in found if bound is None or test(done.time, bound)]
    first = read.number(call.parameters, "fromId")
    limit = read.limit(call.parameters, 500, 1000)
    newest = first is None and "startTime" not in call.parameters
    found = [done for done in found if done.id >= (first or 0)]
    return [write.aggregate_trade(done) for done in (found[-limit:] if newest else found[:limit])]


@endpoint("GET", "/api/v3/klines", 2)
def klines(call: Call) -> list[list[Any]]:
    name = read.text(call.parameters, "interval")
    if name not in INTERVALS:
        raise Refused(-1120, "Invalid interval.")
    interval = INTERVALS[name] * MINUTE
    return [write.kline(row, interval) for row in _candles(call, _venue(call), interval)]


def _candles(call: Call, venue: Venue, interval: int) -> Rows:
    """From startTime on, else the newest up to endTime."""
    now, limit = call.exchange.clock(), read.limit(call.parameters, 500, 1000)
    venue.candles.roll(now)
    start, end = read.number(call.parameters, "startTime"), read.number(call.parameters, "endTime")
    last = min(now, now if end is None else end)
    last -= last % interval  # the open time of the newest that may appear
    if start is None:
        first = last - (limit - 1) * interval
    else:
        first = max(-(-start // interval) * interval, venue.candles.history.start // interval * interval)
        last = min(last, first + (limit - 1) * interval)
    return aggregate(venue.candles.rows(first, last + interval), interval)


def _venue(call: Call) -> Venue:
    return call.exchange.venue(read.text(call.parameters, "symbol"))


def _venues(call: Call) -> list[Venue]:
    names = read.symbols(call.parameters)
    return [call.exchange.venue(name) for name in (call.exchange.venues if names is None else names)]


def _each(call: Call, show: Any) -> Any:
    """An object for `symbol`, otherwise a list."""
    if call.parameters.get("symbol") == "":
        raise mandatory("symbol")
    answers = [show(venue) for venue in _venues(call)]
    return answers[0] if "symbol" in call.parameters else answers
