"""Realised profit by days, weeks and months of the user's own zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.models import User
from bots.core.types import ZERO
from bots.curves import realized_before
from bots.models import Bot
from bots.templatetags.trade import signed
from telegram_bot.words import quote_of

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Period:
    words: str
    usual: int
    most: int
    form: str  # of strftime, for its first day


PERIODS = {
    "daily": Period("days", 7, 90, "%a %d %b"),
    "weekly": Period("weeks", 8, 52, "from %d %b"),
    "monthly": Period("months", 6, 36, "%b %Y"),
}


def starts(period: Period, count: int, now: datetime, zone: str) -> list[datetime]:
    """When the last `count` periods began, the newest first: midnights of that zone."""
    day = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    if period.words == "days":
        return [day - timedelta(days=i) for i in range(count)]
    if period.words == "weeks":
        monday = day - timedelta(days=day.weekday())
        return [monday - timedelta(weeks=i) for i in range(count)]
    months = [divmod(day.year * 12 + day.month - 1 - i, 12) for i in range(count)]
    return [day.replace(year=year, month=month + 1, day=1) for year, month in months]


def profits(*, user: User, period: Period, count: int, now: datetime) -> list[tuple[str, Rows, Decimal]]:
    """For each coin that bots are measured in: (coin, [(period, profit)] newest first, sum). Real and test money apart.
    Of bots that are there now: a deleted one took its history along."""
    begins = starts(period, count, now, user.timezone)
    sums: dict[str, list[Decimal]] = {}
    bots = list(Bot.objects.filter(user=user).select_related("credential"))
    before = realized_before(bots, begins)
    for bot in bots:
        kind = "" if bot.credential.mode == "live" else f" ({bot.credential.mode})"
        each = sums.setdefault(quote_of(bot.symbol) + kind, [ZERO] * count)
        ends = [bot.realized_pnl, *before[bot.pk][:-1]]
        for i, (end, begin) in enumerate(zip(ends, before[bot.pk], strict=True)):
            each[i] += end - begin
    return [
        (
            coin,
            [(begin.strftime(period.form), signed(value)) for begin, value in zip(begins, each, strict=True)],
            sum(each, ZERO),
        )
        for coin, each in sorted(sums.items())
    ]
