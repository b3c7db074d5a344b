"""Notices: what users and operators are told beyond the pages, written in the transaction of what they tell of.

`notify` writes rows of the outbox; `deliveries.py` sends them once that transaction stands.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction

from bots.models import Bot, BotEvent, Channel, Delivery
from bots.services.notice_settings import settings_of
from bots.services.topics import KINDS, wanted

logger = logging.getLogger(__name__)
DELIVER_TASK = "bots.deliver_notices"
QUEUE = "celery"
Address = tuple[Channel, str]


def notify(
    *,
    user: Any,
    kind: str,
    text: str,
    bot: Bot | None = None,
    event: BotEvent | None = None,
    facts: dict[str, str] | None = None,
    key: str = "",
    curve: dict[str, object] | None = None,
) -> list[Delivery]:
    """Tells a user over each channel he wants to hear it by. `facts` are shown as a table. `key` names the occasion:
    of one occasion nobody is told twice, however often this is called; without one every call is its own. `curve` is
    drawn where a channel shows pictures (`mail_chart`)."""
    data = {"text": text, **_of_bot(bot), "facts": _pairs(facts), **({"curve": curve} if curve else {})}
    return _write(kind, _channels_of(user, KINDS[kind].topic), data, key, user=user, event=event)


def is_reached(user: Any, kind: str) -> bool:
    """Whether the user wants to hear of it over any channel."""
    return any(_channels_of(user, KINDS[kind].topic))


def notify_operators(
    *, kind: str, text: str, facts: dict[str, str] | None = None, key: str = ""
) -> list[Delivery]:
    """Tells the operators (AUTOGRID_OPERATORS)."""
    addresses = [(Channel.EMAIL, address) for address in settings.AUTOGRID_OPERATORS]
    return _write(kind, addresses, {"text": text, "facts": _pairs(facts)}, key)


def _pairs(facts: dict[str, str] | None) -> list[list[str]]:
    """The database does not keep the order of an object's names."""
    return [[name, value] for name, value in (facts or {}).items()]


def _of_bot(bot: Bot | None) -> dict[str, str]:
    """All that a message needs of the bot, which may be gone when it is sent."""
    if bot is None:
        return {}
    return {"bot": bot.name, "bot_id": str(bot.pk), "symbol": bot.symbol, "strategy": bot.strategy}


def _channels_of(user: Any, topic: str) -> Iterator[Address]:
    """Where the user is reached and wants to hear of the topic."""
    if not user.is_active:
        return
    choices = settings_of(user).choices
    for channel, recipient in _addresses(user):
        if not topic or wanted(choices, topic, channel):
            yield channel, recipient


def _addresses(user: Any) -> Iterator[Address]:
    yield Channel.EMAIL, user.email
    if user.telegram_chat_id is not None:
        yield Channel.TELEGRAM, str(user.telegram_chat_id)
    for channel in user.notice_channels.all():
        yield Channel(channel.kind), str(channel.pk)


def _write(
    kind: str,
    addresses: Iterable[Address],
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


def ask_for_delivery(seconds: float = 0) -> None:
    """Wakes a drainer, now or later. One that is not heard is made up for by beat."""
    current_app.send_task(
        DELIVER_TASK, queue=QUEUE, retry=False, countdown=seconds or None, expires=seconds + 60
    )


def tell_address(*, user: Any, kind: str, address: Address, text: str, key: str) -> None:
    """Over one channel, whatever the user chose for the others."""
    _write(kind, [address], {"text": text, "facts": []}, key, user=user)
