"""Notices: what users and operators are told beyond the pages, written in the transaction of what they tell of.

`notify` writes rows of the outbox; `deliveries.py` sends them once that transaction stands.
"""

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction

from bots.models import Bot, BotEvent, Channel, Delivery, Priority

logger = logging.getLogger(__name__)
DELIVER_TASK = "bots.deliver_notices"
QUEUE = "celery"


@dataclass(frozen=True, slots=True)
class Kind:
    """`subject` may name {bot}; without one it reads "Your bots"."""

    subject: str
    priority: Priority = Priority.USUAL


KINDS = {
    "breaker": Kind("{bot} was halted by its circuit breaker", Priority.URGENT),
    "kill_switch": Kind("Kill switch: {bot} halted", Priority.URGENT),
    "bot_error": Kind("{bot} is in error and trades no more", Priority.URGENT),
    "bot_crashing": Kind("{bot} fails again and again"),
    "key_refused": Kind("Your exchange refuses an API key", Priority.URGENT),
    "key_unsafe": Kind("An API key is not safe any more", Priority.URGENT),
    "trading_halted": Kind("Trading is halted", Priority.URGENT),
    "trading_resumed": Kind("Trading is resumed"),
    "plan_grace": Kind("Your plan needs a payment", Priority.URGENT),
    "plan_paid": Kind("Your plan is paid again"),
    "plan_cancelled": Kind("Your plan is cancelled"),
    "plan_changed": Kind("Your plan has changed"),
    "plan_paused": Kind("Bots are paused: your plan allows fewer", Priority.URGENT),
    "plan_resumed": Kind("Your bots go on"),
    "system_halt": Kind("Operators: trading was halted", Priority.URGENT),
    "system_resumed": Kind("Operators: trading was resumed"),
}


def notify(
    *,
    user: Any,
    kind: str,
    text: str,
    bot: Bot | None = None,
    event: BotEvent | None = None,
    facts: dict[str, str] | None = None,
    key: str = "",
) -> list[Delivery]:
    """Tells a user over each of his channels. `facts` are shown as a table. `key` names the occasion: of one occasion
    nobody is told twice, however often this is called; without one every call is an occasion of its own."""
    data = {"text": text, **_of_bot(bot), "facts": facts or {}}
    return _write(kind, _channels_of(user), data, key, user=user, event=event)


def notify_operators(
    *, kind: str, text: str, facts: dict[str, str] | None = None, key: str = ""
) -> list[Delivery]:
    """Tells the operators (AUTOGRID_OPERATORS)."""
    addresses = [(Channel.EMAIL, address) for address in settings.AUTOGRID_OPERATORS]
    return _write(kind, addresses, {"text": text, "facts": facts or {}}, key)


def _of_bot(bot: Bot | None) -> dict[str, str]:
    """All that a message needs of the bot, which may be gone when it is sent."""
    if bot is None:
        return {}
    return {"bot": bot.name, "bot_id": str(bot.pk), "symbol": bot.symbol, "strategy": bot.strategy}


def _channels_of(user: Any) -> Iterable[tuple[Channel, str]]:
    """Where the user is reached. Room for others: they need a row here and a sender in `deliveries.py`."""
    if user.is_active and user.email:
        yield Channel.EMAIL, user.email


def _write(
    kind: str,
    addresses: Iterable[tuple[Channel, str]],
    data: dict[str, Any],
    key: str,
    *,
    user: Any = None,
    event: BotEvent | None = None,
) -> list[Delivery]:
    occasion = f"{kind}:{key or uuid.uuid4()}"
    rows = [
        Delivery(
            key=f"{occasion}:{channel}:{uuid.uuid5(uuid.NAMESPACE_URL, address)}",
            channel=channel,
            recipient=address,
            user=user,
            event=event,
            kind=kind,
            data=data,
            priority=KINDS[kind].priority,
        )
        for channel, address in addresses
    ]
    if not rows:
        return []
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(ask_for_delivery, robust=True)
    return rows


def ask_for_delivery() -> None:
    """Wakes a drainer. One that is not heard is made up for by beat."""
    current_app.send_task(DELIVER_TASK, queue=QUEUE, retry=False, expires=60)
