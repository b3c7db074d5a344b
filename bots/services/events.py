"""Events a user can read, written in the transaction of the change they tell of."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from bots.models import Bot, BotEvent
from bots.services import live

MOVED = "grid_moved"
FOLDED = timedelta(minutes=10)  # from the first of moves that are told as one


def record_event(
    *, bot: Bot, kind: str, text: str, level: str = "info", data: dict[str, Any] | None = None
) -> BotEvent:
    return BotEvent.objects.create(bot_id=bot.pk, kind=kind, text=text[:500], level=level, data=data or {})


def tell_move(*, bot: Bot, text: str, memory: dict[str, Any]) -> None:
    """Moves of a grid that follow one another closely are one event, which says where it stands now."""
    shift = memory.get("shift", 0)
    last = BotEvent.objects.filter(bot_id=bot.pk).first()
    if last is None or last.kind != MOVED or timezone.now() - last.time > FOLDED:
        record_event(bot=bot, kind=MOVED, text=text, data={"shift": shift, "moves": 1})
        return
    if shift != last.data["shift"]:
        last.data = {"shift": shift, "moves": last.data["moves"] + 1}
        text += f" That was move {last.data['moves']} in a row."
    last.text = text[:500]
    last.save(update_fields=["text", "data"])


def new_event(*, bot: Bot, kind: str, text: str, data: dict[str, Any]) -> BotEvent:
    """For who writes it together with other rows (`sql.insert`)."""
    return BotEvent(bot_id=bot.pk, kind=kind, text=text[:500], data=data, time=timezone.now())


def publish_bot(*, bot: Bot) -> None:
    """Tells the user's open pages, once the transaction stands, that the bot itself changed."""
    event = {
        "type": "bot",
        "bot_id": bot.id,
        "status": bot.status,
        "stopping": bot.stopping,
        "halted": bot.halted,
        "status_reason": bot.status_reason,
    }
    transaction.on_commit(lambda: live.publish(bot.user_id, event), robust=True)
