"""Filled orders as notices: one statement in the transaction of the fill, and the rule by which many become one.

The rule: fills that wait for the same address go as one message. As long as fewer than `burst` messages with fills went
to it within `window`, that is at once; then it waits until the oldest of those is a window ago. Programs (webhooks) get
each fill by itself.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from bots.models import Bot, BotEvent, Channel, Delivery
from bots.services import sql
from bots.services.topics import KINDS, TOPICS

KIND = "fill"
MOST_IN_ONE = 100

# The order protocol's transaction has no time to ask who wants to know: the database knows, at no round trip.
_WRITE = """
INSERT INTO deliveries (id, key, channel, recipient, user_id, event_id, kind, data, priority, state, attempts,
 next_try_at, error, created_at)
SELECT gen_random_uuid(), 'fill:' || %s || ':' || a.channel || ':' || md5(a.recipient), a.channel, a.recipient,
 u.id, %s, 'fill', %s::jsonb, %s, 'pending', 0, now(), '', now()
FROM users u
LEFT JOIN notice_settings s ON s.user_id = u.id
CROSS JOIN LATERAL (
 SELECT 'email' AS channel, u.email AS recipient
 UNION ALL SELECT 'telegram', u.telegram_chat_id::text WHERE u.telegram_chat_id IS NOT NULL
 UNION ALL SELECT c.kind, c.id::text FROM notice_channels c WHERE c.user_id = u.id
) a
WHERE u.id = %s AND u.is_active
 AND COALESCE((s.choices -> 'fills' ->> a.channel)::boolean, a.channel = ANY(%s))
ON CONFLICT (key) DO NOTHING
RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Digest:
    burst: int
    window: timedelta


DIGESTS = {
    Channel.EMAIL: Digest(1, timedelta(minutes=15)),
    Channel.TELEGRAM: Digest(3, timedelta(minutes=1)),
    Channel.APPRISE: Digest(3, timedelta(minutes=1)),
}


def tell_filled(*, bot: Bot, event: BotEvent) -> sql.Statement:
    """Writes the notices of an order that was filled. It answers a row for each, none where nobody wants to know."""
    data = {
        "text": f"{event.text} ({bot.symbol})",
        "bot": bot.name,
        "bot_id": str(bot.pk),
        "symbol": bot.symbol,
        "strategy": bot.strategy,
        "facts": [],
    }
    default = [channel.value for channel in TOPICS["fills"].channels]
    order = event.data["order_id"]
    return _WRITE, (order, event.pk, json.dumps(data), KINDS[KIND].priority.value, bot.user_id, default)


def free_at(channel: Channel, recipient: str, now: datetime) -> datetime:
    """When the next message with fills may go to this address; `now` or before: at once."""
    digest = DIGESTS[channel]
    sent = Delivery.objects.filter(kind=KIND, recipient=recipient, sent_at__gt=now - digest.window)
    messages = sent.filter(channel=channel).values("claim").annotate(at=Max("sent_at")).order_by("-at")
    recent = list(messages[: digest.burst])
    return recent[-1]["at"] + digest.window if len(recent) == digest.burst else now


def waiting_with(first: Delivery, free: QuerySet[Delivery]) -> list[Delivery]:
    """What else of the `free` rows waits for the same address, locked for this transaction."""
    others = free.filter(kind=KIND, channel=first.channel, recipient=first.recipient)
    # Those that were put off for the digest are due with it; those that are being sent, or just failed, are not.
    others = others.filter(Q(attempts=0) | Q(next_try_at__lte=Now())).exclude(pk=first.pk)
    return list(others.select_for_update(skip_locked=True).order_by("created_at")[: MOST_IN_ONE - 1])
