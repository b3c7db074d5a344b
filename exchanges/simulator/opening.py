"""How a market opens: where it left off, near the leading exchange's price, or where the seed draws it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from exchanges.simulator.candles import Candles, Forming
from exchanges.simulator.history import History
from exchanges.simulator.journal.markets import MarketTables, SavedMarket
from exchanges.simulator.symbols import SymbolRules
from exchanges.simulator.venue import Venue, first_price, listed, price_beside


@dataclass(frozen=True, slots=True)
class Opening:
    exchange: str
    seed: int
    home: Path | None
    history_days: int
    first_prices: Mapping[str, Decimal]
    leaders: Mapping[str, Venue]  # the same markets at the exchange whose prices this one follows
    markets: MarketTables
    clock: Callable[[], int]

    def venue(
        self, rules: SymbolRules, saved: SavedMarket | None, closed: Callable[[Forming], None]
    ) -> Venue:
        """`closed` hears of each candle that ends."""
        if saved is None:
            saved = listed(rules, self.first_prices.get(rules.symbol) or self._price(rules), self.clock())
        leader = self.leaders.get(rules.symbol)
        past_of = leader.candles.rows if leader else None
        history = History(
            rules, saved.listed, saved.first_price, self.history_days, self.seed, self.home, past_of
        )
        candles = Candles(history, self.markets, saved.price, saved.time, closed)
        return Venue(rules, saved, candles, self.seed)

    def _price(self, rules: SymbolRules) -> Decimal:
        if leader := self.leaders.get(rules.symbol):
            return price_beside(rules, leader.price, f"{self.seed}{self.exchange}")
        return first_price(rules, self.seed)
