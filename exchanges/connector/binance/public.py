"""What Binance tells everybody."""

from typing import Any

from exchanges.connector.binance import mapping
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import Limits, Listed, Raw


class BinancePublic:
    async def time(self, client: Any) -> int:
        return int((await client.publicGetTime())["serverTime"])

    async def listing(self, client: Any) -> tuple[list[Raw], Limits]:
        reply = await client.publicGetExchangeInfo()
        return list(reply["symbols"]), limits(reply.get("rateLimits", []))

    def listed(self, raw: Raw, client: Any, facts: ExchangeFacts) -> Listed | None:
        if not raw.get("isSpotTradingAllowed", True):
            return None
        market = mapping.market(raw, client.safe_currency_code)
        return Listed(raw["symbol"], market, raw["status"] == "TRADING")


def limits(rows: list[Raw]) -> Limits:
    """From exchangeInfo."""
    told = {
        (row["rateLimitType"], row["interval"], int(row["intervalNum"])): int(row["limit"]) for row in rows
    }
    return Limits(told.get(("REQUEST_WEIGHT", "MINUTE", 1), 0), told.get(("ORDERS", "SECOND", 10), 0))
