"""The invariants. Each judges our tables against the exchange's own book; the sums are those of tests/books.py."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bots.models import Bot, BotEvent, Fill, Order
from bots.models.order import LIVE
from exchanges.models import Credential
from exchanges.simulator.binance import payloads
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import LISTINGS
from tests import books
from tests.books import code_of, name_of
from tests.schedules.watch import OURS

Row = dict[str, Any]
BY_HAND = "by-hand"  # the client id of an order that is none of ours
FEE = Decimal("0.999")  # what is left of a buy after the fee
SLIPPAGE = Decimal(
    "1.25"
)  # a market order may cost so much more than it was planned at, where the market jumps


@dataclass(frozen=True)
class Seen:
    """An account as the exchange itself sees it."""

    orders: list[Row]
    trades: list[Row]
    balances: dict[str, Row]

    @classmethod
    def at(cls, exchange: Exchange, uid: int) -> "Seen":
        funds, ids = exchange.accounts.by_uid[uid].funds, LISTINGS[exchange.name].ids
        orders = [payloads.order_info(order) for order in exchange.journal.orders.of(uid)]
        trades = [payloads.my_trade(trade) for trade in exchange.journal.trades.of(uid)]
        for trade in trades:
            trade["name"] = str(ids.trade(trade["symbol"], trade["id"]))
        for row in (*orders, *trades):
            row["orderName"] = str(ids.order(row["orderId"]))
        return cls(
            orders,
            trades,
            {asset: {"free": str(f.free), "locked": str(f.locked)} for asset, f in funds.items()},
        )


class Books(books.Account):
    """Both sides' lists, as the exchange's control page and our API would give them."""

    def __init__(self, seen: "Seen", credential: Credential, watch: Any) -> None:
        orders = seen.orders
        self.strangers = [row for row in orders if not OURS.fullmatch(row["clientOrderId"])]
        self.orders = [row for row in orders if OURS.fullmatch(row["clientOrderId"])]
        self.trades, self.balances = seen.trades, seen.balances
        rows = list(Bot.objects.filter(credential=credential))
        self.bots = [_bot(row) for row in rows]
        self.order_rows = {str(row.pk): [_order(each) for each in row.orders.all()] for row in rows}
        self.fill_rows = {str(row.pk): [_fill(each) for each in row.fills.all()] for row in rows}
        self.by_id = {(row["symbol"], row["orderId"]): row for row in self.orders}
        self.rules = {rules.symbol: rules for rules in LISTINGS[credential.exchange].rules}
        self.memories = _memories(rows)
        self.watch = watch

    def room(self, bot: Row, runs: set[int], slot: int, side: str) -> tuple[str, Decimal]:
        """How much a slot may execute in one cycle on one side: of base, or of quote where that is what is fixed."""
        rules = self.rules[bot["symbol"].replace("/", "")]
        lot, smallest = rules.lot, rules.min_notional
        if bot["strategy"] == "dca" and side == "BUY":
            scale = Decimal(bot["config"]["volume_scale"])
            amount = Decimal(bot["config"]["amount"]) * scale**slot  # an edit only raises it
            return "quote", amount * (SLIPPAGE if slot == 0 else 1)
        if slot in (-2, 1000):
            return "base", Decimal("Infinity")  # all there is: the balances bound it
        memories = [self.memories[bot["id"], run] for run in runs]
        if slot == -1:
            return "base", max(Decimal(memory["purchase"]) for memory in memories) / FEE + 3 * lot
        quantity = max(Decimal(memory["quantity"]) for memory in memories) * _growth(bot["config"])
        if side == "SELL":
            return "base", quantity
        lowest = Decimal(bot["config"].get("trailing_down_limit") or bot["config"]["lower_price"])
        return "base", quantity / FEE + 2 * lot + smallest / lowest


def _growth(config: Row) -> Decimal:
    """How much more than at the begin a slot may trade: a slot of a grid that trails is paid from what it cost where it
    stood, and may come as low as the limit; what is reinvested is a little."""
    if not (config.get("trailing_up") or config.get("trailing_down") or config.get("reinvest")):
        return Decimal(1)
    lowest = Decimal(config.get("trailing_down_limit") or config["lower_price"])
    return Decimal(config["upper_price"]) / lowest * Decimal("1.1")


def one_order_per_name(found: Books) -> None:
    """The exchange accepted at most one order for each bot, slot, cycle, side and attempt."""
    found.every_order_has_one_name()


def one_live_per_slot(found: Books) -> None:
    """No slot had two orders on the book, or two live rows, at any instant."""
    found.no_slot_has_two_orders_at_once()
    for bot in found.bots:
        live = [row["slot"] for row in found.order_rows[bot["id"]] if row["status"] in LIVE]
        assert len(live) == len(set(live)), f"live rows of slots {sorted(live)}"


def never_more_than_the_slot(found: Books) -> None:
    """What was executed for a slot's cycle and side is never above the slot's quantity."""
    bots = {code_of(bot["id"]): bot for bot in found.bots}
    runs = {row["client_order_id"]: row["run"] for rows in found.order_rows.values() for row in rows}
    done: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in found.orders:
        done[name_of(row["clientOrderId"])[:4]].append(row)
    for (code, slot, cycle, side), rows in done.items():
        of = {runs[row["clientOrderId"]] for row in rows if row["clientOrderId"] in runs}
        if not of:
            continue  # same_orders tells
        unit, room = found.room(bots[code], of, slot, side)
        column = "cummulativeQuoteQty" if unit == "quote" else "executedQty"
        total = sum((Decimal(row[column]) for row in rows), Decimal(0))
        assert total <= room, f"slot {slot}, cycle {cycle}, {side}: {total} {unit} of {room}"


def no_orphan(found: Books) -> None:
    """No order is open at the exchange that no live row knows."""
    known = {
        row["client_order_id"] for rows in found.order_rows.values() for row in rows if row["status"] in LIVE
    }
    orphans = [row for row in found.orders if row["status"] not in books.ENDED]
    assert not [row for row in orphans if row["clientOrderId"] not in known], (orphans, known)


def same_orders(found: Books) -> None:
    """Both sides know the same orders, with the same fate."""
    found.orders_agree()


def same_fills(found: Books) -> None:
    """Both sides know the same fills, each once."""
    found.fills_agree()


def same_money(found: Books) -> None:
    """Cash, base, cost, realised profit, fees and balances follow from the exchange's trades to the last digit."""
    total: dict[str, Decimal] = defaultdict(Decimal, USDT=books.DEPOSIT)
    for bot in found.bots:
        book = found.book_of(bot)
        ours = {name: bot[name] for name in ("cash", "base", "cost", "realized", "trades")}
        theirs = {name: getattr(book, name) for name in ours}
        assert ours == theirs, (ours, theirs)
        fees = {asset: Decimal(amount) for asset, amount in bot["fees"].items() if Decimal(amount)}
        assert fees == {asset: fee for asset, fee in book.fees.items() if fee}
        total["USDT"] += book.cash - bot["total_investment"]
        total[bot["symbol"].split("/")[0]] += book.base
    held = {name: Decimal(row["free"]) + Decimal(row["locked"]) for name, row in found.balances.items()}
    assert {a: n for a, n in held.items() if n} == {a: n for a, n in total.items() if n}


