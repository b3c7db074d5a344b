"""What the runtime writes of a bot as a whole: its end, its faults, its worth at a minute's close."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from bots import store
from bots.core.types import OrderStatus
from bots.models import Bot, BotStatus, Order
from bots.models.order import LIVE
from bots.services import halts
from bots.services.events import publish_bot, record_event
from bots.services.notices import notify
from bots.services.trading import Lease, locked
from marketdata.partitions import ensure_month, month_of

SAVE = """
INSERT INTO equity_snapshots (bot_id, time, equity, realized)
SELECT bots.id, minute.time, minute.equity, minute.realized
FROM unnest(%s::timestamptz[], %s::uuid[], %s::numeric[], %s::numeric[]) AS minute (time, bot, equity, realized)
JOIN bots ON bots.id = minute.bot
ON CONFLICT DO NOTHING
"""

RULE_NAMES = {
    "max_orders_per_minute": "orders per minute (max_orders_per_minute)",
    "max_loss_per_hour": "loss per hour (max_loss_per_hour)",
    "max_price_deviation": "distance from the market price (max_price_deviation)",
}


@transaction.atomic
def request_stop(*, lease: Lease, reason: str, action: str, rule: str = "") -> None:
    """The bot stops itself. With a rule of the risk gate it is halted until reset."""
    bot = locked(lease)
    bot.status, bot.stopping, bot.stop_action = BotStatus.STOPPED, True, action
    bot.status_reason = (f"{rule}: {reason}" if rule else reason)[:500]
    bot.halted = bot.halted or bool(rule)
    bot.save(update_fields=["status", "stopping", "stop_action", "status_reason", "halted"])
    kind, level = (rule, "error") if rule else ("stopping", "warning")
    event = record_event(bot=bot, kind=kind, text=bot.status_reason, level=level)
    publish_bot(bot=bot)
    if rule:
        facts = {"Limit": RULE_NAMES.get(rule, rule)}
        notify(user=bot.user, kind="breaker", text=reason, bot=bot, event=event, facts=facts)
        transaction.on_commit(lambda: halts.judge_trips(bot), robust=True)


@transaction.atomic
def finished(*, lease: Lease, action: str = "keep") -> None:
    """The exchange shows no order of the bot any more, and `action` was carried out. It has not stopped where its
    user has asked for another meanwhile: the next runner does that."""
    bot = locked(lease)
    if not bot.stopping or (bot.stop_action or "keep") != action:
        return
    bot.stopping, bot.stop_action = False, ""
    bot.save(update_fields=["stopping", "stop_action"])
    record_event(bot=bot, kind="stopped", text="The bot has stopped; no order of it is open.")
    publish_bot(bot=bot)


@transaction.atomic
def fail(*, lease: Lease, reason: str, told: bool = False) -> None:
    """The bot met what it cannot mend by itself: error, until its user starts it again. `told`: he has a notice of the
    cause already."""
    bot = locked(lease)
    if bot.status == BotStatus.ERROR:
        return
    bot.status, bot.status_reason = BotStatus.ERROR, reason[:500]
    bot.save(update_fields=["status", "status_reason"])
    event = record_event(bot=bot, kind="error", text=reason, level="error")
    publish_bot(bot=bot)
    if not told:
        notify(user=bot.user, kind="bot_error", text=reason, bot=bot, event=event)


@transaction.atomic
def market_gone(*, lease: Lease) -> None:
    """The exchange lists neither the bot's market nor any of its orders: they are closed here as well, and a stop that
    was asked for is done. What was filled at the very end may be missing from the books, since nobody can be asked."""
    bot = locked(lease)
    now = timezone.now()
    live = Order.objects.filter(bot_id=bot.pk, status__in=LIVE)
    sent = live.exclude(status=OrderStatus.PENDING).update(
        status=OrderStatus.CANCELLED, reason="market_gone", closed_at=now
    )
    unsent = live.update(status=OrderStatus.ERROR, reason="market_gone", closed_at=now)
    if sent or unsent:
        text = (
            f"The exchange no longer lists {bot.symbol}, and none of the bot's {sent + unsent} orders there: they are "
            "closed. Compare the last fills and your balance with the exchange's own records."
        )
        record_event(bot=bot, kind="market_gone", text=text, level="error")
    if bot.stopping:
        bot.stopping, bot.stop_action = False, ""
        bot.save(update_fields=["stopping", "stop_action"])
        record_event(bot=bot, kind="stopped", text="The bot has stopped; what it holds is kept.")
    publish_bot(bot=bot)


@transaction.atomic
def crashing(*, lease: Lease, crashes: int) -> None:
    """The bot's runner failed that many times in a row: its user is told, an hour apart at the least."""
    bot = locked(lease)
    text = (
        f"{bot.name} failed {crashes} times in a row. It is tried again by itself, every few minutes; until then "
        "it does not trade and its open orders stay at the exchange."
    )
    event = record_event(bot=bot, kind="crashing", text=text, level="error")
    hour = f"{timezone.now():%Y-%m-%dT%H}"
    notify(user=bot.user, kind="bot_crashing", text=text, bot=bot, event=event, key=f"{bot.pk}:{hour}")


@transaction.atomic
def tell(*, bot_id: UUID, kind: str, text: str, level: str = "info") -> None:
    record_event(bot=Bot(id=bot_id), kind=kind, text=text, level=level)


@dataclass(frozen=True, slots=True)
class Minute:
    """A bot's worth at a minute's close (ms)."""

    bot_id: UUID
    time: int
    equity: Decimal
    realized: Decimal


def snapshots(*, minutes: Sequence[Minute]) -> None:
    """Once per bot and minute, whoever writes it; none of bots that were deleted meanwhile."""
    for moment in {month_of(store.at(minute.time)) for minute in minutes}:
        ensure_month("equity_snapshots", moment)
    columns = [[getattr(minute, name) for minute in minutes] for name in ("bot_id", "equity", "realized")]
    times = [store.at(minute.time) for minute in minutes]
    with connection.cursor() as cursor:
        cursor.execute(SAVE, [times, *columns])
