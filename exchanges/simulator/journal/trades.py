import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import Side
from exchanges.simulator.journal.paging import Page
from exchanges.simulator.orders import Trade

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
  symbol TEXT, id INTEGER, order_id INTEGER, uid INTEGER, side TEXT, price TEXT, quantity TEXT, commission TEXT,
  commission_asset TEXT, is_maker INTEGER, time INTEGER, PRIMARY KEY (symbol, id, order_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trades_of ON trades (uid, symbol, id);
CREATE INDEX IF NOT EXISTS trades_time ON trades (uid, time);
CREATE INDEX IF NOT EXISTS trades_order ON trades (order_id);
"""


def _row(t: Trade) -> tuple[Any, ...]:
    amounts = (f"{t.price:f}", f"{t.quantity:f}", f"{t.commission:f}")
    return (t.symbol, t.id, t.order_id, t.uid, t.side.value, *amounts, t.commission_asset, t.is_maker, t.time)


def _trade(row: Sequence[Any]) -> Trade:
    symbol, number, order_id, uid, side, price, quantity, fee, asset, is_maker, time = row
    return Trade(
        symbol=symbol,
        id=number,
        order_id=order_id,
        uid=uid,
        side=Side(side),
        price=Decimal(price),
        quantity=Decimal(quantity),
        commission=Decimal(fee),
        commission_asset=asset,
        is_maker=bool(is_maker),
        time=time,
    )


class TradeTable:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(self, trades: Iterable[Trade]) -> None:
        marks = ", ".join("?" * 11)
        self._db.executemany(f"INSERT INTO trades VALUES ({marks})", map(_row, trades))  # noqa: S608

    def of(self, uid: int, symbol: str | None = None, page: Page | None = None) -> list[Trade]:
        """All of an account's trades, or a page of those in one symbol."""
        if symbol is None or page is None:
            return self._select("uid = ? ORDER BY time, symbol, id", uid)
        clause, values = page.clause()
        rows = self._select(f"uid = ? AND symbol = ?{clause}", uid, symbol, *values)
        return rows if page.oldest_first else rows[::-1]

    def of_order(self, uid: int, symbol: str, order_id: int, limit: int = 1000) -> list[Trade]:
        where = "order_id = ? AND uid = ? AND symbol = ? ORDER BY id LIMIT ?"
        return self._select(where, order_id, uid, symbol, limit)

    def newest(
        self,
        uid: int,
        *,
        symbol: str | None = None,
        order_id: int | None = None,
        start: int | None = None,
        end: int | None = None,
        before: tuple[int, str, int, int] | None = None,
        limit: int,
    ) -> list[Trade]:
        """Newest first; `before` is (time, symbol, id, order id) of the last one of the page before."""
        tests = {"symbol = ?": symbol, "order_id = ?": order_id, "time >= ?": start, "time <= ?": end}
        used = {test: value for test, value in tests.items() if value is not None}
        where = "uid = ?" + "".join(f" AND {test}" for test in used)
        if before is not None:
            where += " AND (time, symbol, id, order_id) < (?, ?, ?, ?)"
        order = "ORDER BY time DESC, symbol DESC, id DESC, order_id DESC LIMIT ?"
        return self._select(f"{where} {order}", uid, *used.values(), *(before or ()), limit)

    def _select(self, where: str, *values: Any) -> list[Trade]:
        return list(map(_trade, self._db.execute(f"SELECT * FROM trades WHERE {where}", values)))  # noqa: S608
