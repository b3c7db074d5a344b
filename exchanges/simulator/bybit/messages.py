"""What Bybit's public streams say, field by field as captured on 2026-08-09."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator.amounts import plain
from exchanges.simulator.bybit.ids import trade_text
from exchanges.simulator.bybit.payloads import day
from exchanges.simulator.candles import Forming
from exchanges.simulator.history import MINUTE
from exchanges.simulator.orders import Print
from exchanges.simulator.venue import Venue

Json = dict[str, Any]
Levels = dict[Decimal, Decimal]


def ticker(topic: str, venue: Venue, now: int) -> Json:
    return {"topic": topic, "ts": now, "type": "snapshot", "cs": venue.trade_id, "data": day(venue)}


def trade(done: Print, now: int) -> Json:
    shown = {
        "i": trade_text(done.symbol, done.id),
        "T": done.time,
        "p": plain(done.price),
        "v": plain(done.quantity),
        "S": "Sell" if done.buyer_is_maker else "Buy",
        "seq": done.id,
        "s": done.symbol,
        "BT": False,
        "RPI": False,
    }
    return {"topic": f"publicTrade.{done.symbol}", "ts": now, "type": "snapshot", "data": [shown]}


def kline(topic: str, candle: Forming, now: int, *, closed: bool) -> Json:
    shown = {
        "start": candle.time,
        "end": candle.time + MINUTE - 1,
        "interval": "1",
        "open": plain(candle.open),
        "close": plain(candle.close),
        "high": plain(candle.high),
        "low": plain(candle.low),
        "volume": plain(candle.volume),
        "turnover": plain(candle.quote),
        "confirm": closed,
        "timestamp": now,
    }
    return {"type": "snapshot", "topic": topic, "data": [shown], "ts": now}


@dataclass
class Book:
    """What the readers of one order book topic have been told."""

    topic: str
    venue: Venue
    depth: int
    _told: dict[Side, Levels] = field(default_factory=dict)

    def snapshot(self, now: int) -> Json:
        self._told = self._levels()
        return self._message("snapshot", self._told, now)

    def change(self, now: int) -> Json | None:
        """What is new since the last message; of one level, always the whole."""
        levels = self._levels()
        if levels == self._told:
            return None
        if self.depth == 1:
            return self.snapshot(now)
        before, self._told = self._told, levels
        changed = {side: _difference(before.get(side, {}), levels[side]) for side in Side}
        return self._message("delta", changed, now)

    def _levels(self) -> dict[Side, Levels]:
        book = self.venue.quote()
        return {side: dict(book.depth(side, self.depth)) for side in Side}

    def _message(self, kind: str, levels: dict[Side, Levels], now: int) -> Json:
        bids, asks = (
            [[plain(price), plain(size)] for price, size in levels[side].items()]
            for side in (Side.BUY, Side.SELL)
        )
        count = self.venue.update_id
        data = {"s": self.venue.rules.symbol, "b": bids, "a": asks, "u": count, "seq": count}
        return {"topic": self.topic, "ts": now, "type": kind, "data": data, "cts": now}


def _difference(before: Levels, after: Levels) -> Levels:
    gone = {price: ZERO for price in before if price not in after}
    return gone | {price: size for price, size in after.items() if before.get(price) != size}
