"""What users hear of their plans, in sentences. `key` names the occasion, of which nobody is told twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.judging import GRACE as GRACE_SECONDS
from billing.models import CryptoOrder
from billing.money import dollars
from billing.plans import PLANS

GRACE, SOON = timedelta(seconds=GRACE_SECONDS), timedelta(days=3)


@dataclass(frozen=True, slots=True)
class News:
    """What became of a subscription: `kind` names it, `text` is for the user, `key` the occasion."""

    kind: str
    text: str
    key: str


def goes_on_until(moment: datetime) -> str:
    return (
        f"It goes on until {moment:%Y-%m-%d %H:%M} UTC; then the newest bots over the limits of the Free plan are "
        "paused. Their open orders stay."
    )


def of_order(order: CryptoOrder) -> list[News]:
    """Of one whose status has changed; most changes are for the page alone."""
    name, key = PLANS[order.plan].name, f"{order.pk}:{order.status}:{order.arrived}"
    if order.status in ("paid", "overpaid"):
        term = f"from {order.starts:%Y-%m-%d} to {order.until:%Y-%m-%d}"
        text = f"Your payment has arrived: the {name} plan is yours {term}."
        if order.status == "overpaid":
            more = dollars(order.arrived - order.amount)
            text += f" You sent {more} more than was asked, which has made it longer: write to us to have it back."
        return [News("plan_prepaid", text, key)]
    if order.status == "partial":
        text = f"{dollars(order.arrived)} of {dollars(order.amount)} for the {name} plan have arrived. "
        return [News("plan_underpaid", f"{text}Send the rest to the same address.", key)]
    if order.status == "refunded":
        return [News("plan_refunded", f"Your payment for the {name} plan was sent back to you.", key)]
    return []


def of_term(order: CryptoOrder, now: datetime) -> list[News]:
    """Of a prepaid term that ends soon, or has just ended."""
    if order.until is None or not now - GRACE < order.until < now + SOON:
        return []
    name, key = PLANS[order.plan].name, f"{order.pk}:{order.until:%Y-%m-%d}"
    if order.until > now:
        text = f"Your prepaid {name} plan ends on {order.until:%Y-%m-%d}. Pay for more months to keep it."
        return [News("plan_ending", text, key)]
    text = f"Your prepaid {name} plan has ended. {goes_on_until(order.until + GRACE)}"
    return [News("plan_grace", text, key)]
