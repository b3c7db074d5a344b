"""A second bookkeeping, from nothing but the exchange's own lists and the API's answers.

Knows neither the program's models nor its ledger nor its client ids: it would not notice its own mistakes
otherwise. Formats and rules are those of the design's sections 2 and 4.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from tests.stack import Stack
from tests.trader import Trader

DEPOSIT = Decimal(100_000)
ENDED = {"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"}
_ID = re.compile(r"ag([0-9a-z]{13})([0-9a-z]{2})([0-9a-z]{5})([bs])([0-9a-z]{3})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

Row = dict[str, Any]


class Name(NamedTuple):
    """What a client order id says."""

    bot: str
    slot: int
    cycle: int
    side: str
    attempt: int


def name_of(client_id: str) -> Name:
    found = _ID.fullmatch(client_id)
    assert found, f"{client_id} is no id of ours"
    bot, slot, cycle, side, attempt = found.groups()
    number = int(slot, 36)
    number -= 36**2 if slot in ("zz", "zy") else 0  # -1 the initial purchase, -2 the exit
    return Name(bot, number, int(cycle, 36), {"b": "BUY", "s": "SELL"}[side], int(attempt, 36))


def code_of(bot_id: str) -> str:
    """The last 13 base-36 digits of the bot's UUID."""
    rest, digits = UUID(bot_id).int, ""
    while len(digits) < 13:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return digits


def eight(value: Decimal) -> Decimal:
    return value.quantize(Decimal("1e-8"), ROUND_HALF_EVEN)


@dataclass
class Book:
    """The sums of one bot's trades: cost is a total, a sale takes its share of it."""

    cash: Decimal
    base: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    fees: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    trades: int = 0

    def add(self, trade: Row, base_asset: str) -> None:
        price, quantity = Decimal(trade["price"]), Decimal(trade["qty"])
        fee, asset = Decimal(trade["commission"]), trade["commissionAsset"]
        value = eight(price * quantity)
        self.fees[asset] += fee
        self.trades += 1
        if trade["isBuyer"]:
            assert asset in (base_asset, "USDT")  # where fees are in quote, they are part of the cost
            of_base, of_quote = (fee, 0) if asset == base_asset else (0, fee)
            self.cash -= value + of_quote
            self.base += quantity - of_base
            self.cost += value + of_quote
            return
        assert asset == "USDT"
        share = self.cost if quantity == self.base else eight(self.cost * quantity / self.base)
        self.cash += value - fee
        self.base -= quantity
        self.cost -= share
        self.realized += value - fee - share


class Account:
    """One credential: what the exchange shows of it, and what AutoGrid says its bots did."""

    def __init__(self, stack: Stack, trader: Trader, credential: str) -> None:
        self.orders: list[Row]
        self.trades: list[Row]
        self.balances: dict[str, Row]
        self.look(stack, trader, credential)
        self.bots = [bot for bot in trader.all("bots") if bot["credential_id"] == credential]
        self.order_rows = {bot["id"]: trader.all(f"bots/{bot['id']}/orders") for bot in self.bots}
        self.fill_rows = {bot["id"]: trader.all(f"bots/{bot['id']}/fills") for bot in self.bots}
        self.by_id: dict[tuple[str, int], Row] = {(row["symbol"], row["orderId"]): row for row in self.orders}

    def look(self, stack: Stack, trader: Trader, credential: str) -> None:
        api_key = trader.keys[credential].api_key
        self.orders = stack.control(f"orders?exchange=binance&api_key={api_key}")
        self.trades = stack.control(f"trades?exchange=binance&api_key={api_key}")
        rows = stack.control("accounts")
        self.balances = next(row["balances"] for row in rows if row["api_key"] == api_key)

    def check(self) -> None:
        self.every_order_has_one_name()
        self.no_slot_has_two_orders_at_once()
        self.orders_agree()
        self.fills_agree()
        self.money_agrees()

    # --- orders ---

    def every_order_has_one_name(self) -> None:
        codes = {code_of(bot["id"]): bot for bot in self.bots}
        names = Counter(name_of(row["clientOrderId"]) for row in self.orders)
        assert not [name for name, count in names.items() if count > 1]
        for row in self.orders:
            name = name_of(row["clientOrderId"])
            assert codes[name.bot]["symbol"].replace("/", "") == row["symbol"]
            assert name.side == row["side"]

    def no_slot_has_two_orders_at_once(self) -> None:
        lives: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in self.orders:
            name = name_of(row["clientOrderId"])
            lives[name.bot, name.slot].append(row)
        for slot, rows in lives.items():
            rows.sort(key=lambda row: row["orderId"])
            for before, after in pairwise(rows):
                assert before["status"] in ENDED, (slot, before, after)
                assert before["updateTime"] <= after["time"], (slot, before, after)

    def orders_agree(self) -> None:
        """Both sides know the same orders, with the same fate."""
        known = {row["client_order_id"]: row for rows in self.order_rows.values() for row in rows}
        shown = {row["clientOrderId"]: row for row in self.orders}
        assert len(known) == sum(map(len, self.order_rows.values()))
        arrived = {name for name, row in known.items() if row["exchange_order_id"]}
        assert arrived == set(shown)
        for name in set(known) - arrived:
            assert known[name]["status"] == "error", known[name]
        for name, row in shown.items():
            ours = known[name]
            assert ours["exchange_order_id"] == row.get("orderName", str(row["orderId"]))
            assert Decimal(ours["quantity"]) == Decimal(row["origQty"])
            assert Decimal(ours["price"] or 0) == Decimal(row["price"])
            assert Decimal(ours["filled_quantity"]) == Decimal(row["executedQty"])
            assert ours["status"] == fate_of(row["status"]), (ours, row)
            parts = name_of(name)
            assert (ours["slot"], ours["cycle"], ours["side"].upper()) == (
                parts.slot,
                parts.cycle,
                parts.side,
            )
        self._attempts_count_up(known)

    def _attempts_count_up(self, known: dict[str, Row]) -> None:
        attempts = defaultdict(set)
        for name in map(name_of, known):
            attempts[name[:4]].add(name.attempt)
        for slot, numbers in attempts.items():
            assert numbers == set(range(len(numbers))), slot

    # --- money ---

    def fills_agree(self) -> None:
        ours, theirs = set(), set()
        for bot in self.bots:
            numbers = {row["id"]: row["exchange_order_id"] for row in self.order_rows[bot["id"]]}
            for fill in self.fill_rows[bot["id"]]:
                assert fill["order_id"] in numbers, "an order that came after its list was read"
                ours.add(_trade_of_fill(fill, bot, numbers))
        for trade in self.trades:
            theirs.add(_trade_of_exchange(trade))
        assert ours == theirs
        assert sum(map(len, self.fill_rows.values())) == len(self.trades)

    def book_of(self, bot: Row) -> Book:
        code, book = code_of(bot["id"]), Book(Decimal(bot["total_investment"]))
        for trade in sorted(self.trades, key=lambda trade: trade["id"]):
            order = self.by_id[trade["symbol"], trade["orderId"]]
            if name_of(order["clientOrderId"]).bot == code:
                book.add(trade, bot["symbol"].split("/")[0])
        return book

    def money_agrees(self) -> None:
        total: dict[str, Decimal] = defaultdict(Decimal, USDT=DEPOSIT)
        for bot in self.bots:
            book, investment = self.book_of(bot), Decimal(bot["total_investment"])
            agrees(bot, book)
            assert book.cash + book.cost == investment + book.realized
            total["USDT"] += book.cash - investment
            total[bot["symbol"].split("/")[0]] += book.base
        held = {name: Decimal(row["free"]) + Decimal(row["locked"]) for name, row in self.balances.items()}
        assert {name: amount for name, amount in held.items() if amount} == {
            name: amount for name, amount in total.items() if amount
        }


