"""What an exchange lists is read as far as it can be read."""

import asyncio
from types import SimpleNamespace
from typing import Any

from exchanges.connector.binance.public import BinancePublic
from exchanges.connector.markets import Markets
from exchanges.connector.public import Limits

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "minQty": "0.00001000", "maxQty": "9000.00000000"},
]


def listed(base: str, filters: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "symbol": f"{base}USDT",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "status": "TRADING",
        "filters": filters,
    }


class Venue:
    def __init__(self, *symbols: dict[str, Any]) -> None:
        self.reply = list(symbols), Limits()
        self.client = SimpleNamespace(safe_currency_code=str)
        self.wire = BinancePublic()
        self.facts = SimpleNamespace(name="Binance")
        self.clock = self

    async def ready(self) -> None:
        """The clock is known."""

    async def ask(self, _what: str, _send: Any) -> Any:
        return self.reply

    def take_limits(self, limits: Limits) -> None:
        """None are given."""


def test_one_market_that_cannot_be_read_does_not_take_the_others_away() -> None:
    odd = [{"filterType": "PRICE_FILTER", "tickSize": "none"}, FILTERS[1]]
    venue: Any = Venue(listed("NEW", []), listed("ODD", odd), listed("BTC", FILTERS))
    markets = Markets(venue)
    asyncio.run(markets.ready())
    assert [market.symbol for market in markets.trading()] == ["BTC/USDT"]
