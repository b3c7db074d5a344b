"""What MEXC tells everybody."""

from typing import Any

from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.mexc import mapping
from exchanges.connector.public import Limits, Listed, Raw


class MexcPublic:
    async def time(self, client: Any) -> int:
        return int((await client.spotPublicGetTime())["serverTime"])

    async def listing(self, client: Any) -> tuple[list[Raw], Limits]:
        return list((await client.spotPublicGetExchangeInfo())["symbols"]), Limits()

    def listed(self, raw: Raw, client: Any, facts: ExchangeFacts) -> Listed | None:
        """MEXC lets the API trade only some of what it lists."""
        open_to_us = str(raw["status"]) == "1" and bool(raw["isSpotTradingAllowed"])
        return Listed(raw["symbol"], mapping.market(raw, facts), open_to_us)
