"""Workers die at every point of an order's life; one sleeps past its lease, and one ends in order.
`CRASH_CASES=all` runs every point with every fault."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bots.models import Bot, Order, Worker
from bots.services import lifecycle
from tests.crash.cases import ALL, FEW, Case
from tests.crash.rig import Rig, opened, until

pytestmark = pytest.mark.processes
CASES = ALL if os.environ.get("CRASH_CASES") == "all" else FEW
BIRTH, DEATH, SETTLED = 120, 120, 180  # seconds


@pytest.fixture
def rig(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Rig]:
    with opened(settings, tmp_path) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_worker_that_dies(rig: Rig, case: Case) -> None:
    doomed = rig.worker(case.points[0])
    bot = rig.bot()
    # Asks the exchange itself: the fault is for the worker, which is still on its way.
    lifecycle.start_bot(bot=bot)
    if case.fault is not None:
        rig.faults.add(case.fault, count=2)
    until(Worker.objects.exists, BIRTH, "the first worker")
    for point in (*case.points[1:], "never:1"):
        until(partial(_died, rig, doomed), DEATH, f"the death before {point}")
        assert doomed.returncode == -signal.SIGKILL
        doomed = rig.worker(point)
    rig.faults.clear()
    until(lambda: Bot.objects.filter(lease_owner__isnull=False).exists(), BIRTH, "another worker")
    rig.swing()
    finishes(rig)


def _died(rig: Rig, process: Any) -> bool:
    if process.poll() is None and Order.objects.filter(status="open").exists():
        rig.swing()
    return process.poll() is not None


def finishes(rig: Rig) -> None:
    rig.settle(SETTLED)
    rig.stop_all()
    until(lambda: not Bot.objects.filter(stopping=True).exists(), SETTLED, "the stop")
    rig.settle(SETTLED)
    assert not Order.objects.filter(status__in=("pending", "open")).exists()


def test_a_worker_that_sleeps_past_its_lease(rig: Rig) -> None:
    """SIGSTOP; another takes its bot over; SIGCONT: it finds that it is dead, and ends without having done harm."""
    sleeper = rig.worker()
    bot = rig.bot()
    lifecycle.start_bot(bot=bot)
    until(lambda: rig.has_orders(4), BIRTH, "the first orders")
    sleeper.send_signal(signal.SIGSTOP)
    before = Bot.objects.get(pk=bot.pk).lease_token
    rig.worker()
    rig.swing()
    until(lambda: Bot.objects.filter(pk=bot.pk, lease_token__gt=before + 1).exists(), 180, "the takeover")
    sleeper.send_signal(signal.SIGCONT)
    rig.swing(2)
    until(lambda: sleeper.poll() is not None, 120, "the end of the sleeper")
    finishes(rig)


def test_a_worker_that_is_asked_to_end(rig: Rig) -> None:
    """SIGTERM: its bot is handed over, its open orders are not touched."""
    first = rig.worker()
    bot = rig.bot()
    lifecycle.start_bot(bot=bot)
    until(lambda: rig.has_orders(4), BIRTH, "the first orders")
    live = set(Order.objects.filter(status="open").values_list("exchange_order_id", flat=True))
    first.send_signal(signal.SIGTERM)
    until(lambda: first.poll() is not None, 120, "the end")
    shown = rig.sim.call(lambda exchange: exchange.open_orders(int(rig.credential.account_uid)))
    assert live <= {str(order.id) for order in shown}
    rig.worker()
    rig.swing()
    finishes(rig)
