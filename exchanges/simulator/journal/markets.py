import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

SCHEMA = """
CREATE TABLE IF NOT EXISTS candles (
  symbol TEXT, time INTEGER, open INTEGER, high INTEGER, low INTEGER, close INTEGER, volume INTEGER, quote INTEGER,
  count INTEGER, taker INTEGER, taker_quote INTEGER, PRIMARY KEY (symbol, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS markets (
  symbol TEXT PRIMARY KEY, price TEXT, time INTEGER, trade_id INTEGER, listed INTEGER, first_price TEXT);
"""

CandleRow = tuple[int, int, int, int, int, int, int, int, int, int]
"""Open time in ms, open, high, low, close, volume, quote volume (units of 1e-8), number of trades, volume and quote
volume of taker buys."""


@dataclass(frozen=True, slots=True)
class SavedMarket:
    symbol: str
    price: Decimal  # of the last trade
    time: int  # until when its candles are known
    trade_id: int  # of the last trade
    listed: int  # when the live market began; before that lies generated history
    first_price: Decimal  # at that time


class MarketTables:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(self, markets: Iterable[SavedMarket]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO markets VALUES (?, ?, ?, ?, ?, ?)",
            [(m.symbol, f"{m.price:f}", m.time, m.trade_id, m.listed, f"{m.first_price:f}") for m in markets],
        )

    def load(self) -> dict[str, SavedMarket]:
        rows = self._db.execute("SELECT symbol, price, time, trade_id, listed, first_price FROM markets")
        return {r[0]: SavedMarket(r[0], Decimal(r[1]), r[2], r[3], r[4], Decimal(r[5])) for r in rows}

    def save_candles(self, symbol: str, candles: Iterable[CandleRow]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO candles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(symbol, *candle) for candle in candles],
        )

    def candles(self, symbol: str, start: int, end: int) -> list[CandleRow]:
        """Those with start <= open time < end."""
        return self._db.execute(
            "SELECT time, open, high, low, close, volume, quote, count, taker, taker_quote FROM candles"
            " WHERE symbol = ? AND time >= ? AND time < ? ORDER BY time",
            (symbol, start, end),
        ).fetchall()
