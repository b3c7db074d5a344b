"""What Bybit tells everybody."""

from typing import Any

from exchanges.connector.bybit import mapping
from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import Limits, Listed, Raw


class BybitPublic:
    async def time(self, client: Any) -> int:
        return int((await client.publicGetV5MarketTime())["time"])

    async def listing(self, client: Any) -> tuple[list[Raw], Limits]:
        reply = await client.publicGetV5MarketInstrumentsInfo({"category": "spot"})
        return mapping.rows(reply), Limits()

    def listed(self, raw: Raw, client: Any, facts: ExchangeFacts) -> Listed | None:
        return Listed(raw["symbol"], mapping.market(raw), raw["status"] == "Trading")
