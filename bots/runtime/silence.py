"""What a bot says when its market has no price for long."""

from bots.core.engine import BotEngine
from bots.core.risk import STALE_MS

SILENCE_MS = 2 * STALE_MS  # without a price before the bot says so: asking by REST has had its time


class Silence:
    def __init__(self) -> None:
        self._told = False

    async def tell(self, engine: BotEngine, now: int) -> None:
        """Once when neither the stream nor the exchange itself has a price for long, and once when it is over."""
        age, symbol = engine.risk_manager.price_age(now), engine.market.symbol
        if age > SILENCE_MS and not self._told:
            self._told = True
            text = (
                f"There is no new price of {symbol} for {age // 1000} seconds, neither by the stream nor by "
                "asking the exchange. Until one comes, nothing is bought or sold at the market."
            )
            await engine.store.tell("stale_price", text, "warning")
        elif age <= STALE_MS and self._told:
            self._told = False
            await engine.store.tell("price_back", f"Prices of {symbol} are back.")
