"""All that runners need of their bots' rows, read for many at once: one by one, a worker that takes over a thousand
bots would spend much of its time on queries."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from bots.core.ids import bot_prefix
from bots.core.ledger import Position
from bots.core.orders import Order
from bots.core.strategies.base import RunState
from bots.core.types import Side
from bots.models import Bot, BotSlot, EquitySnapshot, Fill
from bots.models import Order as OrderRow
from bots.models.order import LIVE
from bots.store import milliseconds, order_value, position_value, slot_value

T = TypeVar("T")
CLOSES = timedelta(hours=1)  # as far back as a rule on losses looks
RATE = timedelta(minutes=1)  # as far back as the rule on orders a minute looks
Attempts = dict[tuple[int, int, Side], int]
ATTEMPTS = (
    "SELECT orders.bot_id, orders.slot, orders.cycle, side, count(*) FROM bot_slots"
    " JOIN orders ON orders.bot_id = bot_slots.bot_id AND orders.slot = bot_slots.slot"
    " AND orders.cycle >= bot_slots.cycle"
    " WHERE bot_slots.bot_id = ANY(%s) GROUP BY orders.bot_id, orders.slot, orders.cycle, side"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """All a runner needs to go on where the last one ended."""

    bot: Bot
    prefix: str
    account: str
    state: RunState
    position: Position
    live: list[Order]
    first_sent: int | None  # when the bot's first order went out (ms)
    closes: list[tuple[int, Decimal]]  # of its run: when (ms), and what the bot was worth
    placed: list[tuple[int, bool]]  # of the last minute: when (ms), and whether a fill or a start explains it
    fills: list[int]  # of the last minute
    attempts: Attempts  # orders made of each slot's current cycle and side, whatever became of them


def load(bot_ids: Collection[UUID]) -> dict[UUID, Loaded]:
    """By bot; without those that were deleted meanwhile."""
    # First: a process that had the bot before may still book a fill. Its order is then live here, and is asked for,
    # rather than gone while its slot seems untouched.
    live = _by_bot(OrderRow.objects.filter(bot_id__in=bot_ids, status__in=LIVE), order_value)
    bots = list(Bot.objects.select_related("credential", "user").filter(id__in=bot_ids))
    slots = _by_bot(BotSlot.objects.filter(bot_id__in=bot_ids), slot_value)
    sent = OrderRow.objects.filter(bot_id__in=bot_ids).values_list("bot_id").annotate(Min("sent_at"))
    first_sent = dict(sent.order_by())
    closes, placed, fills = _closes(bots), _placed(bot_ids), _fills(bot_ids)
    attempts = _attempts(bot_ids)
    found = {}
    for bot in bots:
        found[bot.id] = Loaded(
            bot=bot,
            prefix=bot_prefix(bot.id),
            account=f"{bot.credential.venue}:{bot.credential.account_uid}",
            state=RunState(run=bot.run, slots={each.slot: each for each in slots[bot.id]}, memory=bot.memory),
            position=position_value(bot),
            live=live[bot.id],
            first_sent=first_sent.get(bot.id),
            closes=closes[bot.id],
            placed=placed[bot.id, bot.run],
            fills=fills[bot.id],
            attempts=attempts[bot.id],
        )
    return found


def _by_bot(rows: Iterable[Any], value: Callable[[Any], T]) -> defaultdict[UUID, list[T]]:
    found = defaultdict(list)
    for row in rows:
        found[row.bot_id].append(value(row))
    return found


def _closes(bots: list[Bot]) -> defaultdict[UUID, list[tuple[int, Decimal]]]:
    """An earlier run's losses have been judged: after a reset they must not halt the bot once more."""
    since = timezone.now() - CLOSES
    began = {bot.id: bot.started_at or since for bot in bots}
    rows = EquitySnapshot.objects.filter(bot_id__in=began, time__gte=since).order_by("time")
    found = defaultdict(list)
    for bot_id, time, equity in rows.values_list("bot_id", "time", "equity"):
        if time >= began[bot_id]:
            found[bot_id].append((milliseconds(time), equity))
    return found


def _placed(bot_ids: Collection[UUID]) -> defaultdict[tuple[UUID, int], list[tuple[int, bool]]]:
    """By bot and run."""
    rows = OrderRow.objects.filter(bot_id__in=bot_ids, created_at__gte=_recently())
    found = defaultdict(list)
    for bot_id, run, sent_at, explained in rows.values_list("bot_id", "run", "sent_at", "explained"):
        if sent_at is not None:
            found[bot_id, run].append((sent_at, explained))
    return found


def _fills(bot_ids: Collection[UUID]) -> defaultdict[UUID, list[int]]:
    found = defaultdict(list)
    rows = Fill.objects.filter(bot_id__in=bot_ids, time__gte=_recently())
    for bot_id, time in rows.values_list("bot_id", "time"):
        found[bot_id].append(milliseconds(time))
    return found


def _attempts(bot_ids: Collection[UUID]) -> defaultdict[UUID, Attempts]:
    found: defaultdict[UUID, Attempts] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS, [list(bot_ids)])
        for bot_id, slot, cycle, side, count in cursor.fetchall():
            found[bot_id][slot, cycle, Side(side)] = count
    return found


def _recently() -> datetime:
    return timezone.now() - RATE