def nothing_unresolved(found: Books) -> None:
    """Two minutes after the faults ended no order is unknown, on its way, or waiting for its fills."""
    pending = [row for rows in found.order_rows.values() for row in rows if row["status"] == "pending"]
    assert not pending, pending


def one_post_per_id(found: Books) -> None:
    """At most one POST left for each client order id."""
    twice = {name: count for name, count in found.watch.posts.items() if count > 1}
    assert not twice, twice


def watched(found: Books) -> None:
    """Nothing forbidden was seen on the way: a send before its intent, two orders of a slot on the book."""
    assert not found.watch.violations, found.watch.violations


def no_stale_write(found: Books) -> None:
    """No write under a lease that another worker had taken over."""
    assert not found.watch.stale_writes, found.watch.stale_writes


def no_secret(found: Books) -> None:
    """No log line holds a key, a secret or a signature."""
    assert not found.watch.log.leaks, found.watch.log.leaks


def no_crash(found: Books) -> None:
    """No runner ended by an error that nobody had foreseen."""
    assert not found.watch.log.crashes, found.watch.log.crashes


def strangers_untouched(found: Books) -> None:
    """What is none of ours stays as it is."""
    assert [row["status"] for row in found.strangers] == ["NEW"], found.strangers


ALWAYS: tuple[Callable[[Books], None], ...] = (
    one_order_per_name, one_live_per_slot, never_more_than_the_slot, one_post_per_id, watched, no_stale_write,
    no_secret, no_crash, strangers_untouched,
)  # fmt: skip
SETTLED: tuple[Callable[[Books], None], ...] = (
    no_orphan,
    same_orders,
    same_fills,
    same_money,
    nothing_unresolved,
)


def judged(found: Books, checks: tuple[Callable[[Books], None], ...]) -> list[str]:
    """The names of the invariants that do not hold, with what was seen."""
    broken = []
    for check in checks:
        try:
            check(found)
        except (AssertionError, KeyError) as error:
            broken.append(f"{check.__name__}: {check.__doc__} {str(error)[:600]}")
    return broken


def _bot(row: Bot) -> Row:
    return {
        "id": str(row.pk), "strategy": row.strategy, "symbol": row.symbol, "config": row.config,
        "total_investment": row.total_investment, "cash": row.cash, "base": row.base, "cost": row.cost,
        "realized": row.realized_pnl, "trades": row.trades, "fees": row.fees,
    }  # fmt: skip


def _order(row: Order) -> Row:
    columns = (
        "client_order_id",
        "exchange_order_id",
        "quantity",
        "price",
        "filled_quantity",
        "status",
        "slot",
    )
    found = {name: getattr(row, name) for name in (*columns, "cycle", "side", "run", "reason", "sent_at")}
    return {"id": str(row.pk), **found}


def _fill(row: Fill) -> Row:
    columns = ("trade_id", "side", "price", "quantity", "fee", "fee_asset", "liquidity")
    found = {name: getattr(row, name) for name in columns}
    return {**found, "order_id": str(row.order_id), "time": row.time.isoformat()}


def _memories(rows: list[Bot]) -> dict[tuple[str, int], Row]:
    """What each run began with."""
    found = {}
    for event in BotEvent.objects.filter(bot__in=rows, kind="run_started"):
        found[str(event.bot_id), event.data["memory"]["run"]] = event.data["memory"]
    return found
