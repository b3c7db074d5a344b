"""The newest rows of many bots: from each bot the few that its index gives at once, then the newest of these."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bots.models import BotEvent, Fill

FILLS = """
SELECT fill.id FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN LATERAL (
  SELECT id, time FROM fills WHERE bot_id = bots.id AND time < coalesce(%s, 'infinity'::timestamptz)
  ORDER BY time DESC LIMIT %s
) AS fill ORDER BY fill.time DESC LIMIT %s
"""
ALERTS = """
SELECT event.id FROM unnest(%s::uuid[]) AS bots(id) CROSS JOIN LATERAL (
  SELECT id, time FROM bot_events WHERE bot_id = bots.id AND level IN ('warning', 'error') AND time >= %s
  ORDER BY time DESC LIMIT %s
) AS event ORDER BY event.time DESC LIMIT %s
"""


def fills(bot_ids: Sequence[UUID], most: int, before: datetime | None = None) -> list[Fill]:
    """The newest first, with their bots."""
    rows = Fill.objects.filter(pk__in=_ids(FILLS, [list(bot_ids), before, most, most]))
    return list(rows.select_related("bot"))


def alerts(bot_ids: Sequence[UUID], most: int, since: datetime) -> list[BotEvent]:
    """Warnings and errors, the newest first, with their bots."""
    rows = BotEvent.objects.filter(pk__in=_ids(ALERTS, [list(bot_ids), since, most, most]))
    return list(rows.select_related("bot"))


def _ids(sql: str, parameters: list[Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
