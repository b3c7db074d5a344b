"""From what Stripe shows to what a user has: status and periods of subscription items decide, nothing else. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing.plans import PLANS

GRACE = 3 * 86_400  # seconds that a plan outlives its payment
GOOD = ("active", "trialing")
FREE = "free"
RANKS = {plan: rank for rank, plan in enumerate(PLANS)}


@dataclass(frozen=True, slots=True)
class Judged:
    """Times in seconds since the epoch, 0 for none. `grace_until`: the plan ends then unless it is paid."""

    plan: str = FREE
    subscription: str = ""
    status: str = ""
    interval: str = ""
    amount: int = 0
    paid_until: int = 0
    grace_until: int = 0
    ends_at_period: bool = False


def judge(subscriptions: Iterable[Mapping[str, Any]], now: int) -> Judged:
    """The best of a customer's subscriptions (each with `latest_invoice` expanded): one that is in order goes before
    one in its grace, the higher plan before the lower."""
    judged = [_one(each, now) for each in subscriptions]
    return max(judged, key=_goodness, default=Judged())


def _goodness(found: Judged) -> tuple[bool, int, bool, int]:
    in_order = found.status in GOOD
    return in_order and found.plan != FREE, RANKS[found.plan], in_order, found.paid_until


def _one(subscription: Mapping[str, Any], now: int) -> Judged:
    item = subscription["items"]["data"][0]
    price, status = item["price"], subscription["status"]
    until = _grace(subscription, item)
    plan = str((price.get("metadata") or {}).get("plan", FREE))
    entitled = plan in RANKS and now < until
    return Judged(
        plan=plan if entitled else FREE,
        subscription=subscription["id"],
        status=status,
        interval=price["recurring"]["interval"],
        amount=price["unit_amount"] * item.get("quantity", 1),
        paid_until=item["current_period_end"],
        grace_until=until if entitled and status not in GOOD else 0,
        ends_at_period=bool(subscription["cancel_at_period_end"]) and status in GOOD,
    )


def _grace(subscription: Mapping[str, Any], item: Mapping[str, Any]) -> int:
    """When the plan ends if nothing more is paid. The period's own dates do not tell: Stripe begins the next one
    whether it is paid or not."""
    status, invoice = subscription["status"], subscription["latest_invoice"] or {}
    if status in GOOD:
        return int(item["current_period_end"]) + GRACE
    if status in ("past_due", "unpaid", "canceled") and invoice.get("status") not in (None, "paid"):
        return int(invoice["created"]) + GRACE
    if status == "canceled":
        return int(subscription["ended_at"]) + GRACE
    return 0
