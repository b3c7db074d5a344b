"""The operators' page of what comes in, as tables."""

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from billing import revenue
from billing.models import Standing
from billing.money import dollars
from billing.plans import PLANS
from billing.revenue import Month

LISTED = 100  # of those whose payment failed
HEADERS = [
    "Month",
    "MRR at its end",
    "Customers",
    "New",
    "Lost",
    "Churn",
    "From new",
    "Upgrades",
    "Downgrades",
    "With lost",
    "Failed charges",
]


def context() -> dict[str, Any]:
    found, failing = revenue.months(), revenue.failing()
    this, count = found[0], failing.count()
    figures = [
        ("MRR", dollars(this.mrr)),
        ("Customers", f"{this.customers:,}"),
        ("Churn this month", churn(this)),
        ("Payments that fail now", f"{count:,}"),
    ]
    rows = [_failing(row) for row in failing[:LISTED]]
    return {
        "figures": figures,
        "months": {"headers": HEADERS, "rows": [_month(each) for each in found]},
        "failing": {"headers": ["User", "Plan", "Amount", "Status", "Plan goes on until"], "rows": rows},
        "unlisted": max(0, count - LISTED),
    }


def churn(month: Month) -> str:
    return "–" if month.churn is None else f"{month.churn:.1f} %"


def _month(month: Month) -> list[str]:
    counts = [f"{month.customers:,}", f"{month.new:,}", f"{month.lost:,}", churn(month)]
    sums = [month.gained, month.grown, month.shrunk, month.gone]
    return [
        date_format(month.start, "M Y"),
        dollars(month.mrr),
        *counts,
        *map(dollars, sums),
        f"{month.failed:,}",
    ]


def _failing(row: Standing) -> list[str]:
    until = row.grace_until
    ends = "over" if until is None or until <= timezone.now() else f"{date_format(until, 'j M Y H:i')} UTC"
    status = row.status.replace("_", " ")
    return [row.user.email, PLANS[row.plan].name, f"{dollars(row.amount)} a {row.interval}", status, ends]
