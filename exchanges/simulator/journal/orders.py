import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import Side
from exchanges.simulator.journal.paging import Page
from exchanges.simulator.orders import Kind, Order, Status

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY, uid INTEGER, symbol TEXT, client_id TEXT, side TEXT, kind TEXT, time_in_force TEXT,
  price TEXT, quantity TEXT, quote_quantity TEXT, time INTEGER, update_time INTEGER, status TEXT, executed TEXT,
  quote TEXT);
CREATE INDEX IF NOT EXISTS orders_of ON orders (uid, symbol, id);
CREATE INDEX IF NOT EXISTS orders_client ON orders (uid, client_id);
CREATE INDEX IF NOT EXISTS orders_open ON orders (id) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
"""


def _row(o: Order) -> tuple[Any, ...]:
    asked = (f"{o.price:f}", f"{o.quantity:f}", f"{o.quote_quantity:f}")
    state = (o.time, o.update_time, o.status.value, f"{o.executed:f}", f"{o.quote:f}")
    return (o.id, o.uid, o.symbol, o.client_id, o.side.value, o.kind.value, o.time_in_force, *asked, *state)


def _order(row: Sequence[Any]) -> Order:
    (
        number,
        uid,
        symbol,
        client_id,
        side,
        kind,
        force,
        price,
        quantity,
        asked,
        time,
        updated,
        status,
        done,
        quote,
    ) = row
    return Order(
        id=number,
        uid=uid,
        symbol=symbol,
        client_id=client_id,
        side=Side(side),
        kind=Kind(kind),
        time_in_force=force,
        price=Decimal(price),
        quantity=Decimal(quantity),
        quote_quantity=Decimal(asked),
        time=time,
        update_time=updated,
        status=Status(status),
        executed=Decimal(done),
        quote=Decimal(quote),
    )


class OrderTable:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(self, orders: Iterable[Order]) -> None:
        marks = ", ".join("?" * 15)
        self._db.executemany(f"INSERT OR REPLACE INTO orders VALUES ({marks})", map(_row, orders))  # noqa: S608

    def last_id(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0])

    def open(self) -> list[Order]:
        """Oldest first, so that a book filled from them keeps its priorities."""
        return self._select("status IN ('NEW', 'PARTIALLY_FILLED') ORDER BY id")

    def by_id(self, uid: int, symbol: str, order_id: int) -> Order | None:
        return next(iter(self._select("uid = ? AND symbol = ? AND id = ?", uid, symbol, order_id)), None)

    def by_client_id(self, uid: int, symbol: str, client_id: str) -> Order | None:
        """The newest, where the id was used again."""
        where = "uid = ? AND client_id = ? AND symbol = ? ORDER BY id DESC LIMIT 1"
        return next(iter(self._select(where, uid, client_id, symbol)), None)

    def knows(self, uid: int, client_id: str) -> bool:
        found = self._db.execute("SELECT 1 FROM orders WHERE uid = ? AND client_id = ?", (uid, client_id))
        return found.fetchone() is not None

    def of(self, uid: int, symbol: str | None = None, page: Page | None = None) -> list[Order]:
        """All of an account's orders, or a page of those in one symbol."""
        if symbol is None or page is None:
            return self._select("uid = ? ORDER BY id", uid)
        clause, values = page.clause()
        rows = self._select(f"uid = ? AND symbol = ?{clause}", uid, symbol, *values)
        return rows if page.oldest_first else rows[::-1]

    def newest(
        self,
        uid: int,
        *,
        symbol: str | None = None,
        start: int | None = None,
        end: int | None = None,
        ended: bool = False,
        before: int | None = None,
        limit: int,
    ) -> list[Order]:
        """Newest first; `before` is the id of the last one of the page before."""
        tests = {"symbol = ?": symbol, "time >= ?": start, "time <= ?": end, "id < ?": before}
        used = {test: value for test, value in tests.items() if value is not None}
        where = "uid = ?" + "".join(f" AND {test}" for test in used)
        if ended:
            where += " AND status NOT IN ('NEW', 'PARTIALLY_FILLED')"
        return self._select(f"{where} ORDER BY id DESC LIMIT ?", uid, *used.values(), limit)

    def _select(self, where: str, *values: Any) -> list[Order]:
        return list(map(_order, self._db.execute(f"SELECT * FROM orders WHERE {where}", values)))  # noqa: S608
