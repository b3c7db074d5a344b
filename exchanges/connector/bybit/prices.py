"""Bybit's public streams."""

from decimal import Decimal
from typing import Any

from exchanges.connector.bybit import mapping
from exchanges.connector.prices import News, PriceWire

CHANNELS = ("tickers", "orderbook.1", "kline.1")


class BybitPrices(PriceWire):
    streams_per_message = 10
    message_pause = 0.1
    ping_every = 20.0

    def url(self, client: Any, number: int) -> str:
        return str(client.implode_hostname(client.urls["api"]["ws"]["public"]["spot"]))

    def streams(self, market_id: str) -> list[str]:
        return [f"{channel}.{market_id}" for channel in CHANNELS]

    def request(self, subscribe: bool, streams: list[str], number: int) -> dict[str, Any]:
        return {"op": "subscribe" if subscribe else "unsubscribe", "args": streams, "req_id": str(number)}

    def news(self, message: Any, now: int) -> list[News]:
        channel, _, market_id = message.get("topic", "").rpartition(".")
        if not market_id:
            return []
        time, data = int(message.get("ts") or now), message["data"]
        if channel == "tickers":
            return [News(market_id, time, price=Decimal(data["lastPrice"]))]
        if channel == "orderbook.1":
            bids, asks = data["b"], data["a"]
            if not bids or not asks:
                return []
            return [News(market_id, time, book=(Decimal(bids[0][0]), Decimal(asks[0][0])))]
        closed = [mapping.stream_candle(line) for line in data if line["confirm"]]
        return [News(market_id, time, candle=candle) for candle in closed]
