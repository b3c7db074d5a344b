"""Wrong protocols are caught, each by a schedule that the right one passes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.schedules import mutants
from tests.schedules.play import play
from tests.schedules.process import SENT
from tests.schedules.steps import Plan, Schedule, Step

GRID = Plan(
    "grid",
    "BTC/USDT",
    {
        "lower_price": "58000",
        "upper_price": "62000",
        "grid_count": 4,
        "investment": "2000",
        "post_only": False,
    },
)


def move(percent: str, pause: float = 3.0) -> Step:
    return Step("move", pause, {"symbol": "BTCUSDT", "percent": Decimal(percent)})


def fault(kind: str, endpoint: str | None = None, pause: float = 0.1, **more: Any) -> Step:
    return Step("fault", pause, {"kind": kind, "endpoint": endpoint, **more})


def user(action: str, pause: float) -> Step:
    return Step("user", pause, {"action": action, "bot": 0})


WAIT = Step("join", 6.0)
THERE_AND_BACK = [move("-2", 0.15), move("2.1", 0.15)]  # through a buy and through its sell
LEASE_LOST = [Step("deafen", 0.1, {"seconds": 3.0}), *THERE_AND_BACK * 5, move("-2", 8), move("2", 2)]


def frozen(gates: int) -> list[Step]:
    return [Step("freeze", 0.01, {"seconds": 40.0, "gates": gates}), *THERE_AND_BACK, Step("join", 45.0)]


CASES = {
    mutants.send_before_the_intent: (
        "watched same_orders",
        [WAIT, move("-0.3"), Step("kill", 0.1, {"gates": 3, "where": SENT}), move("-3"), move("3")],
    ),
    mutants.drop_the_unique_index: ("one_live_per_slot", [WAIT, Step("meddle", 1.0, {"number": 1})]),
    mutants.resend_on_time_out: (
        "one_post_per_id",
        [WAIT, fault("accept_then_drop", "create", count=1), move("-2")],
    ),
    mutants.trust_the_web_socket_alone: (
        "same_fills",
        [WAIT, fault("ws_silence", seconds=20), move("-2"), move("-2"), move("4", 25)],
    ),
    mutants.absent_after_one_miss: (
        "watched one_live_per_slot",
        [
            WAIT,
            user("stop", 3),
            fault("ws_silence", seconds=80),
            fault("not_found", seconds=12),
            fault("not_found", "open_orders", seconds=12),
            fault("accept_then_drop", "create", count=1),
            user("start", 20),
        ],
    ),
    mutants.ignore_the_token: (
        "no_stale_write no_crash",  # or the runner that does not know ends by an error
        [WAIT, *LEASE_LOST, *(step for gates in range(2, 6) for step in frozen(gates)), *LEASE_LOST],
    ),
}


@pytest.mark.parametrize("mutant", CASES, ids=lambda mutant: mutant.__name__)
def test_a_wrong_protocol_is_caught(schedules: None, mutant: Any) -> None:
    names, steps = CASES[mutant]
    for seed in range(1, 9):
        schedule = Schedule(seed, (GRID,), tuple(steps))
        if set(names.split()) & play(schedule, mutant).names:
            assert play(schedule).violations == []
            return
    pytest.fail(f"{mutant.__name__} lives")


def test_none_is_forgotten() -> None:
    assert set(CASES) == set(mutants.MUTANTS)
