"""What an exchange lists, read once per event loop and shared by all of its connectors."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping

import aiohttp

from bots.core import ports
from bots.core.types import Market
from exchanges.connector import errors
from exchanges.connector.facts import FACTS
from exchanges.connector.venue import RETRY_DELAYS, Venue
from exchanges.connector.wires import PUBLIC
from exchanges.limiter import Limiter

log = logging.getLogger(__name__)

RELOAD_SECONDS = 3600.0
RETRY_SECONDS = 60.0


class Markets:
    """Our own values, made from the raw filters: ccxt's would take 90 MiB, at every reload 2.5 s of the
    event loop, and its numbers are floats."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._markets: dict[str, Market] = {}
        self._ids: dict[str, str] = {}  # BTC/USDT -> BTCUSDT
        self._symbols: dict[str, str] = {}  # and back
        self._trading: frozenset[str] = frozenset()
        self._read_at = 0.0
        self._due = 0.0
        self._lock = asyncio.Lock()
        self._reload: asyncio.Task[None] | None = None

    def get(self, symbol: str) -> Market:
        """Of loaded markets. Raises UnknownSymbol."""
        if symbol not in self._markets:
            detail = f"{self.venue.facts.name} does not list {errors.clean(symbol)}."
            raise ports.UnknownSymbol(detail, "unknown_symbol")
        return self._markets[symbol]

    def id_of(self, symbol: str) -> str:
        """The exchange's own name. Raises UnknownSymbol."""
        self.get(symbol)
        return self._ids[symbol]

    def symbol_of(self, market_id: str) -> str | None:
        return self._symbols.get(market_id)

    def trading(self) -> list[Market]:
        """Every market that is open for trade, by symbol."""
        return [market for symbol, market in sorted(self._markets.items()) if symbol in self._trading]

    @property
    def fresh(self) -> bool:
        return bool(self._markets) and time.monotonic() < self._due

    async def ready(self) -> None:
        """Loads markets and clock at first use; later reloads run beside; a failed one changes nothing."""
        if self.fresh:
            return
        if not self._markets:
            async with self._lock:
                if not self._markets:
                    await self.venue.clock.ready()
                    await self._load()
        elif self._reload is None or self._reload.done():
            self._due = time.monotonic() + RETRY_SECONDS
            self._reload = asyncio.create_task(self._reload_beside())

    def doubt(self) -> None:
        """An order was refused that fits the rules as we know them: they are read again, though not all the time."""
        self._due = min(self._due, self._read_at + RETRY_SECONDS)

    async def close(self) -> None:
        if self._reload is not None:
            self._reload.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reload
        await self.venue.close()

    async def _reload_beside(self) -> None:
        try:
            await self._load()
            await self.venue.clock.measure()
        except ports.ExchangeError as error:
            log.warning("The markets of %s could not be read again: %s", self.venue.facts.name, error.detail)

    async def _load(self) -> None:
        venue = self.venue
        rows, limits = await venue.ask("markets", lambda: venue.wire.listing(venue.client))
        markets, ids, trading = {}, {}, set()
        strange: list[str] = []  # one market that cannot be read must not take all others away
        for number, raw in enumerate(rows):
            try:
                listed = venue.wire.listed(raw, venue.client, venue.facts)
            except (KeyError, TypeError, ValueError, ArithmeticError):
                strange.append(str(raw.get("symbol")))
                continue
            if listed is None:
                continue
            market = listed.market
            markets[market.symbol], ids[market.symbol] = market, listed.market_id
            if listed.trading:
                trading.add(market.symbol)
            if number % 10 == 0:
                await asyncio.sleep(0)  # thousands of markets: let the bots have their turns
        if strange:
            log.warning(
                "%s lists %d markets that cannot be read: %s", venue.facts.name, len(strange), strange[:5]
            )
        venue.take_limits(limits)
        self._symbols = {market_id: symbol for symbol, market_id in ids.items()}
        self._markets, self._ids, self._trading = markets, ids, frozenset(trading)
        self._read_at = time.monotonic()
        self._due = self._read_at + RELOAD_SECONDS


class MarketCache:
    """The venues of one event loop with their markets."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        limiter: Limiter,
        *,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        by_proxy: Mapping[str, tuple[aiohttp.ClientSession, Limiter]] | None = None,
    ) -> None:
        """`by_proxy`: the exchanges that are reached another way, which has limits of its own."""
        self._direct, self._delays = (session, limiter), retry_delays
        self._by_proxy = by_proxy or {}
        self._markets: dict[str, Markets] = {}

    def of(self, exchange: str) -> Markets:
        """Not loaded yet where nobody has awaited `ready()`."""
        if exchange not in self._markets:
            facts = FACTS[exchange]
            session, limiter = self._by_proxy.get(exchange, self._direct)
            venue = Venue(
                facts,
                PUBLIC[facts.wire],
                session=session,
                limiter=limiter,
                retry_delays=self._delays,
            )
            self._markets[exchange] = Markets(venue)
        return self._markets[exchange]

    async def close(self) -> None:
        for markets in self._markets.values():
            await markets.close()
        self._markets.clear()
