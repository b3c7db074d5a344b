"""AutoGrid's ledger against the exchange's own accounts, to the last digit, while bots trade and after it."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from tests.books import Account
from tests.stack import Stack, eventually, until

PATIENCE = 120  # seconds


def test_the_demo_bots(stack: Stack) -> None:
    trader = stack.demo_trader()
    (credential,) = trader.keys
    assert {bot["status"] for bot in trader.all("bots")} == {"running"}
    until(lambda: all(bot["trades"] for bot in trader.all("bots")), 180, "fills of both demo bots")
    eventually(lambda: Account(stack, trader, credential).check(), PATIENCE)


def test_bots_that_share_an_account(stack: Stack) -> None:
    """Two of them share a market as well, with the same levels: the exchange lets none trade with the other."""
    trader = stack.register("sharer")
    credential = trader.add_key("demo-key-of-the-sharer", "secret-of-the-sharer-4801")
    starts = {symbol: trader.price(symbol) for symbol in ("SOL/USDT", "XRP/USDT", "DOGE/USDT")}
    bots = [trader.create(credential, *wanted) for wanted in four_bots(starts)]
    for bot in bots:
        trader.post(f"bots/{bot}/start")
    until(lambda: all(bot["open_orders"] for bot in trader.all("bots")), PATIENCE, "orders of every bot")

    for share in ("1.013", "0.987", "1.006", "0.982", "1"):
        for symbol, start in starts.items():
            stack.move(symbol, start * Decimal(share))
        eventually(lambda: Account(stack, trader, credential).check(), PATIENCE)
    assert all(bot["trades"] >= 2 for bot in trader.all("bots")), trader.all("bots")
    assert {bot["status"] for bot in trader.all("bots")} == {"running"}

    paused, sold, *others = bots
    trader.post(f"bots/{paused}/pause")
    trader.post(f"bots/{sold}/kill", {"action": "cancel_and_sell"})
    for bot in others:
        trader.post(f"bots/{bot}/stop")
    until(lambda: trader.have_stopped(sold, *others), PATIENCE, "the stops")
    assert Decimal(trader.bot(sold)["position"]) < Decimal("0.001"), "all but dust is sold"
    trader.post(f"bots/{paused}/stop")
    until(lambda: trader.have_stopped(paused), PATIENCE, "the stop of the paused bot")

    account = Account(stack, trader, credential)
    account.check()
    assert not [row for row in account.orders if row["status"] in ("NEW", "PARTIALLY_FILLED")]
    for spoil in SPOILS:
        notices(account, spoil)


def four_bots(starts: dict[str, Decimal]) -> list[tuple[str, str, dict[str, Any], str]]:
    """One of them takes its orders from the book where it can, one buys on drops and sells at a profit."""
    sol, xrp = grid(starts["SOL/USDT"], "0.01"), grid(starts["XRP/USDT"], "0.0001")
    deal = {
        "amount": "50",
        "price_drop": "0.5",
        "max_orders": 3,
        "take_profit": "0.4",
        "max_investment": "900",
    }
    return [
        ("grid", "SOL/USDT", sol, "First"),
        ("grid", "SOL/USDT", sol, "Second"),
        ("grid", "XRP/USDT", xrp | {"spacing": "geometric", "post_only": False}, "Third"),
        ("dca", "DOGE/USDT", deal, "Fourth"),
    ]


def grid(price: Decimal, tick: str) -> dict[str, Any]:
    lower, upper = (str((price * Decimal(share)).quantize(Decimal(tick))) for share in ("0.95", "1.05"))
    return {"lower_price": lower, "upper_price": upper, "grid_count": 12, "investment": "1500"}


# --- the check itself is checked: whatever is wrong by the least bit must fail it ---


def notices(account: Account, spoil: Callable[[Account], None]) -> None:
    spoiled = deepcopy(account)
    spoil(spoiled)
    with pytest.raises((AssertionError, KeyError)):
        spoiled.check()


def lose_a_fill(account: Account) -> None:
    account.fill_rows[account.bots[0]["id"]].pop()


def book_a_fill_twice(account: Account) -> None:
    rows = account.fill_rows[account.bots[0]["id"]]
    rows.append(rows[0] | {"trade_id": "1"})


def invent_profit(account: Account) -> None:
    bot = account.bots[0]
    bot["realized_pnl"] = str(Decimal(bot["realized_pnl"]) + Decimal("1e-8"))


def lose_a_fee(account: Account) -> None:
    account.bots[0]["fees"].pop("USDT")


def lose_a_coin(account: Account) -> None:
    account.balances["USDT"]["free"] = str(Decimal(account.balances["USDT"]["free"]) - Decimal("1e-8"))


def send_an_order_twice(account: Account) -> None:
    account.orders.append(account.orders[-1] | {"orderId": account.orders[-1]["orderId"] + 1})


def send_an_order_too_early(account: Account) -> None:
    row = max(account.orders, key=lambda row: row["updateTime"] - row["time"])
    code, after = row["clientOrderId"][:-3], row["orderId"] + 1
    account.orders.append(row | {"orderId": after, "clientOrderId": f"{code}zzz", "time": row["time"] + 1})


SPOILS = (
    lose_a_fill,
    book_a_fill_twice,
    invent_profit,
    lose_a_fee,
    lose_a_coin,
    send_an_order_twice,
    send_an_order_too_early,
)
