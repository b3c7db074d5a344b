"""The daily summary and the weekly report: what a user's bots did, told in the morning of his own time zone.

The day before is told each day, the week before on Mondays, between eight and noon there: a beat that was away in the
morning makes up for it, one that comes back in the evening does not. What was told is known by its key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from bots.core.types import ZERO
from bots.curves import realized_before, worths
from bots.models import Bot, BotStatus, Delivery, Fill
from bots.services.notices import is_reached, notify
from bots.templatetags.trade import money, signed

FROM_HOUR, UNTIL_HOUR = 8, 12
MONDAY = 0


@dataclass(frozen=True, slots=True)
class Report:
    kind: str
    days: int
    points: int  # of its curve


DAILY, WEEKLY = Report("daily_summary", 1, 24), Report("weekly_report", 7, 56)


@dataclass(frozen=True, slots=True)
class Span:
    """The moments of a curve, from the beginning of the first day to the end of the last."""

    moments: list[datetime]
    words: str


def send_due(now: datetime) -> int:
    """Writes what is due; how many users are told something."""
    told = 0
    users = User.objects.filter(is_active=True, bots__isnull=False)
    for zone in users.values_list("timezone", flat=True).distinct():
        local = now.astimezone(ZoneInfo(zone))
        if FROM_HOUR <= local.hour < UNTIL_HOUR:
            reports = [DAILY, WEEKLY] if local.weekday() == MONDAY else [DAILY]
            told += sum(_send(report, zone, local) for report in reports)
    return told


def _send(report: Report, zone: str, local: datetime) -> int:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    done = Delivery.objects.filter(user=OuterRef("pk"), kind=report.kind, created_at__gte=midnight)
    users = User.objects.filter(is_active=True, bots__isnull=False, timezone=zone).exclude(Exists(done))
    span = span_of(report, midnight)
    return sum(tell(user=user, report=report, span=span) for user in users.distinct().iterator())


def span_of(report: Report, end: datetime) -> Span:
    """`end` is a midnight of the user's zone; days there may have 23 or 25 hours."""
    start = (end.replace(tzinfo=None) - timedelta(days=report.days)).replace(tzinfo=end.tzinfo)
    step = (end.timestamp() - start.timestamp()) / report.points
    stamps = [start.timestamp() + step * number for number in range(report.points + 1)]
    last = end - timedelta(days=1)
    first = f"{start:%A, %-d %B}" if report.days == 1 else f"{start:%-d %B} to {last:%-d %B}"
    return Span([datetime.fromtimestamp(stamp, end.tzinfo) for stamp in stamps], first)


@transaction.atomic
def tell(*, user: User, report: Report, span: Span) -> bool:
    """Whether there was something to tell, and a channel for it."""
    if not is_reached(user, report.kind):
        return False
    bots = list(Bot.objects.filter(user=user).select_related("credential"))
    fills = Fill.objects.filter(bot__in=bots, time__gte=span.moments[0], time__lt=span.moments[-1]).count()
    if not fills and all(bot.status == BotStatus.STOPPED for bot in bots):
        return False
    moneys = _moneys(bots, span)
    running = sum(bot.status == BotStatus.RUNNING for bot in bots)
    text = f"{span.words}: {fills:,} fill{'s' * (fills != 1)}, {running:,} bot{'s' * (running != 1)} running."
    facts = {name: words for each in moneys for name, words in each.facts().items()}
    facts["Bots in error"] = ", ".join(bot.name for bot in bots if _is_ill(bot))[:300] or "none"
    curve = moneys[0].as_curve(span) if moneys else None
    key = f"{user.pk}:{span.moments[-1]:%Y-%m-%d}"
    return bool(notify(user=user, kind=report.kind, text=text, facts=facts, key=key, curve=curve))


def _is_ill(bot: Bot) -> bool:
    return bot.halted or bot.status == BotStatus.ERROR


@dataclass(slots=True)
class Money:
    """All bots whose money is of one kind; `profits` since the span's begin, at each of its moments."""

    name: str
    profits: list[Decimal]
    realized: Decimal = ZERO
    worth: Decimal = ZERO
    bots: int = 0

    def facts(self) -> dict[str, str]:
        profit = f"{signed(self.profits[-1])} (realised {signed(self.realized)})"
        return {f"Profit in {self.name}": profit, f"Worth in {self.name}": money(self.worth)}

    def as_curve(self, span: Span) -> dict[str, object]:
        points = zip(span.moments, self.profits, strict=True)
        return {
            "name": self.name,
            "points": [[int(at.timestamp() * 1000), f"{value:f}"] for at, value in points],
        }


def _moneys(bots: list[Bot], span: Span) -> list[Money]:
    """Real money first, then what most bots trade in; real and test money are never added up."""
    found: dict[str, Money] = {}
    worth = worths([bot.pk for bot in bots], span.moments)
    realized = realized_before(bots, [span.moments[0], span.moments[-1]])
    for bot in bots:
        each = [bot.total_investment if value is None else value for value in worth[bot.pk]]
        name = bot.symbol.partition("/")[2] + (
            "" if bot.credential.mode == "live" else f" ({bot.credential.mode})"
        )
        sums = found.setdefault(name, Money(name, [ZERO] * len(each)))
        sums.profits = [have + value - each[0] for have, value in zip(sums.profits, each, strict=True)]
        sums.realized += realized[bot.pk][1] - realized[bot.pk][0]
        sums.worth += each[-1]
        sums.bots += 1
    return sorted(found.values(), key=lambda each: ("(" in each.name, -each.bots, each.name))
