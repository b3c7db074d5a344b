"""Accounts, their keys and balances. Two accounts belong to the exchange: the house, which makes the market and may
go below zero, and the one that collects the fees; with them, every asset sums to what was paid in."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from bots.core.types import ZERO
from exchanges.simulator.errors import Refused, bad_key, rejected

HOUSE, FEES = 0, 1
FIRST_USER = 35_000_001
DEMO_DEPOSIT = {"USDT": Decimal(100_000)}


@dataclass(slots=True)
class Funds:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True)
class Account:
    uid: int
    update_time: int
    funds: dict[str, Funds] = field(default_factory=lambda: defaultdict(Funds))


@dataclass(frozen=True, slots=True)
class Key:
    """`secret` None: opened by its first use. A server cannot learn a secret from an HMAC, so any signature of the
    right form is taken for such a key; keys with a known secret are checked strictly."""

    api_key: str
    secret: str | None = field(repr=False)
    uid: int
    can_withdraw: bool
    can_trade: bool
    ip_restricted: bool
    created: int


class Accounts:
    def __init__(self) -> None:
        self.by_uid: dict[int, Account] = {HOUSE: Account(HOUSE, 0), FEES: Account(FEES, 0)}
        self.keys: dict[str, Key] = {}
        self.changed: set[tuple[int, str]] = set()  # (uid, asset) not yet in the journal
        self.new_keys: list[Key] = []

    def add_key(
        self,
        api_key: str,
        secret: str | None,
        now: int,
        *,
        uid: int | None = None,
        deposits: dict[str, Decimal] | None = None,
    ) -> Key:
        """Opens an account for the key, unless `uid` names the account it belongs to. The key's name says what it
        may do."""
        if uid is None:
            uid = max(FIRST_USER - 1, *self.by_uid) + 1
            self.by_uid[uid] = Account(uid, now)
            for asset, amount in (DEMO_DEPOSIT if deposits is None else deposits).items():
                self.deposit(uid, asset, amount)
        key = Key(
            api_key=api_key,
            secret=secret,
            uid=uid,
            can_withdraw="withdraw" in api_key,
            can_trade="readonly" not in api_key,
            ip_restricted="noip" not in api_key,
            created=now,
        )
        self.keys[api_key] = key
        self.new_keys.append(key)
        return key

    def key(self, api_key: str, now: int) -> Key:
        """A key that begins with `demo` opens an account at its first use."""
        if key := self.keys.get(api_key):
            return key
        if not api_key.startswith("demo"):
            raise bad_key()
        if len(api_key) > 128:
            raise Refused(-2014, "API-key format invalid.", 401)
        return self.add_key(api_key, None, now)

    def deposit(self, uid: int, asset: str, amount: Decimal) -> None:
        self.by_uid[uid].funds[asset].free += amount
        self.changed.add((uid, asset))

    def lock(self, uid: int, asset: str, amount: Decimal) -> None:
        funds = self.by_uid[uid].funds[asset]
        if amount > funds.free:
            raise rejected("Account has insufficient balance for requested action.")
        self.unlock(uid, asset, -amount)

    def unlock(self, uid: int, asset: str, amount: Decimal) -> None:
        funds = self.by_uid[uid].funds[asset]
        funds.free += amount
        funds.locked -= amount
        self.changed.add((uid, asset))

    def spend(self, uid: int, asset: str, amount: Decimal) -> None:
        """Takes from what an order locked."""
        self.by_uid[uid].funds[asset].locked -= amount
        self.changed.add((uid, asset))

    def totals(self) -> dict[str, Decimal]:
        """Everything that exists, the exchange's own accounts included."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for account in self.by_uid.values():
            for asset, funds in account.funds.items():
                sums[asset] += funds.free + funds.locked
        return dict(sums)
