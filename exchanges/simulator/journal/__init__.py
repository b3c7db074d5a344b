"""The exchange's memory on disk: SQLite, one transaction per act, committed before anybody hears of it. A write-ahead
log without fsync survives SIGKILL, though not a power cut."""

import sqlite3
from pathlib import Path

from exchanges.simulator.journal.accounts import AccountTables
from exchanges.simulator.journal.markets import MarketTables
from exchanges.simulator.journal.orders import OrderTable
from exchanges.simulator.journal.requests import RequestTable
from exchanges.simulator.journal.trades import TradeTable

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;"


class Journal:
    def __init__(self, path: Path | None = None) -> None:
        """Without a path everything stays in memory."""
        # The thread that opens it may not be the one that serves (tests); only one ever uses it at a time.
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._db.executescript(PRAGMAS)
        self.accounts = AccountTables(self._db)
        self.orders = OrderTable(self._db)
        self.trades = TradeTable(self._db)
        self.markets = MarketTables(self._db)
        self.requests = RequestTable(self._db)

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.commit()
        self._db.close()
