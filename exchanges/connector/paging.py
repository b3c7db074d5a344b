"""Pages of exchanges that answer a page at most, and only of the stretch of time that was asked for."""

from collections.abc import Awaitable, Callable

from bots.core.types import Candle, Fill

MINUTE = 60_000
AHEAD_MS = (
    10_000  # the exchange's clock may be a little ahead of what was measured: its newest fills count, too
)

Ask = Callable[[int, int], Awaitable[list[Fill]]]
AskCandles = Callable[[int, int], Awaitable[list[Candle]]]


async def all_fills(ask: Ask, start: int, end: int, *, window: int, page: int) -> list[Fill]:
    """Oldest first. `ask` takes a stretch of at most `window` ms, both ends included, and answers at most `page` fills
    of it: the oldest or the newest. So a full page leaves what lies before its first and after its last fill."""
    found: dict[tuple[str, str], Fill] = {}
    waiting = [(low, min(low + window, end)) for low in range(start, max(end, start + 1), window)]
    while waiting:
        low, high = waiting.pop()
        fills = await ask(low, high)
        found |= {(fill.trade_id, fill.exchange_order_id): fill for fill in fills}
        if len(fills) >= page:
            first, last = min(fill.time for fill in fills), max(fill.time for fill in fills)
            step = 1 if first == last else 0  # a page of one millisecond: there is no way to ask for its rest
            parts = ((low, first - step), (last + step, high))
            # An exchange that does not keep to the stretch must not be asked for ever.
            waiting += [part for part in parts if part[0] <= part[1] and part != (low, high)]
    return sorted(
        (fill for fill in found.values() if fill.time >= start),
        key=lambda fill: (fill.time, len(fill.trade_id), fill.trade_id),
    )


async def candles(ask: AskCandles, start: int, limit: int, *, now: int, page: int = 1000) -> list[Candle]:
    """The first `limit` 1m candles from `start` on, oldest first, however many minutes before them have none. `ask`
    takes the time of a minute and how many, at most `page`, to look through from there."""
    found: dict[int, Candle] = {}
    stretch = min(page, limit)
    while len(found) < limit and start <= now:
        found |= {candle.time: candle for candle in await ask(start, stretch) if candle.time >= start}
        start += stretch * MINUTE
        stretch = min(page, limit - len(found)) if found else page
    return [found[time] for time in sorted(found)][:limit]
