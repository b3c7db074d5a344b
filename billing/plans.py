"""The plans as data, and which of them lifts a limit. Prices live in Stripe."""

from dataclasses import dataclass
from typing import Literal

Limit = Literal["live_bots", "paper_bots", "live_credentials", "backtests_a_day"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much a user may have of each; None: no limit. Bots count while they run; keys of paper and test accounts
    never count."""

    id: str
    name: str
    live_bots: int | None = None
    paper_bots: int | None = None
    live_credentials: int | None = None
    backtests_a_day: int | None = None
    telegram: str = "full"

    def allows(self, limit: Limit) -> int | None:
        found: int | None = getattr(self, limit)
        return found


LIMITS: tuple[Limit, ...] = ("live_bots", "paper_bots", "live_credentials", "backtests_a_day")
# (one, many), as in "allows 5 live bots at a time".
WORDS: dict[Limit, tuple[str, str]] = {
    "live_bots": ("live bot at a time", "live bots at a time"),
    "paper_bots": ("paper bot at a time", "paper bots at a time"),
    "live_credentials": ("live exchange key", "live exchange keys"),
    "backtests_a_day": ("backtest a day", "backtests a day"),
}
# As the heading of what is used.
USED: dict[Limit, str] = {
    "live_bots": "Live bots running",
    "paper_bots": "Paper bots running",
    "live_credentials": "Live exchange keys",
    "backtests_a_day": "Backtests today",
}

# From the least to the most.
PLANS = {
    plan.id: plan
    for plan in (
        Plan("free", "Free", 1, 3, 1, 20, telegram="notifications"),
        Plan("starter", "Starter", 5, 10, 2, 200),
        Plan("pro", "Pro", 20, 50, 5, 2_000),
        Plan("enterprise", "Enterprise"),
    )
}
SELF_HOSTED = Plan("self_hosted", "Self-hosted")


def leaves_room(plan: Plan, limit: Limit, used: int) -> bool:
    """Whether one more may be added to `used`."""
    most = plan.allows(limit)
    return most is None or used < most


def lifted_by(limit: Limit, used: int) -> Plan:
    """The least plan that has room for one more; the last has no limits."""
    return next(plan for plan in PLANS.values() if leaves_room(plan, limit, used))


def in_words(plan: Plan, limit: Limit) -> str:
    """ "5 live bots at a time", "any number of backtests a day"."""
    most = plan.allows(limit)
    one, many = WORDS[limit]
    return f"any number of {many}" if most is None else f"{most:,} {one if most == 1 else many}"
