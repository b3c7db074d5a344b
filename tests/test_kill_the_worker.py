"""`kill -9` of the process that runs the bots: it comes back, and no order is sent twice, no fill is lost."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.books import Account, code_of, name_of
from tests.stack import Stack, eventually, until
from tests.trader import Trader

ACCOUNTS, BOTS = 4, 20
PATIENCE = 180  # seconds; how fast it is, `bench engine` tells
# An order that was on its way when its process died is looked for until the exchange cannot accept it any more
# (recvWindow 5 s, 10 s more, two looks 5 s apart); only its slot waits that long. And three deaths in a minute use up
# the exchange's request weight.
UNKNOWN = 240
SYMBOLS = ("SOL/USDT", "AVAX/USDT", "LINK/USDT", "LTC/USDT", "ETH/USDT")
GRIDS = 8
OPEN = ("NEW", "PARTIALLY_FILLED")


@dataclass
class Fleet:
    stack: Stack
    trader: Trader
    bots: list[str]

    @classmethod
    def assemble(cls, stack: Stack, name: str, accounts: int, bots: int) -> "Fleet":
        """Makes grid bots and starts none."""
        trader = stack.register(name)
        keys = [trader.add_key(f"demo-{name}-{i}", f"secret-of-{name}-{i}-49{i}0") for i in range(accounts)]
        prices = {symbol: trader.price(symbol) for symbol in SYMBOLS}
        made = []
        for number in range(bots):
            symbol = SYMBOLS[number // accounts % len(SYMBOLS)]
            key, config = keys[number % accounts], grid(prices[symbol])
            made.append(trader.create(key, "grid", symbol, config, f"{number}"))
        return cls(stack, trader, made)

    def start(self) -> None:
        for bot in self.bots:
            self.trader.post(f"bots/{bot}/start")

    def push(self, side: str, without: str = "") -> None:
        """Moves every market so far that each bot's nearest sell (or buy) is filled; one may have none."""
        best: dict[str, dict[str, Decimal]] = defaultdict(dict)
        pick, last, beyond = (min, max, "1.002") if side == "SELL" else (max, min, "0.998")
        for row in self.orders():
            if row["status"] in OPEN and row["side"] == side:
                nearest, bot = best[row["symbol"]], name_of(row["clientOrderId"]).bot
                nearest[bot] = pick(nearest.get(bot, Decimal(row["price"])), Decimal(row["price"]))
        waiting = {bot for nearest in best.values() for bot in nearest}
        assert waiting == {code_of(bot) for bot in self.bots if bot != without}, f"a bot has no {side}"
        for symbol, nearest in best.items():
            self.stack.move(symbol, last(nearest.values()) * Decimal(beyond))

    def stop(self) -> None:
        for bot in self.bots:
            self.trader.post(f"bots/{bot}/stop")
        until(lambda: self.trader.have_stopped(*self.bots), UNKNOWN, "the stops")

    # --- what must hold ---

    def books_agree(self) -> None:
        for credential in self.trader.keys:
            Account(self.stack, self.trader, credential).check()

    def orders(self) -> list[dict[str, Any]]:
        """Of all bots, as the exchange has them."""
        return [
            row
            for key in self.trader.keys.values()
            for row in self.stack.control(f"orders?exchange=binance&api_key={key.api_key}")
        ]

    def are_at_work(self, since: int = 0) -> None:
        """Every slot of every bot has its one order on the exchange's book, and every bot sent one `since`. What
        the market has jumped over may wait, for a post-only order, and then the API says so."""
        rows = self.orders()
        names = {row["orderId"]: name_of(row["clientOrderId"]) for row in rows}
        live = {names[row["orderId"]][:2] for row in rows if row["status"] in OPEN}
        active = {name.bot for number, name in names.items() if number > since}
        for bot in self.bots:
            missing = {slot for slot in range(GRIDS) if (code_of(bot), slot) not in live}
            assert missing or code_of(bot) in active, f"{bot} is silent"
            for level in self.trader.get(f"bots/{bot}/levels")["levels"] if missing else ():
                assert level["slot"] not in missing or may_wait(level), level

    def newest(self) -> int:
        return max(row["orderId"] for row in self.orders())


def may_wait(level: dict[str, Any]) -> bool:
    """For the price to come back, or for money: an initial purchase that a death put off may cost more than planned."""
    return bool(level["state"] == "deferred" or "of its investment left" in level["reason"])


def grid(price: Decimal) -> dict[str, Any]:
    """One level a percent, the price in the middle between two of them."""
    lower, upper = (f"{price * Decimal(share):.2f}" for share in ("0.965", "1.045"))
    return {"lower_price": lower, "upper_price": upper, "grid_count": GRIDS, "investment": "800"}


@pytest.fixture(scope="module")
def fleet(stack: Stack) -> Iterator[Fleet]:
    """20 bots at work."""
    fleet = Fleet.assemble(stack, "fleet", ACCOUNTS, BOTS)
    fleet.start()
    eventually(fleet.are_at_work, UNKNOWN)
    yield fleet
    fleet.stop()
    assert not [row for row in fleet.orders() if row["status"] in OPEN]
    fleet.books_agree()


def has_started(stack: Stack, pid: int) -> bool:
    log = (stack.home / "logs" / "bots.log").read_text()
    return any("bots_worker_started" in line and f':{pid}"' in line for line in log.splitlines())


def test_twenty_bots_run_again_by_themselves(fleet: Fleet) -> None:
    """The market moves while nobody is there to see it; each bot answers its fills as soon as it is back."""
    stack, before = fleet.stack, fleet.newest()
    killed, began = stack.kill("bots"), time.monotonic()
    fleet.push("SELL")
    eventually(lambda: fleet.are_at_work(since=before), PATIENCE)
    print(f"{BOTS} bots ran again {time.monotonic() - began:.1f} s after the kill")
    assert stack.successor("bots", killed) != killed
    eventually(fleet.books_agree, PATIENCE)


def test_killed_twice_in_a_row_while_it_answers_fills(fleet: Fleet) -> None:
    stack, before = fleet.stack, fleet.newest()
    fleet.push("BUY")
    until(lambda: fleet.newest() > before, PATIENCE, "the first answer to the fills")
    second = stack.successor("bots", stack.kill("bots"))
    until(lambda: has_started(stack, second), PATIENCE, "the second worker")
    stack.kill("bots")
    before = fleet.newest()
    fleet.push("BUY")
    eventually(lambda: fleet.are_at_work(since=before), UNKNOWN)
    eventually(fleet.books_agree, PATIENCE)


def test_killed_while_bots_start(stack: Stack) -> None:
    fleet = Fleet.assemble(stack, "starters", 2, 10)
    fleet.start()
    until(fleet.orders, PATIENCE, "the first order")
    killed = stack.kill("bots")
    with pytest.raises(AssertionError):
        fleet.are_at_work()  # otherwise it was killed too late to mean anything
    stack.successor("bots", killed)
    eventually(fleet.are_at_work, UNKNOWN)
    eventually(fleet.books_agree, PATIENCE)
    fleet.stop()
    fleet.books_agree()
