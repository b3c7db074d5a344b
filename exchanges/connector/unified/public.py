"""What an exchange tells everybody, as ccxt understands it."""

from typing import Any

from exchanges.connector.facts import ExchangeFacts
from exchanges.connector.public import Limits, Listed, Raw
from exchanges.connector.unified import mapping


class UnifiedPublic:
    async def time(self, client: Any) -> int:
        return int(await client.fetch_time())

    async def listing(self, client: Any) -> tuple[list[Raw], Limits]:
        return list((await client.load_markets(True)).values()), Limits()

    def listed(self, raw: Raw, client: Any, facts: ExchangeFacts) -> Listed | None:
        if not raw["spot"]:
            return None
        return Listed(raw["id"], mapping.market(raw, facts), bool(raw["active"]))
