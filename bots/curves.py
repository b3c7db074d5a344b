"""A bot's worth over time. A year has half a million minutes: the database counts, and hands out what is shown."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from bots import store
from bots.core.types import ZERO
from bots.models import Bot

THINNED = """
SELECT time, equity, realized FROM (
  SELECT time, equity, realized, row_number() OVER (ORDER BY time) - 1 AS number, count(*) OVER () AS total
  FROM equity_snapshots
  WHERE bot_id = %s AND time >= coalesce(%s, '-infinity'::timestamptz) AND time <= coalesce(%s, 'infinity'::timestamptz)
) AS minutes WHERE number %% greatest(1, total / %s) = 0 OR number = total - 1 ORDER BY time
"""
DRAWDOWN = """
SELECT min(equity / highest - 1) FROM (
  SELECT equity, max(equity) OVER (ORDER BY time) AS highest FROM equity_snapshots WHERE bot_id = %s
) AS minutes WHERE highest > 0
"""
# One look into the index for each bot and moment: a thousand bots have more minutes than can be read.
WORTHS = """
SELECT bots.id, snapshot.equity
FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN unnest(%s::timestamptz[]) AS moments(at)
LEFT JOIN LATERAL (
  SELECT equity FROM equity_snapshots WHERE bot_id = bots.id AND time <= moments.at ORDER BY time DESC LIMIT 1
) AS snapshot ON true ORDER BY bots.id, moments.at
"""
# The same, and the database adds the bots up: a bot without a minute until then counts as what it began with.
SUMS = """
SELECT sum(coalesce(snapshot.equity, bots.first) * bots.rate)
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[]) AS bots(id, first, rate)
CROSS JOIN unnest(%s::timestamptz[]) AS moments(at)
LEFT JOIN LATERAL (
  SELECT equity FROM equity_snapshots WHERE bot_id = bots.id AND time <= moments.at ORDER BY time DESC LIMIT 1
) AS snapshot ON true GROUP BY moments.at ORDER BY moments.at
"""
REALIZED = """
SELECT bot, number, coalesce((
  SELECT realized FROM equity_snapshots WHERE bot_id = bot AND time < moment ORDER BY time DESC LIMIT 1
), 0) FROM unnest(%s::uuid[]) AS bot, unnest(%s::timestamptz[]) WITH ORDINALITY AS moments(moment, number)
"""


def equity(
    bot: Bot, start: datetime | None = None, end: datetime | None = None, most: int = 2000
) -> list[tuple[int, Decimal, Decimal]]:
    """(ms, equity, realised) at minute closes, at most about `most` of them, evenly thinned; the last is kept."""
    with connection.cursor() as cursor:
        cursor.execute(THINNED, [bot.pk, start, end, most])
        return [(store.milliseconds(time), worth, realized) for time, worth, realized in cursor.fetchall()]


def max_drawdown(bot: Bot) -> Decimal:
    """The deepest fall from a maximum, as a negative fraction of that maximum; 0 where it never fell."""
    with connection.cursor() as cursor:
        cursor.execute(DRAWDOWN, [bot.pk])
        deepest: Decimal | None = cursor.fetchone()[0]
    return deepest or ZERO


def worths(bot_ids: Sequence[UUID], moments: Sequence[datetime]) -> dict[UUID, list[Decimal | None]]:
    """What each bot was worth at each of the moments: its last minute close until then, None before its first."""
    with connection.cursor() as cursor:
        cursor.execute(WORTHS, [list(bot_ids), list(moments)])
        found: dict[UUID, list[Decimal | None]] = {bot_id: [] for bot_id in bot_ids}
        for bot_id, worth in cursor.fetchall():
            found[bot_id].append(worth)
    return found


def sums(bots: Sequence[tuple[UUID, Decimal, Decimal]], moments: Sequence[datetime]) -> list[Decimal]:
    """What bots (id, what it began with, rate of its coin) were worth together at each of the moments, which rise."""
    if not bots:
        return [ZERO] * len(moments)
    ids, firsts, rates = zip(*bots, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [list(ids), list(firsts), list(rates), list(moments)])
        return [worth for (worth,) in cursor.fetchall()]


def realized_before(bots: Collection[Bot], moments: Sequence[datetime]) -> dict[UUID, list[Decimal]]:
    """What each bot had realised at its last minute close before each moment; 0 where it had none yet."""
    with connection.cursor() as cursor:
        cursor.execute(REALIZED, [[bot.pk for bot in bots], list(moments)])
        found = {(bot, moment): realized for bot, moment, realized in cursor.fetchall()}
    return {bot.pk: [found[bot.pk, i] for i in range(1, len(moments) + 1)] for bot in bots}
