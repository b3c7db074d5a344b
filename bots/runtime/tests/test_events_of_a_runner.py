"""The inbox and the loop of a runner, without worker and database."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from bots.core.ports import ExchangeUnavailable
from bots.core.risk import RiskLimits, RiskManager
from bots.core.types import Ticker
from bots.runtime.inbox import Inbox, Intent, Reconcile
from bots.runtime.runner import Runner
from bots.services.trading import Lease

RUN, PAUSE = Intent("running", False, ""), Intent("paused", False, "")


def test_of_what_a_user_wanted_in_turn_only_the_last_counts() -> None:
    inbox = Inbox()
    for intent in (PAUSE, RUN, PAUSE):
        inbox.put(intent)
    assert asyncio.run(inbox.next(0)) == PAUSE
    assert asyncio.run(inbox.next(0)) is None


async def nothing() -> None:
    """Nothing to do."""


class Recovery:
    """Fails the first time."""

    def __init__(self) -> None:
        self.runs = 0
        self.unknown = SimpleNamespace(next_look=lambda: None, nothing=nothing)

    async def run(self, reports: Any = None) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ExchangeUnavailable("away")


class History:
    def __init__(self) -> None:
        self.wanted: list[int] = []

    def want(self, symbol: str, since: int) -> None:
        self.wanted.append(since)


def runner() -> Any:
    made: Any = Runner(None, Lease(uuid4(), 1))

    async def now() -> int:
        return 10_000

    async def on_timer(now: int) -> None:
        """Nothing is due."""

    books = SimpleNamespace(position=SimpleNamespace(last=(0, 0, "")))

    async def no_halt(reason: str) -> None:
        """Nobody halts it."""

    made.engine = SimpleNamespace(
        now=0,
        halt=no_halt,
        market=SimpleNamespace(symbol="BTC/USDT"),
        live={},
        exchange=SimpleNamespace(exchange_time=now),
        on_timer=on_timer,
        position_manager=books,
        risk_manager=RiskManager(RiskLimits(), Decimal(1000)),
    )
    made.bot = SimpleNamespace(pk=made.lease.bot_id, symbol="BTC/USDT")
    made.account, made.first_sent = SimpleNamespace(history=History()), 77
    made.recovery = Recovery()
    return made


async def failing_then_well(made: Any, *events: Reconcile) -> int:
    for event in events:
        made._hear(event)
        try:
            await made._handle(event)
        except ExchangeUnavailable:
            made._recover(made.engine.now)
    await made._handle(None)
    return int(made.recovery.runs)


def test_a_full_comparison_that_failed_is_full_again() -> None:
    made = runner()
    assert asyncio.run(failing_then_well(made, Reconcile(full=True))) == 2
    assert made.account.history.wanted == [77], "since the bot's first order, as it has no fill yet"
    asyncio.run(made._handle(None))
    assert made.recovery.runs == 2  # done


def test_the_usual_comparison_does_not_replace_a_full_one_that_is_due() -> None:
    made = runner()
    made._recover(20_000, full=True)
    asyncio.run(failing_then_well(made, Reconcile(full=False)))
    assert made.account.history.wanted == [77]


def test_the_usual_comparison_reads_no_history() -> None:
    made = runner()
    asyncio.run(failing_then_well(made, Reconcile(full=False)))
    assert made.account.history.wanted == []


STOP = Intent("stopped", True, "keep")


class Stopped(Exception):
    """The engine was told to."""


async def told(_action: str) -> None:
    raise Stopped


def test_a_stop_is_obeyed_though_the_exchange_fails_before_it_is_looked_at() -> None:
    made = runner()

    async def fails() -> None:
        raise ExchangeUnavailable("away")

    made.engine.mode, made.engine.stop_action, made.engine.stop = "running", "keep", told
    made._look_at_market = fails
    asyncio.run(made._attempt(STOP))
    made._look_at_market = nothing
    with pytest.raises(Stopped):
        asyncio.run(made._attempt(None))


def test_a_stop_is_obeyed_though_a_halt_that_came_with_it_fails_half_way() -> None:
    made = runner()
    halts: list[str] = []

    async def halt(reason: str) -> None:
        halts.append(reason)
        if len(halts) == 1:
            raise ExchangeUnavailable("away")

    made.engine.mode, made.engine.stop_action, made.engine.stop = "running", "keep", told
    made.engine.halt, made._look_at_market = halt, nothing
    asyncio.run(made._attempt(Intent("stopped", True, "keep", "Trading is halted.")))
    with pytest.raises(Stopped):
        asyncio.run(made._attempt(None))


def test_an_exchange_that_does_not_answer_is_asked_ever_more_slowly() -> None:
    made = runner()
    waits = []

    async def silent(_reports: Any = None) -> None:
        raise ExchangeUnavailable("away")

    made.recovery.run, made._look_at_market = silent, made.recovery.unknown.nothing
    for _ in range(8):
        made._recover(0)
        asyncio.run(made._attempt(None))
        waits.append(made._recover_at[0] - 10_000)
    assert waits == [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]


@pytest.mark.parametrize(("memory", "price"), [({}, 200), ({"run": 1}, 200), ({"run": 2}, 100)])
def test_a_run_begins_at_the_exchanges_own_price_and_goes_on_at_that_of_the_bus(
    memory: dict[str, int], price: int
) -> None:
    made = runner()

    async def ticker(symbol: str) -> Ticker:
        return Ticker(symbol, Decimal(200), Decimal(200), Decimal(200), 10_000)

    made.engine.exchange.ticker = ticker
    made.engine.strategy = SimpleNamespace(state=SimpleNamespace(memory=memory))
    made.bot.run = 2
    made.ticker = Ticker("BTC/USDT", Decimal(100), Decimal(100), Decimal(100), 1_000)
    asyncio.run(made._first_price(made.engine.exchange))
    assert made.engine.price == price
