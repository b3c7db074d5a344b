"""The checks are checked: whatever is wrong by the least bit must fail the one that is named for it."""

from collections.abc import Callable
from copy import copy, deepcopy
from decimal import Decimal
from typing import Any

import pytest

from bots.models import Order
from tests.schedules import judge
from tests.schedules.play import play
from tests.schedules.steps import Schedule
from tests.schedules.test_mutants import GRID, WAIT, move
from tests.schedules.watch import Watch

LEAST = Decimal("1e-8")
Books = judge.Books
_kept: list[Books] = []


@pytest.fixture
def books(schedules: None) -> Books:
    """Of a schedule without faults; copied for each test."""
    if not _kept:
        steps = (WAIT, move("-3"), move("6"), move("-2"))
        _kept.append(play(Schedule(1, (GRID, GRID), steps)).books)
    found = copy(_kept[0])
    for name in ("orders", "trades", "balances", "bots", "order_rows", "fill_rows", "strangers"):
        setattr(found, name, deepcopy(getattr(found, name)))
    found.by_id = {(row["symbol"], row["orderId"]): row for row in found.orders}
    found.watch = Watch(("hidden-secret",))
    return found


def some(rows: dict[str, list[Any]]) -> list[Any]:
    return next(found for found in rows.values() if found)


def send_one_twice(books: Books) -> None:
    books.orders.append(books.orders[-1] | {"orderId": books.orders[-1]["orderId"] + 1})


def send_one_too_early(books: Books) -> None:
    row = max(books.orders, key=lambda row: row["updateTime"] - row["time"])
    name = row["clientOrderId"][:-3] + "zzz"
    books.orders.append(row | {"orderId": row["orderId"] + 1, "clientOrderId": name, "time": row["time"] + 1})


def keep_two_rows_alive(books: Books) -> None:
    rows = some(books.order_rows)
    rows[0]["status"] = rows[1]["status"] = "open"
    rows[1]["slot"] = rows[0]["slot"]


def execute_too_much(books: Books) -> None:
    row = next(row for row in books.orders if Decimal(row["executedQty"]) and row["side"] == "SELL")
    row["executedQty"] = str(2 * Decimal(row["executedQty"]))


def post_twice(books: Books) -> None:
    books.watch.posts["ag" + 24 * "0"] = 2


def rest_twice(books: Books) -> None:
    books.watch.violations.append("one_live: two on the book")


def send_without_an_intent(books: Books) -> None:
    name = books.orders[0]["clientOrderId"]
    Order.objects.filter(client_order_id=name).delete()
    books.watch.told(1, b"POST /api/v3/order HTTP/1.1\r\n\r\nnewClientOrderId=" + name.encode())


def write_stale(books: Books) -> None:
    books.watch.stale_writes.append("intend with token 1 where 2 was current")


def tell_a_secret(books: Books) -> None:
    import logging

    books.watch.log.emit(logging.makeLogRecord({"msg": "the key is hidden-secret"}))


def crash(books: Books) -> None:
    import logging

    books.watch.log.emit(logging.makeLogRecord({"msg": "bot_crashed KeyError"}))


def touch_a_stranger(books: Books) -> None:
    books.strangers[0]["status"] = "CANCELED"


def forget_an_open_order(books: Books) -> None:
    books.orders[-1]["status"] = "NEW"


def mistake_a_fate(books: Books) -> None:
    some(books.order_rows)[0]["status"] = "error"


def lose_a_fill(books: Books) -> None:
    some(books.fill_rows).pop()


def book_a_fill_twice(books: Books) -> None:
    rows = some(books.fill_rows)
    rows.append(rows[0] | {"trade_id": "1"})


def invent_profit(books: Books) -> None:
    books.bots[0]["realized"] += LEAST


def lose_cash(books: Books) -> None:
    books.bots[0]["cash"] -= LEAST


def lose_base(books: Books) -> None:
    books.bots[0]["base"] -= LEAST


def lose_a_coin(books: Books) -> None:
    books.balances["USDT"]["free"] = str(Decimal(books.balances["USDT"]["free"]) - LEAST)


def leave_one_pending(books: Books) -> None:
    some(books.order_rows)[0]["status"] = "pending"


SPOILS: dict[Callable[[Books], None], Callable[[Books], None]] = {
    send_one_twice: judge.one_order_per_name,
    send_one_too_early: judge.one_live_per_slot,
    keep_two_rows_alive: judge.one_live_per_slot,
    execute_too_much: judge.never_more_than_the_slot,
    post_twice: judge.one_post_per_id,
    rest_twice: judge.watched,
    send_without_an_intent: judge.watched,
    write_stale: judge.no_stale_write,
    tell_a_secret: judge.no_secret,
    crash: judge.no_crash,
    touch_a_stranger: judge.strangers_untouched,
    forget_an_open_order: judge.no_orphan,
    mistake_a_fate: judge.same_orders,
    lose_a_fill: judge.same_fills,
    book_a_fill_twice: judge.same_fills,
    invent_profit: judge.same_money,
    lose_cash: judge.same_money,
    lose_base: judge.same_money,
    lose_a_coin: judge.same_money,
    leave_one_pending: judge.nothing_unresolved,
}


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_what_is_wrong_is_seen(books: Books, spoil: Callable[[Books], None]) -> None:
    check = SPOILS[spoil]
    check(books)
    spoil(books)
    with pytest.raises((AssertionError, KeyError)):
        check(books)


def test_every_invariant_is_put_to_the_test() -> None:
    assert set(SPOILS.values()) == {*judge.ALWAYS, *judge.SETTLED}
