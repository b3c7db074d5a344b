"""All exchange accounts of a user together, in one currency, as the workers last saw them (`services.account_looks`).

Real money, testnets' and paper's are never in one sum. Two keys of one account count it once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import User
from bots import store
from bots.core.rounding import round8
from bots.core.types import ZERO
from bots.models import AccountSnapshot
from exchanges.models import Credential, Mode

CURRENCY = "USDT"
SPANS = {name: timedelta(days=days) for name, days in {"1d": 1, "7d": 7, "30d": 30, "90d": 90}.items()}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_POINTS = 120
OLD_MS = 10 * 60_000  # a price: looks keep one for half of that without asking

# Before its first hour an account counts as what it began with, so that a new key is no gain.
WORTHS = """
SELECT moments.number, sum(coalesce(worth.equity, first.equity))
FROM unnest(%s::uuid[]) AS accounts(id)
CROSS JOIN unnest(%s::timestamptz[]) WITH ORDINALITY AS moments(at, number)
CROSS JOIN LATERAL (
  SELECT equity FROM account_worths WHERE credential_id = accounts.id ORDER BY hour LIMIT 1
) AS first
LEFT JOIN LATERAL (
  SELECT equity FROM account_worths WHERE credential_id = accounts.id AND hour <= moments.at ORDER BY hour DESC LIMIT 1
) AS worth ON true GROUP BY moments.number ORDER BY moments.number
"""
BORN = "SELECT min(hour) FROM account_worths WHERE credential_id = ANY(%s::uuid[])"


@dataclass(frozen=True, slots=True)
class Account:
    """`same_as` is the key that opens the same account, where it is counted."""

    credential: Credential
    snapshot: AccountSnapshot | None
    same_as: Credential | None

    @property
    def seen(self) -> AccountSnapshot | None:
        """What is counted of it."""
        known = self.snapshot is not None and self.snapshot.taken_at is not None
        return self.snapshot if known and self.same_as is None else None

    @property
    def error(self) -> str:
        if not self.credential.is_valid:
            return self.credential.permission_detail or "The exchange does not take this key any more."
        return self.snapshot.error if self.snapshot else ""


def modes_of(user: User) -> list[str]:
    """The kinds of money the user has accounts of, real money first."""
    found = set(Credential.objects.filter(user=user).order_by().values_list("mode", flat=True).distinct())
    return [mode.value for mode in Mode if mode in found]


def accounts_of(user: User, mode: str) -> list[Account]:
    """Those in order first, then the oldest: of two keys of an account the one counts that is still looked at. A key
    that is refused is one as long as something is known of its account: what it held is not lost with it."""
    first: dict[tuple[str, str], Credential] = {}
    found = []
    rows = Credential.objects.filter(user=user, mode=mode).select_related("snapshot")
    for credential in rows.order_by("-is_valid", "created_at", "id"):
        snapshot = getattr(credential, "snapshot", None)
        if not credential.is_valid and (snapshot is None or snapshot.taken_at is None):
            continue
        uid = credential.account_uid or str(credential.pk)
        same = first.setdefault((credential.exchange, uid), credential)
        found.append(Account(credential, snapshot, None if same is credential else same))
    return found


def portfolio(user: User, mode: str, span: str, now: datetime) -> dict[str, Any]:
    """As `GET /portfolio` names it."""
    accounts = accounts_of(user, mode)
    counted = [account.seen for account in accounts if account.seen]
    equity = sum((row.equity for row in counted), ZERO)
    day_ago, curve = _past([row.pk for row in counted], SPANS[span], now)
    change = ZERO if day_ago is None else equity - day_ago
    return {
        "currency": CURRENCY,
        "mode": mode,
        "equity": equity,
        "in_bots": sum((row.in_bots for account in accounts if (row := account.snapshot)), ZERO),
        "day_change": change,
        "day_change_percent": (change / day_ago * 100).quantize(Decimal("0.0001")) if day_ago else None,
        "accounts": [_account(each) for each in accounts],
        "equity_curve": [*curve, (store.milliseconds(now), equity)] if counted else [],
    }


def is_waiting(of: dict[str, Any]) -> bool:
    """Whether an account of this portfolio was not looked at yet."""
    return any(not (each["as_of"] or each["same_as"] or each["error"]) for each in of["accounts"])


def _account(account: Account) -> dict[str, Any]:
    credential, row = account.credential, account.seen
    return {
        "credential_id": credential.pk,
        "exchange": credential.exchange,
        "label": credential.label,
        "mode": credential.mode,
        "equity": row.equity if row else ZERO,
        "in_bots": account.snapshot.in_bots if account.snapshot else ZERO,
        "assets": _assets(row) if row else [],
        "as_of": row.taken_at if row else None,
        "same_as": account.same_as.pk if account.same_as else None,
        "error": account.error,
    }


def _assets(row: AccountSnapshot) -> list[dict[str, Any]]:
    """The most valuable first; those without a price last. `price_of`: when a price was told that the last look had to
    keep."""
    rows = []
    for asset, (free, locked, price, told) in row.assets.items():
        amounts = {"free": Decimal(free), "locked": Decimal(locked), "total": Decimal(free) + Decimal(locked)}
        known = None if price is None else Decimal(price)
        worth = None if known is None else round8(amounts["total"] * known)
        old = (
            known is not None and row.taken_at and store.milliseconds(row.taken_at) - int(told or 0) > OLD_MS
        )
        price_of = datetime.fromtimestamp(int(told) / 1000, UTC) if old and told else None
        rows.append({"asset": asset, **amounts, "price": known, "value": worth, "price_of": price_of})
    return sorted(rows, key=lambda each: (each["value"] is None, -(each["value"] or 0), each["asset"]))


def _past(
    ids: Sequence[UUID], span: timedelta, now: datetime
) -> tuple[Decimal | None, list[tuple[int, Decimal]]]:
    """The worth a day ago (None without a past), and (ms, worth) through `span` at full hours until now."""
    with connection.cursor() as cursor:
        cursor.execute(BORN, [list(ids)])
        born: datetime | None = cursor.fetchone()[0]
        if born is None:
            return None, []
        moments = _moments(max(born, now - span), now)
        cursor.execute(WORTHS, [list(ids), [now - DAY, *moments]])
        day_ago, *worths = [worth for _, worth in cursor.fetchall()]
    return day_ago, [(store.milliseconds(at), worth) for at, worth in zip(moments, worths, strict=True)]


def _moments(start: datetime, now: datetime) -> list[datetime]:
    hours = int((now - start) / HOUR)
    step = max(1, ceil(hours / MOST_POINTS))
    first = start.replace(minute=0, second=0, microsecond=0)
    return [first + HOUR * i for i in range(0, hours + 1, step)]
