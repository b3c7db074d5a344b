"""Public endpoints. Only spot lists anything."""

from typing import Any

from exchanges.simulator.bybit import payloads
from exchanges.simulator.bybit.endpoint import Call, endpoint
from exchanges.simulator.bybit.errors import bad_parameter
from exchanges.simulator.candles import Rows, aggregate
from exchanges.simulator.history import MINUTE
from exchanges.simulator.venue import Venue

INTERVALS = {name: int(name) for name in ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720")} | {
    "D": 1440
}
Json = dict[str, Any]


@endpoint("GET", "/v5/market/time", "market")
def time(call: Call) -> Json:
    now = call.exchange.clock()
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


@endpoint("GET", "/v5/market/instruments-info", "market")
def instruments(call: Call) -> Json:
    shown = [payloads.instrument(venue.rules) for venue in _venues(call)]
    return {"category": call.text("category"), "list": shown, "nextPageCursor": ""}


@endpoint("GET", "/v5/market/tickers", "market")
def tickers(call: Call) -> Json:
    return {"category": call.text("category"), "list": [payloads.ticker(venue) for venue in _venues(call)]}


@endpoint("GET", "/v5/market/kline", "market")
def kline(call: Call) -> Json:
    """Newest first."""
    if call.parameters.get("category", "spot") != "spot":
        raise bad_parameter("symbol invalid")
    venue, name = call.venue(), call.text("interval")
    if name not in INTERVALS:
        raise bad_parameter("Invalid period!")
    rows = _candles(call, venue, INTERVALS[name] * MINUTE)
    shown = [payloads.kline(row) for row in reversed(rows)]
    return {"category": "spot", "symbol": venue.rules.symbol, "list": shown}


def _candles(call: Call, venue: Venue, interval: int) -> Rows:
    """With only a start the oldest from there on, otherwise the newest up to the end."""
    now, limit = call.exchange.clock(), call.limit(200, 1000)
    venue.candles.roll(now)
    start, end = call.number("start"), call.number("end")
    last = min(now, now if end is None else end)
    last -= last % interval
    first = venue.candles.history.start // interval * interval
    if start is not None:
        first = max(first, -(-start // interval) * interval)
    if start is not None and end is None:
        last = min(last, first + (limit - 1) * interval)
    first = max(first, last - (limit - 1) * interval)
    return aggregate(venue.candles.rows(first, last + interval), interval)


def _venues(call: Call) -> list[Venue]:
    if not call.is_spot:
        return []
    return [call.venue()] if call.parameters.get("symbol") else list(call.exchange.venues.values())
