"""All bots of one kind of money together, in one currency. Figures of curves are floats: they are only drawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from bots import selectors
from bots.core.ports import ExchangeError
from bots.core.types import ZERO
from bots.templatetags.trade import pnl, state_of
from bots.web import plots
from exchanges.services import market_of
from marketdata.bus import last_ticker
from marketdata.services import follow

SPANS = {
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_LOOKS = 16_000  # bots times moments of the curve: more would be slow
FEWEST_POINTS, MOST_POINTS = 16, 144
BUSY = ("error", "halted", "stopping", "running", "paused", "stopped")  # what is shown first

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """`rates` turn a bot's quote coin into the currency; bots without one are in `apart` and in no sum."""

    currency: str
    views: list[View]
    apart: list[View]
    rates: dict[str, Decimal]

    @property
    def equity(self) -> Decimal:
        return sum((self.worth(view, view["equity"]) for view in self.views), ZERO)

    @property
    def invested(self) -> Decimal:
        return sum((self.worth(view, view["total_investment"]) for view in self.views), ZERO)

    @property
    def states(self) -> dict[str, int]:
        return dict(Counter(state_of(view) for view in (*self.views, *self.apart)))

    def worth(self, view: View, amount: Decimal) -> Decimal:
        return amount * self.rates[market_key(view)]


def market_key(view: View) -> str:
    """What its money is: a coin at an exchange, since prices differ between them."""
    return f"{view['venue']}:{_quote(view)}"


def _quote(view: View) -> str:
    return str(view["symbol"].partition("/")[2])


def portfolio(views: Sequence[View]) -> Portfolio:
    currency = currency_of(views)
    rate = cache(lambda venue, quote: rate_of(venue, quote, currency))
    rates = {market_key(view): rate(view["venue"], _quote(view)) for view in views}
    known = {key: found for key, found in rates.items() if found is not None}
    counted = [view for view in views if market_key(view) in known]
    return Portfolio(currency, counted, [view for view in views if market_key(view) not in known], known)


def currency_of(views: Iterable[View]) -> str:
    """The quote coin of most bots; without bots USDT."""
    quotes = Counter(_quote(view) for view in views)
    return min(quotes, key=lambda quote: (-quotes[quote], quote != "USDT", quote)) if quotes else "USDT"


def rate_of(venue: str, quote: str, currency: str) -> Decimal | None:
    """What one `quote` is worth there. A market that has no price yet is followed, so that it soon has."""
    if quote == currency:
        return Decimal(1)
    if found := last_ticker(venue, f"{quote}/{currency}"):
        return found.price
    if found := last_ticker(venue, f"{currency}/{quote}"):
        return 1 / found.price
    for symbol in (f"{quote}/{currency}", f"{currency}/{quote}"):
        with suppress(ExchangeError):
            market_of(venue, symbol)  # refuses what is not traded there
            follow(exchange=venue, symbol=symbol)
    return None


@dataclass(frozen=True, slots=True)
class Past:
    """`total` is the portfolio's curve, `lines` those of bots, `day_ago` what all bots were worth then; in currency."""

    total: list[list[float]]
    lines: dict[UUID, list[list[float]]]
    day_ago: Decimal


def past(of: Portfolio, span: timedelta, shown: Sequence[View] = (), now: datetime | None = None) -> Past:
    """With the lines of the bots that are `shown`. Before a bot's first minute it counts as what it began with, so that
    a new bot is no gain."""
    now = now or datetime.now(UTC)
    born = [view["started_at"] or view["created_at"] for view in of.views]
    start = now - min(span, max(now - min(born, default=now), HOUR))
    points = max(FEWEST_POINTS, min(MOST_POINTS, MOST_LOOKS // max(1, len(of.views))))
    moments = [start + (now - start) * i / points for i in range(points)]
    bots = [(view["id"], view["total_investment"], of.rates[market_key(view)]) for view in of.views]
    asked = sorted({now - DAY, *moments})
    then = dict(zip(asked, selectors.sums(bots, asked), strict=True))
    times = [moment.timestamp() * 1000 for moment in (*moments, now)]
    worth = [float(value) for value in (*(then[moment] for moment in moments), of.equity)]
    counted = [view for view in shown if market_key(view) in of.rates]
    return Past(_points(times, worth), _lines(of, counted, moments, times), then[now - DAY])


def _lines(
    of: Portfolio, shown: Sequence[View], moments: list[datetime], times: list[float]
) -> dict[UUID, list[list[float]]]:
    found = selectors.worths([view["id"] for view in shown], moments) if shown else {}
    lines = {}
    for view in shown:
        past = (view["total_investment"] if worth is None else worth for worth in found[view["id"]])
        lines[view["id"]] = _points(
            times, [float(of.worth(view, worth)) for worth in (*past, view["equity"])]
        )
    return lines


def _points(times: list[float], values: list[float]) -> list[list[float]]:
    return [[time, value] for time, value in zip(times, values, strict=True)]


def curve(of: Past) -> dict[str, Any]:
    frame = plots.frame_of((time for time, _ in of.total), (value for _, value in of.total))
    floor = [[frame.start, frame.low], [frame.end, frame.low]]
    return {"frame": frame, "line": plots.line(of.total, frame), "area": plots.area(of.total, floor, frame)}


def first(of: Portfolio, most: int) -> list[View]:
    """The bots that want a look first, then the largest, whole."""
    chosen = [view["id"] for view in sorted((*of.views, *of.apart), key=_rank)[:most]]
    found = {view["id"]: view for view in selectors.bot_views(selectors.all_bots().filter(pk__in=chosen))}
    return [found[pk] for pk in chosen if pk in found]


def rows(shown: Sequence[View], seen: Past) -> list[View]:
    """The bots that are shown, each with its line."""
    return [{**view, "spark": spark(seen.lines.get(view["id"])), "pnl": pnl(view)} for view in shown]


def _rank(view: View) -> tuple[int, Decimal]:
    return BUSY.index(state_of(view)), -view["equity"]


def spark(points: list[list[float]] | None) -> str:
    """The `points` of a line in a box of 100 by 24; "" where nothing moved."""
    if not points or len({value for _, value in points}) < 2:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    step = 100 / (len(points) - 1)
    return " ".join(
        f"{i * step:.4g},{23 - (value - low) / (high - low) * 22:.4g}" for i, (_, value) in enumerate(points)
    )
