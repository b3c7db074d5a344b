"""What the schedules have found, each at its smallest, so that it stays mended."""

from tests.schedules.play import play
from tests.schedules.steps import Plan, Schedule

DCA = Plan(
    "dca",
    "SOL/USDT",
    {"amount": "40", "price_drop": "0.8", "max_orders": 3, "volume_scale": "1.5", "take_profit": "0.7",
     "interval": 60},
)  # fmt: skip


def test_a_bot_that_is_asked_for_twice_at_once_is_run_once(schedules: None) -> None:
    """By its user's start and by the reaper, while its claim is under way: both were given the one lease."""
    for seed in range(2):
        assert play(Schedule(seed, (DCA, DCA, DCA), ())).violations == []
