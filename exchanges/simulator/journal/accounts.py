import sqlite3
from decimal import Decimal

from exchanges.simulator.accounts import Account, Accounts, Key

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
  api_key TEXT PRIMARY KEY, secret TEXT, uid INTEGER, can_withdraw INTEGER, can_trade INTEGER, ip_restricted INTEGER,
  created INTEGER);
CREATE TABLE IF NOT EXISTS balances (
  uid INTEGER, asset TEXT, free TEXT, locked TEXT, time INTEGER, PRIMARY KEY (uid, asset)) WITHOUT ROWID;
"""


class AccountTables:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def save(self, accounts: Accounts) -> None:
        """What changed since the last save."""
        self._db.executemany(
            "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (k.api_key, k.secret, k.uid, k.can_withdraw, k.can_trade, k.ip_restricted, k.created)
                for k in accounts.new_keys
            ],
        )
        accounts.new_keys.clear()
        self._db.executemany(
            "INSERT OR REPLACE INTO balances VALUES (?, ?, ?, ?, ?)",
            [self._balance(accounts.by_uid[uid], asset) for uid, asset in accounts.changed],
        )
        accounts.changed.clear()

    def load(self) -> Accounts:
        accounts = Accounts()
        for api_key, secret, uid, withdraw, trade, restricted, created in self._db.execute(
            "SELECT * FROM keys"
        ):
            key = Key(api_key, secret, uid, bool(withdraw), bool(trade), bool(restricted), created)
            accounts.keys[api_key] = key
            accounts.by_uid.setdefault(uid, Account(uid, created))
        for uid, asset, free, locked, time in self._db.execute("SELECT * FROM balances"):
            account = accounts.by_uid[uid]
            account.update_time = max(account.update_time, time)
            account.funds[asset].free, account.funds[asset].locked = Decimal(free), Decimal(locked)
        return accounts

    @staticmethod
    def _balance(account: Account, asset: str) -> tuple[int, str, str, str, int]:
        funds = account.funds[asset]
        return account.uid, asset, f"{funds.free:f}", f"{funds.locked:f}", account.update_time