class PaperAccount(Account):
    """A paper account's own lists, by the names of the exchange's."""

    def look(self, stack: Stack, trader: Trader, credential: str) -> None:
        self.orders = stack.rows(
            """
            SELECT replace(symbol, '/', '') "symbol", id "orderId", client_id "clientOrderId", upper(side) "side",
                CASE status WHEN 'open' THEN 'NEW' WHEN 'filled' THEN 'FILLED' ELSE 'CANCELED' END "status",
                coalesce(price, 0) "price", quantity "origQty", filled "executedQty", time, updated "updateTime"
            FROM paper_orders WHERE account_id = %s ORDER BY id
            """,
            credential,
        )
        self.trades = stack.rows(
            """
            SELECT replace(symbol, '/', '') "symbol", id, order_id "orderId", price, quantity "qty",
                fee "commission", fee_asset "commissionAsset", side = 'buy' "isBuyer",
                liquidity = 'maker' "isMaker", time
            FROM paper_trades WHERE account_id = %s ORDER BY id
            """,
            credential,
        )
        held = stack.rows("SELECT asset, free, locked FROM paper_balances WHERE account_id = %s", credential)
        self.balances = {row["asset"]: row for row in held}


def agrees(bot: Row, book: Book) -> None:
    """What the API tells of a bot, against the book of its trades."""
    mark = Decimal(bot["mark_price"])
    fees = {asset: Decimal(amount) for asset, amount in bot["fees"].items()}
    assert Decimal(bot["position"]) == book.base
    assert Decimal(bot["realized_pnl"]) == book.realized
    assert {asset: fee for asset, fee in fees.items() if fee} == {a: f for a, f in book.fees.items() if f}
    assert Decimal(bot["equity"]) == eight(book.cash + book.base * mark)
    assert bot["trades"] == book.trades
    if book.base:
        assert Decimal(bot["average_cost"]) == eight(book.cost / book.base)


def fate_of(status: str) -> str:
    """The order's state in our words."""
    words = {"NEW": "open", "PARTIALLY_FILLED": "open", "FILLED": "filled"}
    return words.get(status, "cancelled")


def _trade_of_fill(fill: Row, bot: Row, numbers: dict[str, str]) -> tuple[Any, ...]:
    return (
        bot["symbol"].replace("/", ""),
        fill["trade_id"],
        numbers[fill["order_id"]],
        fill["side"].upper(),
        Decimal(fill["price"]),
        Decimal(fill["quantity"]),
        Decimal(fill["fee"]),
        fill["fee_asset"],
        fill["liquidity"],
        round(datetime.fromisoformat(fill["time"]).timestamp() * 1000),
    )


def _trade_of_exchange(trade: Row) -> tuple[Any, ...]:
    return (
        trade["symbol"],
        trade.get("name", str(trade["id"])),
        trade.get("orderName", str(trade["orderId"])),
        "BUY" if trade["isBuyer"] else "SELL",
        Decimal(trade["price"]),
        Decimal(trade["qty"]),
        Decimal(trade["commission"]),
        trade["commissionAsset"],
        "maker" if trade["isMaker"] else "taker",
        trade["time"],
    )
