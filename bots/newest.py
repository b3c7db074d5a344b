"""The newest rows of many bots: from each bot the few that its index gives at once, then the newest of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from bots.models import BotEvent, Fill

# The newest `most` fills are of the `most` bots whose own newest one is newest: from the others one look is enough.
_OF_A_BOT = """
  SELECT id, time FROM fills WHERE bot_id = bots.id
  AND (time, id) < (coalesce(%(time)s, 'infinity'::timestamptz), %(id)s::uuid)
  AND time >= coalesce(%(start)s, '-infinity'::timestamptz) AND time < coalesce(%(end)s, 'infinity'::timestamptz)
  AND (%(side)s = '' OR side = %(side)s)
  ORDER BY time DESC, id DESC"""
FILLS = f"""
WITH bots AS (
  SELECT bots.id FROM unnest(%(bots)s::uuid[]) AS bots(id) CROSS JOIN LATERAL ({_OF_A_BOT} LIMIT 1
  ) AS fill ORDER BY fill.time DESC, fill.id DESC LIMIT %(most)s
)
SELECT fill.id FROM bots CROSS JOIN LATERAL ({_OF_A_BOT} LIMIT %(most)s
) AS fill ORDER BY fill.time DESC, fill.id DESC LIMIT %(most)s
"""  # noqa: S608
ALERTS = """
SELECT event.id FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN LATERAL (
  SELECT id, time FROM bot_events WHERE bot_id = bots.id AND level IN ('warning', 'error') AND time >= %s
  ORDER BY time DESC LIMIT %s
) AS event ORDER BY event.time DESC LIMIT %s
"""
PRICES = """
SELECT bots.id, fill.price FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN LATERAL (
  SELECT price FROM fills WHERE bot_id = bots.id ORDER BY time DESC, trade_id DESC LIMIT 1
) AS fill
"""
SPAN = """
SELECT min(fill.first), max(fill.last) FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN LATERAL (
  SELECT min(time) AS first, max(time) AS last FROM fills WHERE bot_id = bots.id
) AS fill
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Fills of [start, end) on one side or, by "", on both; only those that come after `after` in the list."""

    side: str = ""
    start: datetime | None = None
    end: datetime | None = None
    after: tuple[datetime, UUID] | None = None


def fills(bot_ids: Sequence[UUID], most: int, wanted: Wanted = Wanted()) -> list[Fill]:
    """The newest first, with their bots."""
    time, number = wanted.after or (None, UUID(int=0))
    asked = {"time": time, "id": number, "start": wanted.start, "end": wanted.end, "side": wanted.side}
    rows = Fill.objects.filter(pk__in=_ids(FILLS, {"bots": list(bot_ids), "most": most, **asked}))
    return list(rows.select_related("bot").order_by("-time", "-id"))


def alerts(bot_ids: Sequence[UUID], most: int, since: datetime) -> list[BotEvent]:
    """Warnings and errors, the newest first, with their bots."""
    rows = BotEvent.objects.filter(pk__in=_ids(ALERTS, [list(bot_ids), since, most, most]))
    return list(rows.select_related("bot"))


def prices(bot_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """That of each bot's last fill; a bot without fills is missing."""
    with connection.cursor() as cursor:
        cursor.execute(PRICES, [list(bot_ids)])
        return dict(cursor.fetchall())


def first_and_last(bot_ids: Sequence[UUID]) -> tuple[datetime | None, datetime | None]:
    """The times of the bots' oldest and newest fill."""
    with connection.cursor() as cursor:
        cursor.execute(SPAN, [list(bot_ids)])
        first, last = cursor.fetchone()
        return first, last


def _ids(sql: str, parameters: list[Any] | dict[str, Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
