"""A price far away from the last one is not believed until the exchange itself, asked by REST, has confirmed it.

What it answers is the price from then on: a real jump costs one request, a false tick nothing else. Without an answer
there is no price, and a market without a price is stale (`staleness.py`): nothing trades on it.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import structlog

from bots.core.ports import ExchangeError
from bots.core.types import Ticker
from marketdata.staleness import Fetch, Market

log = structlog.get_logger(__name__)
JUMP = Decimal("0.10")  # of the last price
ASK_AGAIN = 1.0  # seconds after an answer before one market is asked about again


class Jumps:
    """Without `fetch` there is nobody to ask, and every price is believed."""

    def __init__(self, fetch: Fetch | None, deliver: Callable[[Market, Ticker], None]) -> None:
        self._fetch, self._deliver = fetch, deliver
        self._asking: dict[Market, asyncio.Task[None]] = {}

    def believes(self, market: Market, last: Ticker | None, new: Ticker) -> bool:
        """False where the price must be confirmed first; that is being done then."""
        if self._fetch is None or last is None or abs(new.price - last.price) <= JUMP * last.price:
            return True
        if market not in self._asking:
            log.warning(
                "prices.jump", exchange=market[0], symbol=market[1], last=str(last.price), new=str(new.price)
            )
            self._asking[market] = asyncio.get_running_loop().create_task(self._ask(self._fetch, market))
        return False

    async def _ask(self, fetch: Fetch, market: Market) -> None:
        try:
            self._deliver(market, await fetch(*market))
        except ExchangeError as error:
            log.debug("prices.jump_unconfirmed", exchange=market[0], symbol=market[1], detail=error.detail)
        finally:
            asyncio.get_running_loop().call_later(ASK_AGAIN, self._asking.pop, market, None)

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
