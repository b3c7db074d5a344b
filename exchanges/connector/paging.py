"""All fills of a stretch of time, from an exchange that answers a page at most and does not say which end of the
stretch the page is from."""

from collections.abc import Awaitable, Callable

from bots.core.types import Fill

Ask = Callable[[int, int], Awaitable[list[Fill]]]


async def all_fills(ask: Ask, start: int, end: int, *, window: int, page: int) -> list[Fill]:
    """Oldest first. `ask` takes a stretch of at most `window` ms and answers at most `page` fills of it. The parts
    touch each other: whether their ends belong to them does not matter then."""
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
