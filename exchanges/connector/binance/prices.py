"""Binance's public streams."""

from decimal import Decimal
from typing import Any

from exchanges.connector.binance import mapping
from exchanges.connector.prices import News, PriceWire

CHANNELS = ("trade", "bookTicker", "kline_1m")


class BinancePrices(PriceWire):
    """300 symbols are 900 of the 1,024 streams of a socket; it hears 5 messages a second."""

    def url(self, client: Any, number: int) -> str:
        return f"{client.urls['api']['ws']['spot']}/{number}"

    def streams(self, market_id: str) -> list[str]:
        return [f"{market_id.lower()}@{channel}" for channel in CHANNELS]

    def request(self, subscribe: bool, streams: list[str], number: int) -> dict[str, Any]:
        return {"method": "SUBSCRIBE" if subscribe else "UNSUBSCRIBE", "params": streams, "id": number}

    def news(self, message: Any, now: int) -> list[News]:
        market_id, kind = message.get("s"), message.get("e")
        if market_id is None:
            return []
        if kind == "trade":
            return [News(market_id, int(message["T"]), price=Decimal(message["p"]))]
        if kind == "kline":
            line = message["k"]
            candle = mapping.stream_candle(line) if line["x"] else None
            return [News(market_id, int(message["E"]), price=Decimal(line["c"]), candle=candle)]
        if kind is None and "b" in message:
            return [News(market_id, now, book=(Decimal(message["b"]), Decimal(message["a"])))]
        return []
