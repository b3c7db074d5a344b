"""Bots on a paper account, over the API: live prices, made-up money, and books that agree to the last digit."""

from decimal import Decimal
from typing import Any

from tests.books import PaperAccount
from tests.stack import Stack, eventually, until
from tests.trader import Trader

# Seconds: an order that was on its way when its process died is looked for before it is given up.
PATIENCE = 150
ROUNDS = 8


def grid(price: Decimal) -> dict[str, Any]:
    lower, upper = (f"{price * Decimal(share):.2f}" for share in ("0.95", "1.05"))
    return {"lower_price": lower, "upper_price": upper, "grid_count": 12, "investment": "1500"}


def trades_of(trader: Trader, bot: str) -> int:
    return int(trader.bot(bot)["trades"])


def test_a_paper_bots_life(stack: Stack) -> None:
    trader = stack.register("papertrader")
    credential = trader.add_paper()
    starts = {symbol: trader.price(symbol) for symbol in ("LTC/USDT", "LINK/USDT")}
    first = trader.create(credential, "grid", "LTC/USDT", grid(starts["LTC/USDT"]), "Grid")
    deal = {
        "amount": "50",
        "price_drop": "0.5",
        "max_orders": 3,
        "take_profit": "0.4",
        "max_investment": "900",
    }
    second = trader.create(credential, "dca", "LINK/USDT", deal, "Deal")
    known = len(stack.control("accounts"))
    for bot in (first, second):
        trader.post(f"bots/{bot}/start")
    until(lambda: all(bot["open_orders"] for bot in trader.all("bots")), PATIENCE, "orders of both bots")
    assert {bot["mode"] for bot in trader.all("bots")} == {"paper"}

    def books_agree() -> None:
        PaperAccount(stack, trader, credential).check()

    def push(*shares: str) -> None:
        for share in shares:
            for symbol, start in starts.items():
                stack.move(symbol, start * Decimal(share))
            eventually(books_agree, PATIENCE)

    # Paper sees the prices that are published: of two moves within a moment only the second.
    for _ in range(ROUNDS):
        push("1.013", "0.987", "1.006", "0.98", "1.01")
        if trades_of(trader, first) >= 4 and trades_of(trader, second) >= 3:
            break
    assert trades_of(trader, first) >= 4
    assert trades_of(trader, second) >= 3

    before = trades_of(trader, first)
    killed = stack.kill("bots")
    stack.move("LTC/USDT", starts["LTC/USDT"] * Decimal("0.97"))
    stack.successor("bots", killed)
    until(lambda: trades_of(trader, first) > before, PATIENCE, "fills after the kill")
    eventually(books_agree, PATIENCE)

    trader.post(f"bots/{first}/kill", {"action": "cancel_and_sell"})
    trader.post(f"bots/{second}/stop")
    until(lambda: trader.have_stopped(first, second), PATIENCE, "the stops")
    assert Decimal(trader.bot(first)["position"]) < Decimal("0.01"), "all but dust is sold"
    account = PaperAccount(stack, trader, credential)
    account.check()
    assert all(Decimal(row["locked"]) == 0 for row in account.balances.values())
    assert len(stack.control("accounts")) == known, "the exchange has never heard of any of it"
