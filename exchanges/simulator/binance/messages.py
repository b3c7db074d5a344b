"""What Binance's streams say, field by field."""

from decimal import Decimal
from secrets import token_hex
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator.binance.payloads import (
    amount,
)
from exchanges.simulator.binance.payloads import (
    book_ticker as rest_book_ticker,
)
from exchanges.simulator.binance.payloads import (
    day_ticker as rest_day_ticker,
)
from exchanges.simulator.candles import Forming
from exchanges.simulator.events import BalanceChanged, Execution, OrderChanged
from exchanges.simulator.history import MINUTE
from exchanges.simulator.orders import Print
from exchanges.simulator.venue import Venue

Json = dict[str, Any]
BOOK_LEVELS = 1_000


def trade(done: Print, now: int) -> Json:
    return {
        "e": "trade",
        "E": now,
        "s": done.symbol,
        "t": done.id,
        "p": amount(done.price),
        "q": amount(done.quantity),
        "T": done.time,
        "m": done.buyer_is_maker,
        "M": True,
    }


def agg_trade(done: Print, now: int) -> Json:
    """Each trade is its own aggregate."""
    return trade(done, now) | {"e": "aggTrade", "a": done.id, "f": done.id, "l": done.id}


def kline(symbol: str, candle: Forming, now: int, *, closed: bool) -> Json:
    return {
        "e": "kline",
        "E": now,
        "s": symbol,
        "k": {
            "t": candle.time,
            "T": candle.time + MINUTE - 1,
            "s": symbol,
            "i": "1m",
            "f": candle.first_id,
            "L": candle.last_id,
            "o": amount(candle.open),
            "c": amount(candle.close),
            "h": amount(candle.high),
            "l": amount(candle.low),
            "v": amount(candle.volume),
            "n": candle.count,
            "x": closed,
            "q": amount(candle.quote),
            "V": amount(candle.taker),
            "Q": amount(candle.taker_quote),
            "B": "0",
        },
    }


def mini_ticker(venue: Venue, now: int) -> Json:
    day = rest_day_ticker(venue)
    names = {
        "c": "lastPrice",
        "o": "openPrice",
        "h": "highPrice",
        "l": "lowPrice",
        "v": "volume",
        "q": "quoteVolume",
    }
    head = {"e": "24hrMiniTicker", "E": now, "s": venue.rules.symbol}
    return head | {short: day[name] for short, name in names.items()}


def day_ticker(venue: Venue, now: int) -> Json:
    day = rest_day_ticker(venue)
    names = {
        "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "x": "prevClosePrice",
        "c": "lastPrice", "Q": "lastQty", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty",
        "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime",
        "C": "closeTime", "F": "firstId", "L": "lastId", "n": "count",
    }  # fmt: skip
    head = {"e": "24hrTicker", "E": now, "s": venue.rules.symbol}
    return head | {short: day[name] for short, name in names.items()}


def book_ticker(venue: Venue) -> Json:
    touch = rest_book_ticker(venue)
    prices = {"b": touch["bidPrice"], "B": touch["bidQty"], "a": touch["askPrice"], "A": touch["askQty"]}
    return {"u": venue.update_id, "s": venue.rules.symbol, **prices}


class BookDiff:
    """Changes of the book since the last message of one stream."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._last_id = venue.update_id
        self._levels = self._read()

    def message(self, now: int) -> Json | None:
        """None where nothing has changed."""
        levels, before, first = self._read(), self._levels, self._last_id + 1
        if self._venue.update_id < first:
            return None
        changes = {
            side: [
                [amount(price), amount(levels[side].get(price, ZERO))]
                for price in sorted(levels[side].keys() | before[side].keys())
                if levels[side].get(price) != before[side].get(price)
            ]
            for side in Side
        }
        self._levels, self._last_id = levels, self._venue.update_id
        return {
            "e": "depthUpdate",
            "E": now,
            "s": self._venue.rules.symbol,
            "U": first,
            "u": self._last_id,
            "b": changes[Side.BUY],
            "a": changes[Side.SELL],
        }

    def _read(self) -> dict[Side, dict[Decimal, Decimal]]:
        book = self._venue.quote()
        return {side: dict(book.depth(side, BOOK_LEVELS)) for side in Side}


# What stop and iceberg orders would differ in.
ALWAYS: Json = {
    "P": amount(ZERO),
    "F": amount(ZERO),
    "g": -1,
    "r": "NONE",
    "V": "EXPIRE_MAKER",
}


def execution_report(change: OrderChanged, now: int) -> Json:
    order, trade = change.order, change.trade
    cancelled = change.execution is Execution.CANCELED
    report = {
        **ALWAYS,
        "e": "executionReport",
        "E": now,
        "s": order.symbol,
        "c": (change.cancel_id or token_hex(8)) if cancelled else order.client_id,
        "S": order.side.value.upper(),
        "o": order.kind.value,
        "f": order.time_in_force,
        "q": amount(order.quantity),
        "p": amount(order.price),
        "C": order.client_id if cancelled else "",
        "x": change.execution.value,
        "X": change.status.value,
        "i": order.id,
        "l": amount(trade.quantity if trade else ZERO),
        "z": amount(change.executed),
        "L": amount(trade.price if trade else ZERO),
        "n": amount(trade.commission) if trade else "0",
        "N": trade.commission_asset if trade else None,
        "T": change.time,
        "t": trade.id if trade else -1,
        "I": order.id * 2 + (trade.id if trade else 0),
        "w": change.status.is_open,
        "m": trade.is_maker if trade else False,
        "M": trade is not None,
        "O": order.time,
        "Z": amount(change.quote),
        "Y": amount(trade.quote if trade else ZERO),
        "Q": amount(order.quote_quantity),
        "W": order.time,
    }
    if change.execution is Execution.TRADE_PREVENTION:
        prevented = order.quantity - change.executed
        report |= {"v": order.id, "A": amount(prevented), "B": amount(prevented), "pl": amount(prevented)}
    return report


def account_position(change: BalanceChanged, now: int) -> Json:
    balances = [
        {"a": asset, "f": amount(free), "l": amount(locked)}
        for asset, (free, locked) in change.balances.items()
    ]
    return {"e": "outboundAccountPosition", "E": now, "u": change.time, "B": balances}
