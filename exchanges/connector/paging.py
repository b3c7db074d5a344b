"""Pages of exchanges that answer a page at most, and only of the stretch of time that was asked for."""

from collections.abc import Awaitable, Callable

from bots.core.types import Candle, Fill

MINUTE = 60_000

Ask = Callable[[int, int], Awaitable[list[Fill]]]
AskCandles = Callable[[int, int], Awaitable[list[Candle]]]


async def all_fills(ask: Ask, start: int, end: int, *, window: int, page: int) -> list[Fill]:
    """Oldest first. `ask` takes a stretch of at most `window` ms and answers at most `page` fills of it, from either
    end. The parts touch each other: whether their ends belong to them does not matter then."""
    found: dict[tuple[str, str], Fill] = {}
    waiting = [(low, min(low + window, end)) for low in range(start, max(end, start + 1), window)]
    while waiting:
        low, high = waiting.pop()
        fills = await ask(low, high)
        if len(fills) >= page and high - low > 1:
            middle = (low + high) // 2
            waiting += [(low, middle), (middle, high)]
        found |= {(fill.trade_id, fill.exchange_order_id): fill for fill in fills}
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
