"""From the payments of an order to what became of it. Pure."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

TERMS = (1, 3, 12)  # months that are sold
ENOUGH = Decimal("0.995")  # of the price: coins move while one pays
SURPLUS = Decimal("1.01")
ARRIVED = ("finished", "partially_paid")
UNDER_WAY = ("confirming", "confirmed", "sending")
CLOSED = ("finished", "failed", "refunded", "expired")


@dataclass(frozen=True, slots=True)
class Part:
    """One payment towards an order: coins asked and paid, and the dollars that all of them would be worth."""

    status: str
    asked: Decimal
    paid: Decimal
    price: Decimal

    @property
    def dollars(self) -> Decimal:
        """What has arrived, at the rate that was agreed."""
        if self.status not in ARRIVED or not self.asked:
            return Decimal(0)
        return self.price * self.paid / self.asked


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status`: waiting, confirming, partial, paid, overpaid, refunded, failed or expired. `arrived` in dollars."""

    status: str
    arrived: Decimal


def judge(parts: Iterable[Part], price: Decimal) -> Outcome:
    """What was sent in parts counts together; what was sent back counts no more."""
    parts = list(parts)
    arrived = sum((part.dollars for part in parts), Decimal(0))
    if arrived >= price * ENOUGH:
        return Outcome("overpaid" if arrived > price * SURPLUS else "paid", arrived)
    seen = {part.status for part in parts}
    for status, those in (
        ("refunded", {"refunded"}),
        ("partial", set(ARRIVED)),
        ("confirming", set(UNDER_WAY)),
        ("waiting", {"waiting"}),
        ("failed", {"failed"}),
        ("expired", {"expired"}),
    ):
        if seen & those:
            return Outcome(status, arrived)
    return Outcome("waiting", arrived)


def end_of(start: datetime, months: int, outcome: Outcome, price: Decimal) -> datetime:
    """Of a term that was paid; who has sent more than the price (in dollars) has as much more of it."""
    end = months_after(start, months)
    if outcome.status != "overpaid":
        return end
    more = Decimal(int((end - start).total_seconds())) * (outcome.arrived - price) / price
    return end + timedelta(seconds=int(more))


def months_after(start: datetime, months: int) -> datetime:
    """By the calendar: a month after 31 January is the last of February."""
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
