"""What an account's trades tell that nothing else did: behind all other work, one market at a time.

A bot's live orders are settled by its recovery without it. This finds the fills of orders that we had given up, whose
answer was lost for good, or whose bot is at rest.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from bots import store
from bots.core.ports import ExchangeError
from bots.core.types import Fill
from bots.runtime.database import Database
from bots.runtime.reads import AccountReads
from bots.runtime.unknown import OVERLAP_MS, may_belong
from bots.services import trading

logger = logging.getLogger(__name__)
READ_EVERY = (
    1.0  # seconds between two reads of all accounts together: 1,200 of Binance's 6,000 weight a minute
)
AGAIN = 30.0  # seconds after a read that failed


class Pace:
    """Lets one through every so often."""

    def __init__(self, every: float = READ_EVERY) -> None:
        self._every = every
        self._next = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        at, self._next = self._next, max(now, self._next) + self._every
        if at > now:
            await asyncio.sleep(at - now)


class History:
    """Of one account (venue:UID). `deliver` hands a fill to its bot where that runs here."""

    def __init__(
        self,
        account: str,
        reads: AccountReads,
        database: Database,
        pace: Pace,
        deliver: Callable[[Fill], bool],
    ) -> None:
        self.account = account
        self.reads = reads
        self._database = database
        self._pace = pace
        self._deliver = deliver
        self._wanted: dict[str, int] = {}  # symbol: since when (ms)
        self._read_to: dict[str, int] = {}  # symbol: the newest trade that was looked at
        self._asked = asyncio.Event()

    def want(self, symbol: str, since: int) -> None:
        """The trades since then; those looked at once are not read again."""
        since = max(since, self._read_to.get(symbol, 0))
        self._wanted[symbol] = min(since, self._wanted.get(symbol, since))
        self._asked.set()

    async def run(self) -> None:
        while True:
            await self._asked.wait()
            while self._wanted:
                await self._pace.turn()
                symbol, since = self._wanted.popitem()
                try:
                    await self._look(symbol, since)
                except ExchangeError:
                    self.want(symbol, since)
                    await asyncio.sleep(AGAIN)
                except Exception:
                    logger.exception("history_failed", extra={"account": self.account, "symbol": symbol})
                    self.want(symbol, since)
                    await asyncio.sleep(AGAIN)
            self._asked.clear()

    async def _look(self, symbol: str, since: int) -> None:
        fills = await self.reads.fills(symbol, since - OVERLAP_MS)
        if not fills:
            return
        ids = {fill.exchange_order_id for fill in fills}
        names = await self._database.run(store.names_of, self.account, symbol, sorted(ids))
        names |= await self._names_of_lost(
            symbol, since, [f for f in fills if f.exchange_order_id not in names]
        )
        named = [
            replace(fill, client_id=names[fill.exchange_order_id])
            for fill in fills
            if fill.exchange_order_id in names
        ]
        for fill, bot_id in await self._database.run(store.unbooked, self.account, named):
            await self._book(fill, bot_id)
        self._read_to[symbol] = max(fill.time for fill in fills)

    async def _names_of_lost(self, symbol: str, since: int, strangers: list[Fill]) -> dict[str, str]:
        """Of our orders whose id at the exchange we never learnt. Only trades that could be theirs are asked about:
        an account may see thousands of others."""
        lost = await self._database.run(store.lost_orders, self.account, symbol, since - OVERLAP_MS)
        names = {}
        asked = {f.exchange_order_id for f in strangers if any(may_belong(f, one) for one in lost)}
        for exchange_id in sorted(asked):
            owner = await self.reads.owner(symbol, exchange_id)
            if owner is not None and any(one.client_id == owner.client_id for one in lost):
                names[exchange_id] = owner.client_id
        return names

    async def _book(self, fill: Fill, bot_id: UUID) -> None:
        """By its bot's runner; a bot at rest has none."""
        if self._deliver(fill) or not await self._database.run(store.is_at_rest, bot_id):
            return
        market = await self.reads.connector.market(fill.symbol)
        change = await self._database.run(
            trading.ingest_fill, bot_id=bot_id, account=self.account, fill=fill, market=market
        )
        if change is not None and change.new:
            logger.warning("fill_of_a_bot_at_rest", extra={"bot_id": str(bot_id), "trade_id": fill.trade_id})
