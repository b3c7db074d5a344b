"""The inbox and the loop of a runner, without worker and database."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from bots.core.ports import ExchangeUnavailable
from bots.core.risk import RiskLimits, RiskManager
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


class Recovery:
    """Fails the first time."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    async def run(self, full: bool, reports: Any = None) -> None:
        self.asked.append(full)
        if len(self.asked) == 1:
            raise ExchangeUnavailable("away")


def runner() -> Any:
    made: Any = Runner(None, Lease(uuid4(), 1))

    async def now() -> int:
        return 10_000

    async def on_timer(now: int) -> None:
        """Nothing is due."""

    exchange = SimpleNamespace(exchange_time=now)
    risk = RiskManager(RiskLimits(), Decimal(1000))
    made.engine = SimpleNamespace(now=0, live={}, exchange=exchange, on_timer=on_timer, risk_manager=risk)
    made.bot = SimpleNamespace(pk=made.lease.bot_id)
    made.recovery = Recovery()
    return made


async def failing_then_well(made: Any, *events: Reconcile) -> list[bool]:
    for event in events:
        try:
            await made._handle(event)
        except ExchangeUnavailable:
            made._recover(made.engine.now)
    await made._handle(None)
    return list(made.recovery.asked)


def test_a_full_comparison_that_failed_is_full_again() -> None:
    made = runner()
    assert asyncio.run(failing_then_well(made, Reconcile(full=True))) == [True, True]
    asyncio.run(made._handle(None))
    assert made.recovery.asked == [True, True]  # done


def test_the_usual_comparison_does_not_replace_a_full_one_that_is_due() -> None:
    made = runner()
    made._recover(20_000, full=True)
    asyncio.run(failing_then_well(made, Reconcile(full=False)))
    assert made.recovery.asked == [True, True]
