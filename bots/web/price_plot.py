"""The plot of a backtest's price, whole or a stretch of it, and the stretches beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bots.web import plots
from bots.web.price_history import bands
from marketdata.models import Timeframe

FEWEST = 20  # candles of a stretch


class Stretch(NamedTuple):
    """[start, end) in ms; `whole` where that is all there is."""

    start: int
    end: int
    whole: bool = False

    @property
    def query(self) -> str:
        return "" if self.whole else f"?start={self.start}&end={self.end}"


class Reach(NamedTuple):
    """What can be looked at: [start, end) in ms, and the shortest stretch of it."""

    start: int
    end: int
    shortest: int

    def stretch(self, start: float, end: float) -> Stretch:
        """As near to what was asked for as there is something to see."""
        length = round(min(max(end - start, self.shortest), self.end - self.start))
        first = round(min(max((start + end - length) / 2, self.start), self.end - length))
        return Stretch(first, first + length, length == self.end - self.start)


def reach_of(request: Mapping[str, Any], report: Mapping[str, Any]) -> Reach:
    width = Timeframe(request["timeframe"]).milliseconds
    start, end = report["start"] - width, report["end"]
    return Reach(start, end, min(FEWEST * width, end - start))


def stretch_of(reach: Reach, asked: Mapping[str, str]) -> Stretch:
    """Of a query; the whole where it names none."""
    numbers = [asked.get(name, "") for name in ("start", "end")]
    if all(text.isascii() and text.isdecimal() and len(text) <= 15 for text in numbers):
        return reach.stretch(*map(int, numbers))
    return reach.stretch(reach.start, reach.end)


def price_plot(
    request: Mapping[str, Any], report: Mapping[str, Any], asked: Mapping[str, str]
) -> dict[str, Any] | None:
    """None without candles: they may have been removed since, and there is nothing to draw the fills on."""
    reach = reach_of(request, report)
    seen = stretch_of(reach, asked)
    found = bands(exchange=request["exchange"], symbol=request["symbol"], start=seen.start, end=seen.end)
    if found is None:
        return None
    prices = [price for curve in found for _, price in curve]
    trades = [trade for trade in report["trades"] if seen.start <= trade["time"] <= seen.end]
    levels = near(report["levels"], prices)
    frame = plots.frame_of((seen.start, seen.end), [*prices, *levels])
    return {
        "frame": frame,
        "reach": reach,
        "whole": seen.whole,
        "moves": _moves(reach, seen),
        "range": plots.area(found.high, found.low, frame),
        "close": plots.line(found.close, frame),
        "levels": plots.across(levels, frame),
        "many": len(trades) > 600,
        **{side: _dots(trades, side, frame) for side in ("buy", "sell")},
    }


def _dots(trades: Iterable[Mapping[str, Any]], side: str, frame: plots.Frame) -> str:
    return plots.dots(((t["time"], t["price"]) for t in trades if t["side"] == side), frame)


def _moves(reach: Reach, seen: Stretch) -> dict[str, str | None]:
    """The queries of what lies beside, within and around; None where that would change nothing."""
    half, quarter = (seen.end - seen.start) / 2, (seen.end - seen.start) / 4
    found = {
        "earlier": reach.stretch(seen.start - half, seen.end - half),
        "later": reach.stretch(seen.start + half, seen.end + half),
        "closer": reach.stretch(seen.start + quarter, seen.end - quarter),
        "wider": reach.stretch(seen.start - half, seen.end + half),
        "all": reach.stretch(reach.start, reach.end),
    }
    return {name: None if stretch == seen else stretch.query for name, stretch in found.items()}


def near(levels: Sequence[float], prices: Sequence[float]) -> list[float]:
    """The levels that lie close enough to the prices not to squeeze them."""
    low, high = min(prices), max(prices)
    room = (high - low) or high * 0.01
    return [level for level in levels if low - room <= level <= high + room]
